package behaviour

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// target is a server that ambassadors bring requests to.
func target(namespace, name string) string {
	return fmt.Sprintf(`
replicated: %[1]q: {
	%[2]s
	shutdown: delaySeconds: 5
	allow: from: namespaces: [%[3]q]
}
`, name, server(""), namespace)
}

// ambassador is an ambassador of web's pods, with an environment in which some of its fields are others.
func ambassador(fields, changed string) string {
	return fmt.Sprintf(`
replicated: web: ambassadors: api: {
	port: 9001
	resources: {cpu: "10m", memory: "64Mi"}
	%s
}
environments: other: replicated: web: ambassadors: api: %s
`, fields, changed)
}

// throughAmbassador is the address that web's containers ask, whatever the environment.
const throughAmbassador = "http://127.0.0.1:9001/"

// startAmbassador applies a spec and waits for it. The client is in one of web's pods.
func startAmbassador(s *scenario.Scenario, namespace, spec string, args ...string) *scenario.Client {
	s.Helper()
	s.Apply(patternctl(s, spec, append([]string{"generate"}, args...)...))
	s.WaitReady(namespace)
	client := s.ClientIn(s.Pods(namespace, webPods)[0])
	client.WaitAnswers(throughAmbassador)
	return client
}

func TestAmbassadorBroker(t *testing.T) {
	t.Parallel()
	prove(t, "ambassador", "an environment brings requests to another target, and the application's address stays", func(s *scenario.Scenario, namespace string) string {
		spec := web(namespace, "") + target(namespace, "one") + target(namespace, "two") + ambassador("broker: target: replicated.one.endpoint.url", "broker: target: replicated.two.endpoint.url")
		answeredBy := func(name string, args ...string) int {
			client := startAmbassador(s, namespace, spec, args...)
			responses := client.Request(scenario.Request{URL: throughAmbassador, Rounds: 100})
			if len(responses.Failed()) > 0 {
				s.Fatal(responses)
			}
			answered := 0
			for _, pod := range s.Pods(namespace, "app.kubernetes.io/name="+name) {
				answered += responses.Pods()[pod.Name]
			}
			return answered
		}
		one := answeredBy("one")
		// From another pod the ambassador can't be reached.
		outside := s.Client(namespace).Get("http://" + s.Pods(namespace, webPods)[0].Status.PodIP + ":9001/")
		two := answeredBy("two", "-e", "other")
		if one != 100 || two != 100 || outside.Status != 0 {
			s.Fatalf("%d of 100 requests went to the first target, then %d of 100 to the second; from another pod the ambassador answered with %d", one, two, outside.Status)
		}
		return fmt.Sprintf("%d of 100 requests to %s went to one target, in another environment %d of 100 to another; other pods can't connect", one, throughAmbassador, two)
	})
}

func TestAmbassadorBreaker(t *testing.T) {
	t.Parallel()
	prove(t, "ambassador", "a dead target opens the breaker, which closes when the target is back", func(s *scenario.Scenario, namespace string) string {
		spec := web(namespace, "") + target(namespace, "one") + ambassador("broker: target: replicated.one.endpoint.url", "{}")
		client := startAmbassador(s, namespace, spec)
		request := scenario.Request{URL: throughAmbassador, Rounds: 20, Timeout: 10 * time.Second}
		s.Kubectl("--namespace", namespace, "scale", "deployment/one", "--replicas=0")
		s.Wait("the target to be gone", func() string {
			if pods := s.AllPods(namespace, "app.kubernetes.io/name=one"); len(pods) > 0 {
				return fmt.Sprintf("%d pods are there", len(pods))
			}
			return ""
		})
		opened := s.WaitFor(20*time.Second, "the breaker to open", func() string {
			for _, r := range client.Request(request) {
				if r.Status != http.StatusServiceUnavailable || r.Took > 500*time.Millisecond {
					return fmt.Sprintf("status %d after %s", r.Status, r.Took)
				}
			}
			return ""
		})
		// A target that is away does not take the pod out of its Service.
		s.WaitReady(namespace)
		s.Kubectl("--namespace", namespace, "scale", "deployment/one", "--replicas=2")
		s.WaitReady(namespace)
		closed := s.WaitFor(30*time.Second, "the breaker to close", func() string {
			if responses := client.Request(request); len(responses.Failed()) > 0 {
				return responses.String()
			}
			return ""
		})
		return fmt.Sprintf("open %.0f s after the target's last pod was gone, when requests failed at once, and closed %.0f s after its first was ready", opened.Seconds(), closed.Seconds())
	})
}

func TestAmbassadorShard(t *testing.T) {
	t.Parallel()
	prove(t, "ambassador", "a key has the same shard from every pod and through the routers, and one more shard takes its share", func(s *scenario.Scenario, namespace string) string {
		// everywhere is where the keys are, on which all pods and routers must agree.
		everywhere := func(count int) map[string]string {
			spec := shards(namespace, count, store) + web(namespace, "") + ambassador("shard: sharded.keys.ring", "{}")
			s.Apply(generate(s, spec))
			s.WaitReady(namespace)
			ways := map[*scenario.Client]string{}
			for _, pod := range s.Pods(namespace, webPods) {
				ways[s.ClientIn(pod)] = throughAmbassador
			}
			for _, router := range s.Pods(namespace, routerPods) {
				ways[s.ClientIn(s.Pods(namespace, webPods)[0])] = "http://" + router.Status.PodIP + ":8080/"
			}
			var expected map[string]string
			for client, url := range ways {
				request := manyKeys
				request.URL = url
				var got map[string]string
				s.Wait("all keys to be answered", func() string {
					responses := client.Request(request)
					got = responses.Owners()
					if len(responses.Failed()) > 0 {
						return responses.String()
					}
					return ""
				})
				if expected == nil {
					expected = got
				}
				if keys := moved(expected, got); len(keys) > 0 || len(ways) != 6 {
					s.Fatalf("on one of %d ways, %s, %d of %d keys have another shard", len(ways), url, len(keys), len(expected))
				}
			}
			return expected
		}
		before := everywhere(4)
		share := shareOf(s, "keys-shard-4", 5, before, everywhere(5))
		return fmt.Sprintf("three pods and three routers agree on %d keys; %d moved, all of them to a fifth shard (a fifth would be %d)", len(before), share, len(before)/5)
	})
}

func TestAmbassadorSplit(t *testing.T) {
	t.Parallel()
	prove(t, "ambassador", "a split gives an arm its share of users, who keep it in every pod and after restarts", func(s *scenario.Scenario, namespace string) string {
		split := `split: {
		arms: {
			one: {weight: 90, target: replicated.one.endpoint.url}
			two: {weight: 10, target: replicated.two.endpoint.url}
		}
		sticky: header: "X-Key"
	}`
		startAmbassador(s, namespace, web(namespace, "")+target(namespace, "one")+target(namespace, "two")+ambassador(split, "{}"))
		users := scenario.Request{URL: throughAmbassador, Header: "X-Key", Keys: 2000, Rate: 400}
		var expected map[string]string
		// compare asks in each pod which arm users have.
		compare := func(when string) {
			pods := s.Pods(namespace, webPods)
			for _, pod := range pods {
				client := s.ClientIn(pod)
				client.WaitAnswers(throughAmbassador)
				arms := owners(s, client, users)
				for user, answered := range arms {
					arms[user], _, _ = strings.Cut(answered, "-")
				}
				if expected == nil {
					expected = arms
				}
				if changed := moved(expected, arms); len(changed) > 0 || len(pods) != 3 {
					s.Fatalf("%s, %d of %d users have another arm in %s, one of %d pods", when, len(changed), len(expected), pod.Name, len(pods))
				}
			}
		}
		compare("at first")
		few := 0
		for _, arm := range expected {
			if arm == "two" {
				few++
			}
		}
		if few < 160 || few > 240 {
			s.Fatalf("%d of %d users have the arm with 10 %%", few, len(expected))
		}
		s.Restart(namespace, "deployment/web")
		compare("after a restart")
		return fmt.Sprintf("10 %% were %d of %d users, the same in three pods and the three that replaced them", few, len(expected))
	})
}
