package behaviour

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// cached is a replicated server behind caches.
func cached(namespace, cache string, replicas int) string {
	return strings.Replace(web(namespace, ""), "replicas: 3", fmt.Sprintf(`replicas: %d
	cache: {size: "32Mi", cpu: "10m", %s}
	router: resources: cpu: "10m"`, replicas, cache), 1)
}

// startCached applies a spec of cached with two copies, and gives a client when
// the caches answer.
func startCached(s *scenario.Scenario, namespace, cache string) *scenario.Client {
	s.Helper()
	s.Apply(generate(s, cached(namespace, cache, 2)))
	client := s.Client(namespace)
	s.WaitReady(namespace)
	client.WaitAnswers("http://web:8080/ready")
	return client
}

// fetches counts the different answers that copies gave.
func fetches(s *scenario.Scenario, responses scenario.Responses) int {
	s.Helper()
	if len(responses.Failed()) > 0 {
		s.Fatal(responses)
	}
	seen := map[string]bool{}
	for _, r := range responses {
		seen[answerOf(r)] = true
	}
	return len(seen)
}

// answerOf tells one answer of a copy from any other.
func answerOf(r scenario.Response) string { return fmt.Sprint(r.Pod, r.Boot, r.Served) }

func TestCacheHit(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "a cache asks once for what many want at a time, and not again", func(s *scenario.Scenario, namespace string) string {
		client := startCached(s, namespace, "replicas: 3")
		const many = 100
		wanted := scenario.Request{URL: "http://web:8080/?after=3s", Rounds: many, Rate: 100, Timeout: 20 * time.Second}
		first := client.Request(wanted)
		waited := 0
		for _, r := range first {
			if r.Took > time.Second {
				waited++
			}
		}
		if waited < many/2 {
			s.Fatalf("%d of %d requests came before the answer was there, which shows nothing", waited, many)
		}
		if n := fetches(s, append(first, client.Request(wanted)...)); n != 1 {
			s.Fatalf("the copies were asked %d times", n)
		}
		if n := fetches(s, client.Request(scenario.Request{URL: "http://web:8080/?user", Cookies: true, Method: "POST", Rounds: 10})); n != 10 {
			s.Fatalf("10 requests that must pass were answered with %d answers", n)
		}
		return fmt.Sprintf("%d requests, %d of them while the copies worked on the answer, and then %d more made them work once", many, waited, many)
	})
}

func TestCacheStale(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "a cache gives what it has while no copy is there, and new answers when one is back", func(s *scenario.Scenario, namespace string) string {
		const cache = "replicas: 2, ttlSeconds: 1"
		client := startCached(s, namespace, cache)
		page := scenario.Request{URL: "http://web:8080/page", Rounds: 20}
		if n := fetches(s, client.Request(page)); n > 2 {
			s.Fatalf("two caches asked for one answer %d times", n)
		}
		s.Apply(generate(s, cached(namespace, cache, 0)))
		s.Wait("the copies to be gone", func() string {
			if n := len(s.AllPods(namespace, webPods+",app.kubernetes.io/component=server")); n > 0 {
				return fmt.Sprintf("there are %d", n)
			}
			return ""
		})
		start := time.Now()
		var last string
		s.Observe(25*time.Second, func() string {
			responses := client.Request(page)
			if len(responses.Failed()) > 0 {
				return fmt.Sprint(responses)
			}
			last = answerOf(responses[0])
			return ""
		})
		stale := time.Since(start)
		if r := client.Get("http://web:8080/other"); r.OK() {
			s.Fatalf("%s answered what no cache has", r.Pod)
		}
		s.Apply(generate(s, cached(namespace, cache, 2)))
		s.WaitReady(namespace)
		s.Wait("new answers", func() string {
			for _, r := range client.Request(page) {
				if !r.OK() || answerOf(r) == last {
					return "old answers"
				}
			}
			return ""
		})
		return fmt.Sprintf("all of %.0f s without a copy were answered with what was kept for 1 s", stale.Seconds())
	})
}

func TestCacheLoss(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "the loss of one of three caches is no loss of what the others have", func(s *scenario.Scenario, namespace string) string {
		client := startCached(s, namespace, "replicas: 3")
		all := scenario.Request{URL: "http://web:8080/?{key}", Keys: 300}
		answers := func(responses scenario.Responses) map[string]string {
			if len(responses.Failed()) > 0 {
				s.Fatal(responses)
			}
			found := map[string]string{}
			for _, r := range responses {
				found[r.Key] = answerOf(r)
			}
			return found
		}
		before := answers(client.Request(all))
		if again := answers(client.Request(all)); len(difference(before, again)) > 0 {
			s.Fatalf("%d of %d pages were fetched twice", len(difference(before, again)), len(before))
		}
		lost := s.Pods(namespace, webPods+",app.kubernetes.io/component=cache")[1]
		load := client.Load(scenario.Request{URL: "http://web:8080/?{key}", Keys: 300, Rate: 100})
		s.Kill(lost)
		s.Wait("another pod of the cache", func() string {
			for _, pod := range s.Pods(namespace, webPods+",app.kubernetes.io/component=cache") {
				if pod.Name == lost.Name && pod.UID != lost.UID && scenario.Ready(pod) {
					return ""
				}
			}
			return "there is none that is ready"
		})
		during := load.Stop()
		if len(during.Failed()) > 0 {
			s.Fatal(during)
		}
		after := answers(client.Request(all))
		moved := difference(before, after)
		if n := len(moved); n < len(before)/6 || n > len(before)/2 {
			s.Fatalf("%d of %d pages were fetched again, a third would be %d", n, len(before), len(before)/3)
		}
		return fmt.Sprintf("%d of %d pages were fetched again after the cache was killed (a third would be %d), and none of %d requests meanwhile failed", len(moved), len(before), len(before)/3, len(during))
	})
}

// difference gives the keys that have another value in b.
func difference(a, b map[string]string) []string {
	var keys []string
	for key := range a {
		if a[key] != b[key] {
			keys = append(keys, key)
		}
	}
	return keys
}
