package engine

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/manifest"
)

// varnish is the path of the varnishd that the environment variable VARNISH
// names.
func varnish(t *testing.T) string {
	t.Helper()
	path := os.Getenv("VARNISH")
	if path == "" {
		t.Skip("VARNISH is not set: make test runs these tests with the rendered version")
	}
	return path
}

// An origin is a copy behind a cache. Each of its answers is another one.
type origin struct {
	address string
	server  *http.Server
	asked   atomic.Int64
	// status is that of all answers, and control what they say about how long
	// they may be kept.
	status  atomic.Int64
	control atomic.Value
	// slow delays answers.
	slow atomic.Bool
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	o := &origin{address: "127.0.0.1:0"}
	o.status.Store(http.StatusOK)
	o.control.Store("max-age=60")
	o.start(t)
	t.Cleanup(o.stop)
	return o
}

// start lets the origin listen where it did before.
func (o *origin) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", o.address)
	if err != nil {
		t.Fatal(err)
	}
	o.address = listener.Addr().String()
	o.server = &http.Server{Handler: o}
	go o.server.Serve(listener)
}

// stop makes the origin go away.
func (o *origin) stop() { o.server.Close() }

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ready" {
		return
	}
	if o.slow.Load() {
		time.Sleep(time.Second)
	}
	w.Header().Set("Cache-Control", o.control.Load().(string))
	w.WriteHeader(int(o.status.Load()))
	fmt.Fprintf(w, "answer %d to %s", o.asked.Add(1), r.Header.Get("Cookie"))
}

// cache starts the cache that a spec with these fields becomes in front of an
// origin, and returns its address.
func (o *origin) cache(t *testing.T, fields string) string {
	t.Helper()
	path := varnish(t)
	text := fmt.Sprintf(`
name: "demo"
replicated: web: {
	container: {image: "ghcr.io/acme/web:1.4.2", port: 8080, probes: readiness: path: "/ready"}
	allow: from: cidrs: ["10.0.0.0/8"]
	cache: {%s}
}`, fields)
	sources := generator.Sources{Files: []generator.Source{{Name: "demo.cue", Text: []byte(text)}}}
	config := ""
	for _, config = range configurations(t, sources, "", "default.vcl") {
	}
	host, port, err := net.SplitHostPort(o.address)
	if err != nil {
		t.Fatal(err)
	}
	config = strings.NewReplacer(`"web-server.demo.svc.cluster.local"`, `"`+host+`"`, `"8080"`, `"`+port+`"`).Replace(config)
	dir := t.TempDir()
	file := filepath.Join(dir, "default.vcl")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	args := cacheArguments(t, sources)
	for i := 0; i+1 < len(args); i++ {
		switch args[i] {
		case "-f":
			args[i+1] = file
		case "-n":
			args[i+1] = filepath.Join(dir, "run")
		case "-a":
			args[i+1] = address
		}
	}
	var output bytes.Buffer
	command := exec.Command(path, args...)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// How it ended is of no interest.
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		<-ended
		if t.Failed() {
			t.Logf("Varnish said:\n%s", output.String())
		}
	})
	eventually(t, "Varnish listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return "http://" + address
}

// cacheArguments are those of the cache's container.
func cacheArguments(t *testing.T, sources generator.Sources) []string {
	t.Helper()
	spec, err := generator.Parse(sources, generator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	groups, list := spec.Render("")
	if list.HasErrors() {
		t.Fatal(list)
	}
	var args []string
	for _, group := range groups {
		for _, object := range group.Objects {
			if manifest.String(object, "kind") != "StatefulSet" {
				continue
			}
			containers, _ := manifest.Lookup(object, "spec", "template", "spec", "containers").([]any)
			for _, arg := range manifest.Lookup(containers[0].(manifest.Map), "args").([]any) {
				args = append(args, arg.(string))
			}
		}
	}
	return args
}

// page asks for a page, and expects an answer with this status.
func page(t *testing.T, url string, status int) string {
	t.Helper()
	r := ask(http.DefaultClient, get(url))
	if r.status != status {
		t.Fatalf("%s is answered with %d %s, not %d", url, r.status, r.body, status)
	}
	return r.body
}

func TestCache(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	url := o.cache(t, "")
	if first := page(t, url+"/a", 200); page(t, url+"/a", 200) != first {
		t.Error("what was asked for twice was fetched twice")
	}
	if page(t, url+"/b", 200) == page(t, url+"/a", 200) {
		t.Error("another page has the same answer")
	}
	for _, header := range []string{"Cookie", "Authorization"} {
		before := o.asked.Load()
		for range 2 {
			ask(http.DefaultClient, with(get(url+"/a"), header, "mine"))
		}
		if n := o.asked.Load() - before; n != 2 {
			t.Errorf("2 requests with %s became %d", header, n)
		}
	}
	if strings.Contains(page(t, url+"/a", 200), "mine") {
		t.Error("an answer to one user is given to another")
	}
	o.control.Store("no-store")
	if first := page(t, url+"/c", 200); page(t, url+"/c", 200) == first {
		t.Error("an answer is kept that says it must not be")
	}
}

func TestCacheCoalesces(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	url := o.cache(t, "")
	o.slow.Store(true)
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if r := ask(http.DefaultClient, get(url+"/a")); r.status != http.StatusOK {
				t.Errorf("a request is answered with %d %s", r.status, r.body)
			}
		})
	}
	all.Wait()
	if n := o.asked.Load(); n != 1 {
		t.Errorf("200 requests at a time became %d", n)
	}
}

// TestCacheGrace shows that an answer is given for 10 seconds beyond its time
// while copies are ready, and for longer while none is.
func TestCacheGrace(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.control.Store("max-age=1")
	url := o.cache(t, "")
	first := page(t, url+"/a", 200)
	page(t, url+"/b", 200)
	time.Sleep(2 * time.Second)
	if page(t, url+"/a", 200) != first {
		t.Error("an answer that was good a second ago has to be waited for")
	}
	eventually(t, "a new answer is fetched meanwhile", func() bool { return page(t, url+"/a", 200) != first })

	o.status.Store(http.StatusInternalServerError)
	kept := page(t, url+"/a", 200)
	time.Sleep(2 * time.Second)
	for range 5 {
		if page(t, url+"/a", 200) != kept {
			t.Error("a failure has replaced an answer")
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(11 * time.Second)
	page(t, url+"/b", http.StatusInternalServerError)

	o.stop()
	// At once, and not only when the readiness probe has found out.
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if r := ask(http.DefaultClient, get(url+"/a")); r.body != kept {
				t.Errorf("without a copy, what the cache has is answered with %d %s", r.status, r.body)
			}
		})
	}
	all.Wait()
	page(t, url+"/c", http.StatusServiceUnavailable)
	time.Sleep(5 * time.Second)
	if page(t, url+"/a", 200) != kept {
		t.Error("without a copy, the cache doesn't give what it has")
	}

	o.status.Store(http.StatusOK)
	o.start(t)
	eventually(t, "copies are asked again", func() bool { return ask(http.DefaultClient, get(url+"/a")).body != kept })
}

// TestCacheRouter shows that a cache keeps its part when another one is lost.
func TestCacheRouter(t *testing.T) {
	t.Parallel()
	c := newPods(t, 3, "web-cache", "web-cache.demo.svc.cluster.local")
	c.ready(3)
	one, other := c.router(t, "cache: replicas: 3"), c.router(t, "cache: replicas: 3")
	follow(t, one, 3)
	follow(t, other, 3)
	const pages = 300
	placed := func(p *proxy) map[int]string {
		at := map[int]string{}
		for n := range pages {
			r := ask(p.client, get(fmt.Sprintf("%s/page?n=%d", p.url, n)))
			if r.status != http.StatusOK {
				t.Fatalf("page %d is answered with %d %s", n, r.status, r.body)
			}
			at[n] = r.shard
		}
		return at
	}
	before := placed(one)
	if !maps.Equal(before, placed(other)) {
		t.Error("two routers ask different caches for a page")
	}
	c.ready(2)
	follow(t, one, 2)
	lost := 0
	for n, cache := range placed(one) {
		if before[n] == "web-cache-2" {
			lost++
		} else if cache != before[n] {
			t.Errorf("page %d moved from %s to %s, and neither was lost", n, before[n], cache)
		}
	}
	if lost < pages/6 || lost > pages/2 {
		t.Errorf("the lost cache had %d of %d pages", lost, pages)
	}
}
