package behaviour

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// searchExample is the folder of the example of a whole system.
const searchExample = repository + "/examples/search"

// TestSearch runs the example as it is, in its own namespace.
func TestSearch(t *testing.T) {
	t.Parallel()
	prove(t, "any", "a system of five patterns works as one, and goes on without its leader and a leaf", func(s *scenario.Scenario, _ string) string {
		const namespace, documents = "search", 12
		spec, err := os.ReadFile(filepath.Join(searchExample, "search.cue"))
		if err != nil {
			s.Fatal(err)
		}
		s.Namespace(namespace)
		s.Apply(generate(s, string(spec)))
		client := s.Client(namespace)
		s.WaitReady(namespace)

		write := scenario.Request{
			URL: "http://web:8080/documents/{key}", Method: http.MethodPut, Keys: documents, Rate: 20,
			Body: `{"text": "a note on cups", "publish": "2026-01-01T00:00:00Z"}`,
		}
		if failed := client.Request(write).Failed(); len(failed) > 0 {
			s.Fatal(failed)
		}
		s.WaitFor(time.Minute, "all documents to be found", func() string { return finds(s, client, "cups", documents) })
		if failed := client.Request(scenario.Request{URL: "http://pages:8080/pages/{key}", Keys: documents}).Failed(); len(failed) > 0 {
			s.Fatal(failed)
		}

		leader, _, _ := strings.Cut(s.Kubectl("--namespace", namespace, "get", "lease", "scheduler", "--output", "jsonpath={.spec.holderIdentity}"), "_")
		for _, pod := range s.Pods(namespace, "app.kubernetes.io/name=scheduler") {
			if pod.Name == leader {
				s.Kill(pod)
			}
		}
		write.Body = strings.Replace(write.Body, "cups", "bowls", 1)
		if failed := client.Request(write).Failed(); len(failed) > 0 {
			s.Fatal(failed)
		}
		took := s.WaitFor(time.Minute, "another scheduler to publish", func() string { return finds(s, client, "bowls", documents) })

		load := client.Load(scenario.Request{URL: "http://web:8080/search?q=bowls", Rate: 20})
		time.Sleep(2 * time.Second)
		s.Kill(s.Pods(namespace, "app.kubernetes.io/name=search,app.kubernetes.io/component=leaf")[0])
		s.WaitReady(namespace)
		responses := load.Stop()
		for _, r := range responses {
			if g := read(s, r); !g.Complete || len(g.Result) != documents {
				s.Fatalf("a search found %d documents of %d, complete: %t, without %v", len(g.Result), documents, g.Complete, g.Missing)
			}
		}
		return fmt.Sprintf("%d documents written by way of ambassadors, published by the leader, found by all leaves and read through the cache; "+
			"published %.0f s after the leader was killed; %d searches complete while a leaf was killed", documents, took.Seconds(), len(responses))
	})
}

// finds says what is missing until a search finds as many documents, in all leaves.
func finds(s *scenario.Scenario, client *scenario.Client, word string, documents int) string {
	s.Helper()
	r := client.Get("http://web:8080/search?q=" + word)
	if !r.OK() {
		return fmt.Sprintf("status %d %s", r.Status, r.Error)
	}
	if g := read(s, r); !g.Complete || len(g.Result) != documents {
		return fmt.Sprintf("%d of %d are found, complete: %t", len(g.Result), documents, g.Complete)
	}
	return ""
}
