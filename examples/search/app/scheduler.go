package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A scheduler publishes documents whose time has come, while it is in charge.
type scheduler struct {
	leader string
	shards []string
}

func newScheduler(ctx context.Context) (http.Handler, error) {
	leader, err := setting("LEADER")
	if err != nil {
		return nil, err
	}
	shards, err := setting("DOCUMENTS")
	if err != nil {
		return nil, err
	}
	s := scheduler{leader, strings.Fields(shards)}
	go every(ctx, time.Second, func() {
		if err := s.publish(ctx); err != nil {
			log.Print(err)
		}
	})
	mux := http.NewServeMux()
	healthy(mux)
	return mux, nil
}

// publish does one round, if it is this one's to do. Between the question and
// the last request another one may have taken over: the shards know by the token.
func (s scheduler) publish(ctx context.Context) error {
	token, err := s.token(ctx)
	if err != nil || token == 0 {
		return err
	}
	for _, shard := range s.shards {
		documents, err := list(ctx, shard)
		if err != nil {
			return fmt.Errorf("read %s: %w", shard, err)
		}
		for _, d := range documents {
			if d.Published != nil || time.Now().Before(d.Publish) {
				continue
			}
			if err := post(ctx, shard+"/documents/"+url.PathEscape(d.ID)+"/publish", token); err != nil {
				return err
			}
			log.Printf("published %s", d.ID)
		}
	}
	return nil
}

// token is the fencing token of the one that is in charge, or 0 for the others.
func (s scheduler) token(ctx context.Context) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.leader, nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, nil
	}
	var is struct{ Token int64 }
	return is.Token, json.NewDecoder(response.Body).Decode(&is)
}

func post(ctx context.Context, address string, token int64) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("X-Token", strconv.FormatInt(token, 10))
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %s", address, response.Status)
	}
	return nil
}
