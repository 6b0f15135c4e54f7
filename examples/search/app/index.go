package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A hit is a document in which something was found, and how often.
type hit struct {
	ID    string `json:"id"`
	Score int    `json:"score"`
}

// An index is a leaf's part of the documents, in memory: what the shards have is
// read again and again.
type index struct {
	documents atomic.Pointer[[]document]
}

func newIndex(ctx context.Context) (http.Handler, error) {
	shards, err := setting("DOCUMENTS")
	if err != nil {
		return nil, err
	}
	text, err := setting("PARTS")
	if err != nil {
		return nil, err
	}
	parts, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("PARTS: %w", err)
	}
	part, err := ownPart()
	if err != nil {
		return nil, err
	}
	i := &index{}
	go every(ctx, time.Second, func() {
		if err := i.fill(ctx, strings.Fields(shards), part, parts); err != nil {
			log.Print(err)
		}
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if i.documents.Load() == nil {
			http.Error(w, "the documents were not read yet", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /search", i.search)
	return mux, nil
}

// fill reads the published documents of all shards, and keeps those of its part.
// Without all of them it goes on with what it had.
func (i *index) fill(ctx context.Context, shards []string, part, parts int) error {
	mine := []document{}
	for _, shard := range shards {
		documents, err := list(ctx, shard)
		if err != nil {
			return fmt.Errorf("read %s: %w", shard, err)
		}
		for _, d := range documents {
			if d.Published != nil && partOf(d.ID, parts) == part {
				mine = append(mine, d)
			}
		}
	}
	i.documents.Store(&mine)
	return nil
}

// ownPart is the number of the leaf, which is in its pod's name: search-leaf-2-x7k2p.
func ownPart() (int, error) {
	pod, err := os.Hostname()
	if err != nil {
		return 0, err
	}
	found := regexp.MustCompile(`-leaf-(\d+)`).FindStringSubmatch(pod)
	if found == nil {
		return 0, fmt.Errorf("%s is not the name of a leaf", pod)
	}
	return strconv.Atoi(found[1])
}

func partOf(id string, parts int) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % uint32(parts))
}

func (i *index) search(w http.ResponseWriter, r *http.Request) {
	hits := []hit{}
	query := strings.ToLower(r.URL.Query().Get("q"))
	if documents := i.documents.Load(); documents != nil && query != "" {
		for _, d := range *documents {
			if n := strings.Count(strings.ToLower(d.Text), query); n > 0 {
				hits = append(hits, hit{d.ID, n})
			}
		}
	}
	answer(w, map[string][]hit{"hits": hits}, nil)
}

// list asks a shard for its documents.
func list(ctx context.Context, shard string) (documents []document, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, shard+"/documents", nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", response.Status)
	}
	return documents, json.NewDecoder(response.Body).Decode(&documents)
}

var client = &http.Client{Timeout: 5 * time.Second}

// every calls f at once and then in each period, until ctx ends.
func every(ctx context.Context, period time.Duration, f func()) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		f()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
