package main

import (
	"context"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
)

// A web tier is what visitors see. It remembers what each of them searched for,
// in memory: so they have to come back to the same one.
type web struct {
	search http.Handler

	mu      sync.Mutex
	history map[string][]string
}

func newWeb(context.Context) (http.Handler, error) {
	search, err := proxy("SEARCH")
	if err != nil {
		return nil, err
	}
	documents, err := proxy("DOCUMENTS")
	if err != nil {
		return nil, err
	}
	pages, err := proxy("PAGES")
	if err != nil {
		return nil, err
	}
	w := &web{search: search, history: map[string][]string{}}
	mux := http.NewServeMux()
	healthy(mux)
	mux.HandleFunc("GET /search", w.find)
	mux.HandleFunc("GET /history", w.remembered)
	mux.Handle("GET /pages/{id}", pages)
	mux.Handle("PUT /documents/{id}", keyed(documents))
	return mux, nil
}

func (w *web) find(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	visitor := visitorOf(r)
	w.history[visitor] = append(w.history[visitor], r.URL.Query().Get("q"))
	w.mu.Unlock()
	w.search.ServeHTTP(out, r)
}

func (w *web) remembered(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	answer(out, append([]string{}, w.history[visitorOf(r)]...), nil)
}

func visitorOf(r *http.Request) string {
	cookie, err := r.Cookie("visitor")
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Pages are what visitors read: published documents, the same for everybody, so a
// cache in front may keep them for a minute.
func newPages(context.Context) (http.Handler, error) {
	documents, err := proxy("DOCUMENTS")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	healthy(mux)
	mux.HandleFunc("GET /pages/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		r.URL.Path = "/documents/" + r.PathValue("id")
		keyed(documents).ServeHTTP(w, r)
	})
	return mux, nil
}

// keyed says in a header which document a request is about: the shard that it
// goes to follows from that.
func keyed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Document", r.PathValue("id"))
		next.ServeHTTP(w, r)
	})
}

// proxy passes requests on to the address that a setting has.
func proxy(name string) (http.Handler, error) {
	value, err := setting(name)
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(value)
	if err != nil {
		return nil, err
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.SetXForwarded()
	}}, nil
}
