package engine

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A shard is a server that remembers what it is told, also while it is down.
type shard struct {
	name    string
	address string
	server  *http.Server
	// asked counts requests, without health checks.
	asked atomic.Int64

	mu     sync.Mutex
	values map[string]string
	last   *http.Request
}

// newShards starts n shards, which are called as generated routers call them.
func newShards(t *testing.T, n int) []*shard {
	t.Helper()
	shards := make([]*shard, n)
	for i := range shards {
		s := &shard{name: fmt.Sprintf("shard-%d", i), address: "127.0.0.1:0", values: map[string]string{}}
		s.start(t)
		t.Cleanup(s.stop)
		shards[i] = s
	}
	return shards
}

// start lets the shard listen where it did before.
func (s *shard) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func(server *http.Server) {
		// It always ends with an error: it was closed.
		_ = server.Serve(listener)
	}(s.server)
}

// stop closes the shard's port and cuts its connections.
func (s *shard) stop() { s.server.Close() }

// ServeHTTP answers with the shard's name, and with what was last put at the
// path. The query parameter wait makes it take its time, and some paths fail.
func (s *shard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ready" {
		return
	}
	s.asked.Add(1)
	if wait, err := time.ParseDuration(r.URL.Query().Get("wait")); err == nil {
		time.Sleep(wait)
	}
	w.Header().Set("Shard", s.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = r
	switch r.URL.Path {
	case "/fail":
		w.WriteHeader(http.StatusInternalServerError)
		return
	case "/unavailable":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case "/hangup":
		panic(http.ErrAbortHandler)
	}
	if r.Method != http.MethodPut {
		_, _ = io.WriteString(w, s.values[r.URL.Path])
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.values[r.URL.Path] = string(body)
}

// lastRequest is what the shard was last asked.
func (s *shard) lastRequest() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func addressesOf(shards []*shard) map[string]string {
	addresses := map[string]string{}
	for _, s := range shards {
		addresses[s.name] = s.address
	}
	return addresses
}

// asked is how many requests all shards have got.
func asked(shards []*shard) int64 {
	var n int64
	for _, s := range shards {
		n += s.asked.Load()
	}
	return n
}
