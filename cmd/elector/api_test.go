package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	coordination "k8s.io/api/coordination/v1"
	discovery "k8s.io/api/discovery/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// An api is as much of an API server as an elector asks for: Leases that are read and put, EndpointSlices that are read
// and applied, and resource versions that refuse what was read before somebody else wrote.
type api struct {
	*httptest.Server

	lock    sync.Mutex
	version int
	leases  map[string]*coordination.Lease
	slices  map[string]*discovery.EndpointSlice
	// away are those, by their user agent, whose requests are not answered.
	away map[string]chan struct{}
}

func startAPI(t *testing.T) *api {
	t.Helper()
	a := &api{leases: map[string]*coordination.Lease{}, slices: map[string]*discovery.EndpointSlice{}, away: map[string]chan struct{}{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}", func(w http.ResponseWriter, r *http.Request) {
		read(w, a.leases[r.PathValue("name")])
	})
	mux.HandleFunc("PUT /apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}", func(w http.ResponseWriter, r *http.Request) {
		put(a, w, r, a.leases, func(lease *coordination.Lease) *meta.ObjectMeta { return &lease.ObjectMeta }, true)
	})
	mux.HandleFunc("GET /apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices/{name}", func(w http.ResponseWriter, r *http.Request) {
		read(w, a.slices[r.PathValue("name")])
	})
	mux.HandleFunc("PATCH /apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices/{name}", func(w http.ResponseWriter, r *http.Request) {
		put(a, w, r, a.slices, func(slice *discovery.EndpointSlice) *meta.ObjectMeta { return &slice.ObjectMeta }, false)
	})
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.lock.Lock()
		away := a.away[r.UserAgent()]
		a.lock.Unlock()
		if away != nil {
			// Only then the server notices that the client has gone.
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-away:
			case <-r.Context().Done():
			}
			panic(http.ErrAbortHandler)
		}
		a.lock.Lock()
		defer a.lock.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		a.CloseClientConnections()
		a.Close()
	})
	return a
}

// part has the requests of one client hang until heal.
func (a *api) part(client string) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.away[client] = make(chan struct{})
}

func (a *api) heal(client string) {
	a.lock.Lock()
	defer a.lock.Unlock()
	close(a.away[client])
	delete(a.away, client)
}

// lease is a copy of a Lease, or nil.
func (a *api) lease(name string) *coordination.Lease {
	a.lock.Lock()
	defer a.lock.Unlock()
	return a.leases[name].DeepCopy()
}

// deleteLease takes a Lease away.
func (a *api) deleteLease(name string) {
	a.lock.Lock()
	defer a.lock.Unlock()
	delete(a.leases, name)
}

// leadsTo is where a Service leads to.
func (a *api) leadsTo(slice string) string {
	a.lock.Lock()
	defer a.lock.Unlock()
	var addresses []string
	if s := a.slices[slice]; s != nil {
		for _, endpoint := range s.Endpoints {
			addresses = append(addresses, endpoint.Addresses...)
		}
	}
	return strings.Join(addresses, " ")
}

func read[T any](w http.ResponseWriter, object *T) {
	if object == nil {
		fail(w, http.StatusNotFound, meta.StatusReasonNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object)
}

// put stores an object. Without a version it only makes a new one, unless it is applied.
func put[T any](a *api, w http.ResponseWriter, r *http.Request, objects map[string]*T, metadata func(*T) *meta.ObjectMeta, versioned bool) {
	name := path.Base(r.URL.Path)
	object := new(T)
	if err := json.NewDecoder(r.Body).Decode(object); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m := metadata(object)
	old := objects[name]
	if old == nil {
		m.CreationTimestamp = meta.NewTime(time.Now().Truncate(time.Second))
	} else {
		m.CreationTimestamp = metadata(old).CreationTimestamp
	}
	if exists := old != nil; m.ResourceVersion != "" && (!exists || m.ResourceVersion != metadata(old).ResourceVersion) || versioned && exists && m.ResourceVersion == "" {
		fail(w, http.StatusConflict, meta.StatusReasonConflict)
		return
	}
	a.version++
	m.ResourceVersion = strconv.Itoa(a.version)
	objects[name] = object
	read(w, object)
}

func fail(w http.ResponseWriter, status int, reason meta.StatusReason) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(meta.Status{
		TypeMeta: meta.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: meta.StatusFailure, Reason: reason, Code: int32(status),
	})
}
