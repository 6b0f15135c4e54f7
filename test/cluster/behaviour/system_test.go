package behaviour

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// system has every pattern, and an environment that changes each.
func system(namespace string) string {
	return web(namespace, `env: KEYS: sharded.keys.endpoint.url`) + shards(namespace, 2, store)[1:] + queue(namespace, `"sleep 5m"`, "")[1:] + `
environments: prod: {
	replicated: web: {replicas: 4, container: env: RELEASE: "2"}
	sharded: keys: shards: 3
	workQueue: jobs: items: ["sleep 5m", "sleep 6m"]
}
`
}

func TestSystemStream(t *testing.T) {
	t.Parallel()
	prove(t, "any", "the stream and the overlay are the same, and applying twice changes nothing", func(s *scenario.Scenario, namespace string) string {
		spec := system(namespace)
		stream := patternctl(s, spec, "generate", "-e", "prod")
		created := s.Apply(stream)
		if diff := s.Diff(stream); diff != "" {
			s.Fatalf("applying again would change:\n%s", diff)
		}
		dir := filepath.Join(s.TempDir(), "deploy")
		patternctl(s, spec, "generate", "-d", dir)
		overlay := filepath.Join(dir, "overlays", "prod")
		if diff := s.DiffKustomization(overlay); diff != "" {
			s.Fatalf("the overlay is not what the stream is:\n%s", diff)
		}
		if applied := s.ApplyKustomization(overlay); !slices.Equal(slices.Sorted(slices.Values(applied)), slices.Sorted(slices.Values(created))) {
			s.Fatalf("the overlay has the objects %q, the stream %q", applied, created)
		}
		return fmt.Sprintf("%d objects; `kubectl diff` finds nothing, neither for the stream again nor for the overlay", len(created))
	})
}

func TestSystemDrain(t *testing.T) {
	prove(t, "any", "a node can be drained, and nothing is down meanwhile", func(s *scenario.Scenario, namespace string) string {
		nodes := s.NodesToDisturb(2)
		s.Apply(generate(s, system(namespace)))
		client := s.Client(namespace)
		s.WaitReady(namespace)
		client.WaitAnswers("http://web:8080/")
		node := nodes[0]
		if node == client.Node() {
			node = nodes[1]
		}
		load := client.Load(scenario.Request{URL: "http://web:8080/", Rate: 50})
		start := time.Now()
		s.Drain(node, 2*time.Minute)
		took := time.Since(start)
		if responses := load.Stop(); len(responses.Failed()) > 0 {
			s.Fatal(responses)
		}
		return "drained in " + took.Round(time.Second).String() + ", no request to the web tier failed"
	})
}
