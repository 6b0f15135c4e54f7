package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// answer is what the server says to each request.
type answer struct {
	// Pod is the name of the pod, and Boot tells one run of its container from the next.
	Pod, Boot string
	// Value is what is stored under the key that was asked for.
	Value string `json:",omitempty"`
	// Served counts the requests that the container's main page has answered.
	Served int64 `json:",omitempty"`
}

// serve answers requests until it is told to stop, and then those that are under way.
func serve(stop context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	address := flags.String("address", ":8080", "where to listen")
	data := flags.String("data", os.TempDir(), "the folder that values are stored in")
	elector := flags.String("elector", "", "where to ask who leads")
	store := flags.String("store", "", "where to write as the leader")
	if err := flags.Parse(args); err != nil {
		return err
	}
	pod, err := os.Hostname()
	if err != nil {
		return err
	}
	s := server{pod: pod, boot: strconv.FormatInt(time.Now().UnixNano(), 36), data: *data}
	s.ready.Store(true)
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.who)
	mux.HandleFunc("GET /values", s.list)
	mux.HandleFunc("GET /values/{key}", s.get)
	mux.HandleFunc("PUT /values/{key}", s.put)
	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", s.readiness)
	mux.HandleFunc("POST /ready", s.setReady)
	mux.HandleFunc("POST /slow", s.setSlow)
	mux.HandleFunc("POST /exit", exit)
	var stored claims
	mux.HandleFunc("POST /claims", stored.post)
	mux.HandleFunc("GET /claims", func(w http.ResponseWriter, _ *http.Request) { s.say(w, stored.String()) })
	mux.HandleFunc("POST /claim", func(w http.ResponseWriter, r *http.Request) { s.claim(w, r, *store) })
	if *elector != "" {
		go lead(stop, pod, *elector, *store)
	}
	listener := &http.Server{Addr: *address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error)
	go func() {
		<-stop.Done()
		fmt.Println("stopping")
		late, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		stopped <- listener.Shutdown(late)
	}()
	fmt.Println("serving on", *address)
	if err := listener.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

type server struct {
	pod, boot string
	data      string
	ready     atomic.Bool
	served    atomic.Int64
	// slow is how long it takes to list the values, and lists how often they were listed.
	slow, lists atomic.Int64
}

func (s *server) say(w http.ResponseWriter, value string) {
	_ = json.NewEncoder(w).Encode(answer{Pod: s.pod, Boot: s.boot, Value: value})
}

// who answers after ?after=, such as 1s.
func (s *server) who(w http.ResponseWriter, r *http.Request) {
	if wait, err := time.ParseDuration(r.FormValue("after")); err == nil {
		time.Sleep(wait)
	}
	_ = json.NewEncoder(w).Encode(answer{Pod: s.pod, Boot: s.boot, Served: s.served.Add(1)})
}

func (s *server) file(r *http.Request) string {
	return filepath.Join(s.data, url.PathEscape("value-"+r.PathValue("key")))
}

func (s *server) get(w http.ResponseWriter, r *http.Request) {
	value, err := os.ReadFile(s.file(r))
	if errors.Is(err, fs.ErrNotExist) {
		w.WriteHeader(http.StatusNotFound)
	} else if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
	s.say(w, string(value))
}

// list answers with all that is stored, and in each item says how often it was asked to.
func (s *server) list(w http.ResponseWriter, r *http.Request) {
	lists := s.lists.Add(1)
	select {
	case <-time.After(time.Duration(s.slow.Load())):
	case <-r.Context().Done():
		return
	}
	type item struct {
		Key, Pod string
		Lists    int64
	}
	items := []item{}
	names, err := filepath.Glob(filepath.Join(s.data, "value-*"))
	for _, name := range names {
		key, _ := url.PathUnescape(strings.TrimPrefix(filepath.Base(name), "value-"))
		items = append(items, item{key, s.pod, lists})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"Items": items})
}

// setSlow makes each list take ?for=2s.
func (s *server) setSlow(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.FormValue("for"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.slow.Store(int64(d))
}

func (s *server) put(w http.ResponseWriter, r *http.Request) {
	value, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = os.WriteFile(s.file(r), value, 0o600)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.say(w, string(value))
}

func (s *server) readiness(w http.ResponseWriter, _ *http.Request) {
	if !s.ready.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// setReady makes the readiness probe succeed, or fail with ?on=false.
func (s *server) setReady(_ http.ResponseWriter, r *http.Request) {
	s.ready.Store(r.FormValue("on") != "false")
}

// claim writes to the store as if the pod led with the token ?token=, and answers as that does.
func (s *server) claim(w http.ResponseWriter, r *http.Request, store string) {
	token, err := strconv.ParseInt(r.FormValue("token"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	now := time.Now()
	status, err := write(http.DefaultClient, store, claim{Pod: s.pod, Token: token, Asked: now, Told: now})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(status)
}

// exit ends the process at once, with the exit code ?code=.
func exit(_ http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.FormValue("code"))
	if err != nil {
		code = 1
	}
	os.Exit(code)
}
