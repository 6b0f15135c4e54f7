package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// claim is what a pod writes as the leader.
type claim struct {
	Pod   string
	Token int64
	// Asked is when the pod asked its elector, and Told when that said yes.
	Asked, Told time.Time
}

// lead asks an elector again and again whether the pod leads, and writes to a store whenever it does. Between the yes and
// the writing it thinks, so that what stops it mostly does so there.
func lead(stop context.Context, pod, elector, store string) {
	const thought = 100 * time.Millisecond
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for stop.Err() == nil {
		c := claim{Pod: pod, Asked: time.Now()}
		yes := ask(client, elector, &c.Token)
		c.Told = time.Now()
		time.Sleep(thought)
		if yes {
			if status, err := write(client, store, c); err != nil || status != http.StatusOK {
				fmt.Println("write with token", c.Token, status, err)
			}
		}
	}
}

func ask(client *http.Client, elector string, token *int64) bool {
	response, err := client.Get(elector)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var says struct{ Token int64 }
	err = json.NewDecoder(response.Body).Decode(&says)
	*token = says.Token
	return err == nil && response.StatusCode == http.StatusOK
}

func write(client *http.Client, store string, c claim) (int, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	response, err := client.Post(store+"/claims", "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// claims is a store that takes what leaders write, and refuses one whose token is less than it has seen.
type claims struct {
	lock    sync.Mutex
	highest int64
	// Terms are in the order in which they began.
	Terms []*term
}

// A term is what one pod has written with one token.
type term struct {
	Pod   string
	Token int64
	// Taken and Refused count the claims.
	Taken, Refused int
	// Begun is when the pod was told that it leads for the first time, Asked when it asked for the last time that led to a
	// claim which was taken, and Told when it was told then.
	Begun, Asked, Told time.Time
}

func (s *claims) post(w http.ResponseWriter, r *http.Request) {
	var c claim
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	t := s.term(c)
	if c.Token < s.highest {
		t.Refused++
		w.WriteHeader(http.StatusConflict)
		return
	}
	s.highest = c.Token
	t.Taken, t.Asked, t.Told = t.Taken+1, c.Asked, c.Told
}

func (s *claims) term(c claim) *term {
	for _, t := range s.Terms {
		if t.Pod == c.Pod && t.Token == c.Token {
			return t
		}
	}
	t := &term{Pod: c.Pod, Token: c.Token, Begun: c.Told}
	s.Terms = append(s.Terms, t)
	return t
}

// String is all that came, as JSON.
func (s *claims) String() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
