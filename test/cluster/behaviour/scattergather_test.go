package behaviour

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// leafTimeout is how long a leaf may take: longer than a loaded machine does.
const leafTimeout = 5 * time.Second

// search is a root and leaves that store values, with something more in its instance.
func search(namespace string, more string) string {
	return fmt.Sprintf(`
name: %[1]q
scatterGather: search: {
	leaves: {
		container: {
			image: %[2]q
			args: ["serve", "-data", "/data"]
			port: 8080
			probes: {readiness: path: "/readyz", liveness: path: "/livez"}
			resources: {cpu: "10m", memory: "64Mi"}
			writable: ["/data"]
		}
		shards: 3
		shutdown: delaySeconds: 5
		allow: from: namespaces: [%[1]q]
	}
	leafTimeoutMilliseconds: %[3]d
	deadlineSeconds:         15
	merge: {items: "Items", union: by: "Key"}
	root: {
		resources: cpu: "10m"
		shutdown: delaySeconds: 5
		allow: from: namespaces: [%[1]q]
	}
	%[4]s
}
`, namespace, kubernetes.App, leafTimeout.Milliseconds(), more)
}

const (
	leafPods = "app.kubernetes.io/name=search,app.kubernetes.io/component=leaf"
	rootURL  = "http://search:8080/values"
)

// gathered is a root's answer.
type gathered struct {
	Complete bool
	Asked    int
	Missing  []string
	Result   []struct {
		Key, Pod string
		Lists    int
	}
	status int
	took   time.Duration
}

// keys are those of the result, sorted.
func (g gathered) keys() []string {
	keys := []string{}
	for _, item := range g.Result {
		keys = append(keys, item.Key)
	}
	slices.Sort(keys)
	return keys
}

// startSearch applies a spec of leaves, gives each of them values, and returns the values' keys by leaf.
func startSearch(s *scenario.Scenario, namespace, more string) (*scenario.Client, [][]string) {
	s.Helper()
	s.Apply(generate(s, search(namespace, more)))
	client := s.Client(namespace)
	s.WaitReady(namespace)
	client.WaitAnswers(rootURL)
	var keys [][]string
	for leaf := range 3 {
		keys = append(keys, nil)
		for _, pod := range s.Pods(namespace, leafPods) {
			if !strings.HasPrefix(pod.Name, fmt.Sprintf("search-leaf-%d", leaf)) {
				continue
			}
			keys[leaf] = nil
			// Each leaf has some that are its own, and one that all have.
			for _, key := range []string{"common", fmt.Sprintf("a-%d", leaf), fmt.Sprintf("b-%d", leaf)} {
				url := fmt.Sprintf("http://%s:8080/values/%s", pod.Status.PodIP, key)
				if r := client.Request(scenario.Request{URL: url, Method: http.MethodPut, Body: key})[0]; !r.OK() {
					s.Fatalf("%s: %d %s", url, r.Status, r.Error)
				}
				keys[leaf] = append(keys[leaf], key)
			}
		}
	}
	return client, keys
}

// union is what one program would find that had the values of all these leaves.
func union(keys ...[]string) []string {
	all := slices.Concat(keys...)
	slices.Sort(all)
	return slices.Compact(all)
}

// gather asks the root.
func gather(s *scenario.Scenario, client *scenario.Client) gathered {
	s.Helper()
	return read(s, client.Request(scenario.Request{URL: rootURL, Timeout: 20 * time.Second})[0])
}

func read(s *scenario.Scenario, r scenario.Response) gathered {
	s.Helper()
	g := gathered{status: r.Status, took: r.Took}
	if err := json.Unmarshal(r.Gathered, &g); err != nil {
		s.Fatalf("the root answered %d %q %s: %v", r.Status, r.Gathered, r.Error, err)
	}
	return g
}

// slow makes pods take a time to answer.
func slow(s *scenario.Scenario, client *scenario.Client, namespace, labels string, takes time.Duration) {
	s.Helper()
	for _, pod := range s.Pods(namespace, labels) {
		if r := client.Request(scenario.Request{URL: fmt.Sprintf("http://%s:8080/slow?for=%s", pod.Status.PodIP, takes), Method: http.MethodPost})[0]; !r.OK() {
			s.Fatalf("%s: %d %s", pod.Name, r.Status, r.Error)
		}
	}
}

func TestScatterGather(t *testing.T) {
	t.Parallel()
	prove(t, "scatterGather", "the answer is what all leaves have, and takes as long as the slowest", func(s *scenario.Scenario, namespace string) string {
		client, keys := startSearch(s, namespace, "")
		before := gather(s, client)
		after := gather(s, client)
		if want := union(keys...); !after.Complete || after.status != http.StatusOK || after.Asked != 3 || !slices.Equal(after.keys(), want) {
			s.Fatalf("got %+v, want %q", after, want)
		}
		for i, item := range after.Result {
			if item.Lists != before.Result[i].Lists+1 {
				s.Fatalf("%s was asked %d times for one request", item.Pod, item.Lists-before.Result[i].Lists)
			}
		}
		const each = 2 * time.Second
		slow(s, client, namespace, leafPods, each)
		g := gather(s, client)
		if !g.Complete || g.took < each || g.took > 2*each {
			s.Fatalf("with three leaves that take %s the answer took %s: %+v", each, g.took, g)
		}
		return fmt.Sprintf("%d keys, those of a union; each leaf was asked once; three leaves that take %.0f s each answered in %.1f s", len(after.Result), each.Seconds(), g.took.Seconds())
	})
}

func TestScatterGatherSlowLeaf(t *testing.T) {
	t.Parallel()
	prove(t, "scatterGather", "a leaf that is too slow is missing in the answer, which says so", func(s *scenario.Scenario, namespace string) string {
		client, keys := startSearch(s, namespace, "")
		slow(s, client, namespace, leafPods+",statefulset.kubernetes.io/pod-name=search-leaf-1", time.Minute)
		g := gather(s, client)
		if want := union(keys[0], keys[2]); g.Complete || g.status != http.StatusOK || !slices.Equal(g.Missing, []string{"leaf-1"}) || !slices.Equal(g.keys(), want) {
			s.Fatalf("got %+v, want %q", g, want)
		}
		if g.took < leafTimeout || g.took > 2*leafTimeout {
			s.Fatalf("with a leaf timeout of %s the answer took %s", leafTimeout, g.took)
		}
		return fmt.Sprintf("complete: %v after %.1f s, with a leaf timeout of %.0f", g.Complete, g.took.Seconds(), leafTimeout.Seconds())
	})
}

func TestScatterGatherReplicas(t *testing.T) {
	t.Parallel()
	prove(t, "scatterGather", "with two replicas of each leaf the loss of one is not seen", func(s *scenario.Scenario, namespace string) string {
		client, keys := startSearch(s, namespace, "leaves: replicas: 2")
		want := union(keys...)
		load := client.Load(scenario.Request{URL: rootURL, Rate: 20, Timeout: 20 * time.Second})
		time.Sleep(2 * time.Second)
		victim := s.Pods(namespace, leafPods)[0]
		s.Kill(victim)
		s.WaitReady(namespace)
		// The copy that replaces it has nothing yet.
		time.Sleep(time.Second)
		responses := load.Stop()
		incomplete := 0
		for _, r := range responses {
			if !r.OK() {
				s.Fatal(responses)
			}
			if g := read(s, r); !g.Complete {
				incomplete++
			}
		}
		if incomplete > 0 {
			s.Fatalf("%d of %d answers were not complete", incomplete, len(responses))
		}
		return fmt.Sprintf("%d requests while one of six pods was killed, each answer complete; %d keys before", len(responses), len(want))
	})
}
