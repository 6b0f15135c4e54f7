package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// answer is what GET /leader says.
type answer struct {
	// Leader is whether this pod leads. Only then there are Token, Expires and Remaining.
	Leader bool `json:"leader"`
	// Holder is who holds the Lease, as far as that is known.
	Holder string `json:"holder,omitempty"`
	// Token is greater than that of anyone who has led before: what the leader writes to should refuse lower ones than
	// it has seen.
	Token int64 `json:"token,omitempty"`
	// Expires is until when the pod leads unless it renews the Lease, and Remaining the same in seconds from now.
	Expires   *time.Time `json:"expires,omitempty"`
	Remaining float64    `json:"remaining,omitempty"`
}

// listen answers requests until the program ends: about who leads on loopback, and about the program on the pod's
// address. It fails at once if it can't.
func (e *elector) listen(failed chan<- error) error {
	for address, handler := range map[string]http.Handler{
		"127.0.0.1":             e.inside(),
		e.addresses[0].String(): e.outside(),
	} {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(e.port)))
		if err != nil {
			return err
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
		go func() { failed <- server.Serve(listener) }()
	}
	return nil
}

// inside is for the pod's own containers.
func (e *elector) inside() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /leader", e.leader)
	return mux
}

// leader says whether this pod leads: 200 if it does, 409 if another one does, and 503 if nobody knows.
func (e *elector) leader(w http.ResponseWriter, _ *http.Request) {
	seen, holder, known := e.observed.last()
	known = known && holder != "" && seen.until(e.clock.now()) < e.leaseDuration
	var a answer
	status := http.StatusServiceUnavailable
	if known {
		a.Holder, status = holder, http.StatusConflict
	}
	if t := e.term(); t != nil {
		if token, left, leads := t.leading(); leads {
			expires := e.clock.now().wall.Add(left).UTC()
			a = answer{Leader: true, Holder: holder, Token: token, Expires: &expires, Remaining: left.Seconds()}
			status = http.StatusOK
		} else if t.isOver() && known {
			// Who held the Lease when it was seen last may be this pod itself.
			a.Holder, status = "", http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a)
}

// outside is for Kubernetes and Prometheus.
func (e *elector) outside() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", e.ready)
	mux.HandleFunc("GET /metrics", e.metrics)
	return mux
}

// ready fails until the Lease was read once, so that a rollout stops whose pods never could. After that it depends on
// nothing: that the API server is away is no reason to take all candidates out of service.
func (e *elector) ready(w http.ResponseWriter, _ *http.Request) {
	if _, _, seen := e.observed.last(); !seen {
		http.Error(w, "the Lease has not been read yet", http.StatusServiceUnavailable)
	}
}

// metrics are in Prometheus' text format.
func (e *elector) metrics(w http.ResponseWriter, _ *http.Request) {
	var leads int
	var current int64
	var left time.Duration
	if t := e.term(); t != nil {
		var ok bool
		if current, left, ok = t.leading(); ok {
			leads = 1
		}
	}
	terms, lost, renewals, failures := e.observed.counts()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	for _, m := range []struct {
		name, kind, help string
		value            any
	}{
		{"elector_leader", "gauge", "Whether this pod leads.", leads},
		{"elector_token", "gauge", "The fencing token of this pod's term, or 0.", current},
		{"elector_remaining_seconds", "gauge", "For how long this pod leads unless it renews the Lease.", left.Seconds()},
		{"elector_terms_total", "counter", "How often this pod began to lead.", terms},
		{"elector_lost_total", "counter", "How often this pod lost the Lease.", lost},
		{"elector_renewals_total", "counter", "How often this pod got or renewed the Lease.", renewals},
		{"elector_failures_total", "counter", "How many requests to the API server failed.", failures},
	} {
		fmt.Fprintf(w, "# HELP %[1]s %[2]s\n# TYPE %[1]s %[3]s\n%[1]s %[4]v\n", m.name, m.help, m.kind, m.value)
	}
}
