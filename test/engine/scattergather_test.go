package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patternctl/patternctl/generator"
)

// A document is what leaves have, and a leaf is a server that has some.
type document struct {
	ID    string  `json:"id"`
	Score float64 `json:"score"`
}

type leaf struct {
	*httptest.Server
	documents []document
	// misbehave answers instead of the leaf, if it is set and says true.
	misbehave func(w http.ResponseWriter, r *http.Request) bool
	mu        sync.Mutex
	requests  []*http.Request
	bodies    []string
}

// newLeaf starts a leaf that answers each request with its documents, or of
// those the ones whose name has the term that is asked for.
func newLeaf(t *testing.T, documents []document) *leaf {
	t.Helper()
	l := &leaf{documents: documents}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		l.requests = append(l.requests, r)
		l.bodies = append(l.bodies, string(body))
		misbehave := l.misbehave
		l.mu.Unlock()
		if misbehave != nil && misbehave(w, r) {
			return
		}
		found := []document{}
		for _, d := range l.documents {
			if strings.Contains(d.ID, r.URL.Query().Get("term")) {
				found = append(found, d)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"hits": map[string]any{"documents": found}, "count": len(found)})
	}))
	t.Cleanup(l.Close)
	return l
}

// asked is how often the leaf was asked since the last time.
func (l *leaf) asked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.requests)
	l.requests, l.bodies = nil, nil
	return n
}

func (l *leaf) set(misbehave func(http.ResponseWriter, *http.Request) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.misbehave = misbehave
}

// newLeaves starts leaves with random documents, of which some are on several.
func newLeaves(t *testing.T, count int) []*leaf {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var leaves []*leaf
	for range count {
		var documents []document
		for range 50 {
			n := random.IntN(count * 60)
			documents = append(documents, document{fmt.Sprintf("document.%d", n), float64(n * 7919 % 1000)})
		}
		leaves = append(leaves, newLeaf(t, documents))
	}
	return leaves
}

// rootConfig is the configuration of the root of an instance with these fields.
func rootConfig(t *testing.T, fields string) string {
	t.Helper()
	text := fmt.Sprintf(`
name: "demo"
scatterGather: search: {
	%s
}
replicated: index: container: {image: "ghcr.io/acme/index:2.0.1", port: 8080}`, fields)
	sources := generator.Sources{Files: []generator.Source{{Name: "demo.cue", Text: []byte(text)}}}
	for _, config := range configurations(t, sources, "", "bento.yaml") {
		return config
	}
	t.Fatal("the spec becomes no root")
	return ""
}

// startRoot runs the root of leaves, with more fields.
func startRoot(t *testing.T, leaves []*leaf, fields string) *processor {
	t.Helper()
	hosts := map[string]string{}
	for i, l := range leaves {
		hosts[fmt.Sprintf("http://search-leaf-%d.demo.svc.cluster.local:8080", i)] = l.URL
	}
	return startBento(t, rootConfig(t, fmt.Sprintf("leaves: {container: {image: \"ghcr.io/acme/index:2.0.1\", port: 8080}, shards: %d}\n%s", len(leaves), fields)), hosts)
}

// gathered is what a root answers.
type gathered struct {
	Complete bool
	Asked    int
	Missing  []string
	Result   json.RawMessage
	status   int
	took     time.Duration
}

// ask sends a request to the root.
func (p *processor) ask(t *testing.T, method, path, body string) gathered {
	t.Helper()
	request, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "text/x-query")
	start := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	g := gathered{status: response.StatusCode, took: time.Since(start)}
	if err := json.Unmarshal(text, &g); err != nil && g.status != http.StatusRequestTimeout && g.status != http.StatusMethodNotAllowed {
		t.Fatalf("%d %s: %v", g.status, text, err)
	}
	return g
}

// documents are those of a complete answer.
func (g gathered) documents(t *testing.T) []document {
	t.Helper()
	var documents []document
	if err := json.Unmarshal(g.Result, &documents); err != nil || g.status != http.StatusOK || !g.Complete {
		t.Fatalf("%d, complete: %v: %s: %v", g.status, g.Complete, g.Result, err)
	}
	return documents
}

// all are the documents of all leaves, one leaf's after the other's.
func all(leaves []*leaf) []document {
	var documents []document
	for _, l := range leaves {
		documents = append(documents, l.documents...)
	}
	return documents
}

// distinct are documents without those that are there already.
func distinct(documents []document) []document {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(documents), func(d document) bool {
		defer func() { seen[d.ID] = true }()
		return seen[d.ID]
	})
}

const fromHits = `items: "hits.documents"`

func TestGatheredIsWhatLeavesHave(t *testing.T) {
	leaves := newLeaves(t, 4)
	everything := all(leaves)
	best := slices.Clone(everything)
	slices.SortStableFunc(best, func(a, b document) int { return int(b.Score - a.Score) })
	var first []document
	for _, l := range leaves {
		first = append(first, l.documents[:2]...)
	}
	for _, test := range []struct {
		name, merge string
		want        []document
	}{
		{"concat", "concat: {}", everything},
		{"union", "union: by: \"id\"", distinct(everything)},
		{"union of whole items", "union: {}", distinct(everything)},
		{"topK", "topK: {k: 17, by: \"score\"}", best[:17]},
		{"topK of few", "topK: {k: 1000, by: \"score\"}", best},
		{"mapping", `mapping: "root = this.map_each(leaf -> leaf.answer.slice(0, 2)).flatten()"`, first},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := startRoot(t, leaves, fmt.Sprintf("merge: {%s, %s}", fromHits, test.merge))
			if got := root.ask(t, "GET", "/find", "").documents(t); !slices.Equal(got, test.want) {
				t.Errorf("got  %v\nwant %v", got, test.want)
			}
			for i, l := range leaves {
				if n := l.asked(); n != 1 {
					t.Errorf("leaf %d was asked %d times", i, n)
				}
			}
		})
	}
	t.Run("sum", func(t *testing.T) {
		root := startRoot(t, leaves, `merge: {sum: {}, items: "count"}`)
		if g := root.ask(t, "GET", "/count", ""); string(g.Result) != "200" || !g.Complete || g.Asked != 4 {
			t.Errorf("got %+v", g)
		}
	})
}

func TestLeavesAreAskedAtTheSameTime(t *testing.T) {
	leaves := newLeaves(t, 5)
	const each = 300 * time.Millisecond
	for _, l := range leaves {
		l.set(func(http.ResponseWriter, *http.Request) bool { time.Sleep(each); return false })
	}
	root := startRoot(t, leaves, fmt.Sprintf("merge: {union: {}, %s}", fromHits))
	within(t, "one request", root.ask(t, "GET", "/", "").took, each, 3*each)

	// Requests don't wait for each other either.
	start := time.Now()
	var under sync.WaitGroup
	for range 20 {
		under.Go(func() { root.ask(t, "GET", "/", "").documents(t) })
	}
	under.Wait()
	within(t, "twenty requests", time.Since(start), each, 6*each)
}

func TestSlowAndBrokenLeavesAreMissing(t *testing.T) {
	leaves := newLeaves(t, 4)
	released := make(chan bool)
	defer close(released)
	for _, test := range []struct {
		name      string
		misbehave func(http.ResponseWriter, *http.Request) bool
		least     time.Duration
	}{
		{"slow", func(_ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-released:
			case <-r.Context().Done():
			}
			return true
		}, 400 * time.Millisecond},
		{"broken", func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}, 0},
		{"without JSON", func(w http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(w, "here you are"); return true }, 0},
		{"without items", func(w http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(w, `{"hits": 3}`); return true }, 0},
		{"without end", func(_ http.ResponseWriter, _ *http.Request) bool { panic(http.ErrAbortHandler) }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			for i, l := range leaves {
				l.set(nil)
				if i == 2 {
					l.set(test.misbehave)
				}
			}
			fields := fmt.Sprintf("leafTimeoutMilliseconds: 400, merge: {union: by: \"id\", %s}", fromHits)
			g := startRoot(t, leaves, fields).ask(t, "GET", "/", "")
			within(t, "the answer", g.took, test.least, test.least+time.Second)
			if g.status != http.StatusOK || g.Complete || g.Asked != 4 || !slices.Equal(g.Missing, []string{"leaf-2"}) {
				t.Errorf("got %d %+v", g.status, g)
			}
			g.Complete = true
			others := []*leaf{leaves[0], leaves[1], leaves[3]}
			if got, want := g.documents(t), distinct(all(others)); !slices.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			if n := leaves[2].asked(); n != 1 {
				t.Errorf("it was asked %d times", n)
			}

			g = startRoot(t, leaves, fields+`, onPartial: "fail"`).ask(t, "GET", "/", "")
			if g.status != http.StatusServiceUnavailable || g.Complete || string(g.Result) != "null" {
				t.Errorf("with onPartial: fail got %d %+v", g.status, g)
			}
			leaves[2].asked()
		})
	}
}

func TestWithoutLeavesThereIsNoAnswer(t *testing.T) {
	leaves := newLeaves(t, 2)
	for _, l := range leaves {
		l.Close()
	}
	root := startRoot(t, leaves, "merge: sum: {}")
	if g := root.ask(t, "GET", "/", ""); g.status != http.StatusServiceUnavailable || len(g.Missing) != 2 {
		t.Errorf("got %d %+v", g.status, g)
	}
}

func TestFailedLeavesAreAskedAgain(t *testing.T) {
	leaves := newLeaves(t, 2)
	var mu sync.Mutex
	failures := map[string]int{}
	// flaky fails the first request of each path.
	leaves[1].set(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		failures[r.URL.Path]++
		if failures[r.URL.Path] > 1 {
			return false
		}
		switch r.URL.Path {
		case "/aborted":
			panic(http.ErrAbortHandler)
		case "/unavailable":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/refused":
			w.WriteHeader(http.StatusBadRequest)
		}
		return true
	})
	root := startRoot(t, leaves, fmt.Sprintf("retries: 1, merge: {union: by: \"id\", %s}", fromHits))
	for _, path := range []string{"/aborted", "/unavailable"} {
		if g := root.ask(t, "GET", path, ""); !g.Complete || leaves[0].asked() != 1 {
			t.Errorf("%s: got %d %+v", path, g.status, g)
		}
	}
	leaves[1].asked()
	if g := root.ask(t, "GET", "/refused", ""); g.Complete || leaves[1].asked() != 1 {
		t.Errorf("what the leaf has refused was sent again: %d %+v", g.status, g)
	}
}

func TestLeavesGetTheRequest(t *testing.T) {
	leaves := newLeaves(t, 1)
	root := startRoot(t, leaves, fmt.Sprintf("method: \"POST\", parameters: [\"q\", \"limit\"], merge: {concat: {}, %s}", fromHits))
	root.ask(t, "POST", "/find/all%20of%2Bit?q=a+b%26c%3Dd&secret=x&limit=3", "the body").documents(t)
	l := leaves[0]
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.requests[0]
	if got, want := r.URL.Path, "/find/all of+it"; got != want {
		t.Errorf("the path is %q, not %q", got, want)
	}
	if got, want := r.URL.Query(), (map[string][]string{"q": {"a b&c=d"}, "limit": {"3"}}); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the query is %v, not %v", got, want)
	}
	if r.Method != http.MethodPost || l.bodies[0] != "the body" || r.Header.Get("Content-Type") != "text/x-query" {
		t.Errorf("the request is %s %q %v", r.Method, l.bodies[0], r.Header)
	}
	if g := root.ask(t, "GET", "/", ""); g.status != http.StatusMethodNotAllowed {
		t.Errorf("GET is answered with %d", g.status)
	}
}

func TestDeadline(t *testing.T) {
	leaves := newLeaves(t, 1)
	leaves[0].set(func(http.ResponseWriter, *http.Request) bool { time.Sleep(2 * time.Second); return false })
	config := rootConfig(t, `leaves: {container: {image: "ghcr.io/acme/index:2.0.1", port: 8080}, shards: 1}, merge: concat: {}, leafTimeoutMilliseconds: 1000`)
	config = strings.Replace(config, "timeout: 3s", "timeout: 300ms", 1)
	root := startBento(t, config, map[string]string{"http://search-leaf-0.demo.svc.cluster.local:8080": leaves[0].URL})
	g := root.ask(t, "GET", "/", "")
	within(t, "the answer", g.took, 300*time.Millisecond, 900*time.Millisecond)
	if g.status != http.StatusRequestTimeout {
		t.Errorf("the status is %d", g.status)
	}
}

func TestPartsOfARequestAreDistributed(t *testing.T) {
	index := newLeaf(t, nil)
	for n := range 300 {
		index.documents = append(index.documents, document{fmt.Sprintf("document.%d", n), float64(n)})
	}
	config := rootConfig(t, fmt.Sprintf(`
	distribute: {target: replicated.index.endpoint.url, parameter: "term", most: 3}
	onPartial: "fail"
	merge: {intersect: by: "id", %s}`, fromHits))
	root := startBento(t, config, map[string]string{"http://index.demo.svc.cluster.local:8080": index.URL})
	var want []document
	for _, d := range index.documents {
		if strings.Contains(d.ID, "1") && strings.Contains(d.ID, "7") {
			want = append(want, d)
		}
	}
	if got := root.ask(t, "GET", "/find?term=1,7", "").documents(t); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if n := index.asked(); n != 2 {
		t.Errorf("two parts were asked for with %d requests", n)
	}
	quoted := rootConfig(t, fmt.Sprintf(`
	distribute: {target: replicated.index.endpoint.url, parameter: "term", separator: "\"\\"}
	merge: {union: by: "id", %s}`, fromHits))
	other := startBento(t, quoted, map[string]string{"http://index.demo.svc.cluster.local:8080": index.URL})
	if other.ask(t, "GET", "/find?term=1%22%5C7", "").documents(t); index.asked() != 2 {
		t.Error("two parts were not asked for with two requests")
	}
	for _, query := range []string{"", "?term=", "?term=%20,", "?term=1,2,3,4"} {
		if g := root.ask(t, "GET", "/find"+query, ""); g.status != http.StatusBadRequest || index.asked() != 0 {
			t.Errorf("%q is answered with %d", query, g.status)
		}
	}
}
