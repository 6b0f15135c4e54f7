// Search is the program behind the example: documents that people write, publish
// at some time and search for. Each role is a container of its own, and has what
// the patterns need and no more: an index is a scan, and a store is a folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// roles make the handler of each role, and do what it does besides until ctx ends.
var roles = map[string]func(ctx context.Context) (http.Handler, error){
	"web":       newWeb,
	"pages":     newPages,
	"documents": newStore,
	"index":     newIndex,
	"scheduler": newScheduler,
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if len(os.Args) != 2 || roles[os.Args[1]] == nil {
		return errors.New("usage: search web|pages|documents|index|scheduler")
	}
	handler, err := roles[os.Args[1]](ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", os.Args[1], err)
	}
	server := &http.Server{Addr: ":8080", Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		late, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = server.Shutdown(late)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// setting is an environment variable that must be there.
func setting(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s is not set", name)
	}
	return value, nil
}

// healthy answers probes.
func healthy(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
}
