package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// A document is what people write, and others find once it is published.
type document struct {
	ID      string    `json:"id"`
	Text    string    `json:"text"`
	Publish time.Time `json:"publish"`
	// Published is when that was done.
	Published *time.Time `json:"published,omitempty"`
}

// A store keeps one shard's documents, a file each.
type store struct {
	folder string

	mu sync.Mutex
	// token is the highest that a scheduler came with. One that was in charge
	// before has a lower one, and is refused.
	token int64
}

func newStore(context.Context) (http.Handler, error) {
	folder, err := setting("DATA")
	if err != nil {
		return nil, err
	}
	s := &store{folder: folder}
	mux := http.NewServeMux()
	healthy(mux)
	mux.HandleFunc("GET /documents", s.list)
	mux.HandleFunc("GET /documents/{id}", s.get)
	mux.HandleFunc("PUT /documents/{id}", s.put)
	mux.HandleFunc("POST /documents/{id}/publish", s.publish)
	return mux, nil
}

func (s *store) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	files, err := filepath.Glob(filepath.Join(s.folder, "*.json"))
	if err != nil {
		answer(w, nil, err)
		return
	}
	documents := []document{}
	for _, file := range files {
		d, err := read(file)
		if err != nil {
			answer(w, nil, err)
			return
		}
		documents = append(documents, d)
	}
	answer(w, documents, nil)
}

func (s *store) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := read(s.file(r))
	answer(w, d, err)
}

func (s *store) put(w http.ResponseWriter, r *http.Request) {
	var d document
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&d); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.ID, d.Published = r.PathValue("id"), nil
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, d, write(s.file(r), d))
}

// publish is the scheduler's: a token that is lower than one that was seen means
// that another one is in charge by now.
func (s *store) publish(w http.ResponseWriter, r *http.Request) {
	token, err := strconv.ParseInt(r.Header.Get("X-Token"), 10, 64)
	if err != nil {
		http.Error(w, "X-Token is no number", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if token < s.token {
		http.Error(w, "another scheduler is in charge", http.StatusConflict)
		return
	}
	s.token = token
	d, err := read(s.file(r))
	if err == nil && d.Published == nil {
		now := time.Now()
		d.Published = &now
		err = write(s.file(r), d)
	}
	answer(w, d, err)
}

func (s *store) file(r *http.Request) string {
	return filepath.Join(s.folder, url.PathEscape(r.PathValue("id"))+".json")
}

func read(file string) (d document, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(data, &d)
}

// write never leaves half a document: it is there as a whole or not.
func write(file string, d document) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// answer sends a value as JSON, or what went wrong.
func answer(w http.ResponseWriter, value any, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.Error(w, "there is no such document", http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value)
	}
}
