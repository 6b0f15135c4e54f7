package behaviour

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	core "k8s.io/api/core/v1"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// shards is a sharded server, with something more in its instance.
func shards(namespace string, count int, more string) string {
	return fmt.Sprintf(`
name: %[1]q
sharded: keys: {
	container: {
		image: %[2]q
		args: ["serve", "-data", "/data"]
		port: 8080
		probes: {readiness: path: "/readyz", liveness: path: "/livez"}
		resources: {cpu: "10m", memory: "64Mi"}
	}
	shards: %[3]d
	hash: header: "X-Key"
	router: {replicas: 3, resources: {cpu: "10m", memory: "128Mi"}}
	shutdown: delaySeconds: 5
	allow: from: namespaces: [%[1]q]
	%[4]s
}
`, namespace, kubernetes.App, count, more)
}

const (
	store = `
	storage: size: "16Mi"
	fsGroup: 65532
	acceptPartialOutage: true`
	cache = `
	role: "cache"
	container: writable: ["/data"]`

	shardPods  = "app.kubernetes.io/name=keys,app.kubernetes.io/component=shard"
	routerPods = "app.kubernetes.io/name=keys,app.kubernetes.io/component=router"
)

// manyKeys asks the router for the owner of each of many keys.
var manyKeys = scenario.Request{URL: "http://keys:8080/", Header: "X-Key", Keys: 1000, Rate: 400}

// startShards applies a spec of shards, waits for it and gives a client.
func startShards(s *scenario.Scenario, namespace string, count int, more string) *scenario.Client {
	s.Helper()
	s.Apply(generate(s, shards(namespace, count, more)))
	client := s.Client(namespace)
	s.WaitReady(namespace)
	s.Wait("the routers to agree that all shards are up", func() string {
		request := manyKeys
		request.Keys, request.Rounds = 200, 3
		responses := client.Request(request)
		if len(responses.Failed()) > 0 {
			return responses.String()
		}
		owners, up := responses.Owners(), map[string]bool{}
		for _, r := range responses {
			if shardOf(r.Pod) != shardOf(owners[r.Key]) {
				return fmt.Sprintf("%s answers for %s, and so does %s", r.Pod, r.Key, owners[r.Key])
			}
			up[shardOf(r.Pod)] = true
		}
		if len(up) < count {
			return fmt.Sprintf("%d shards answer", len(up))
		}
		return ""
	})
	return client
}

// shardOf is the shard that a pod belongs to: keys-shard-1 of keys-shard-1-6f4486c574-v5bxx, which has replicas.
func shardOf(pod string) string {
	return regexp.MustCompile(`^keys-shard-\d+`).FindString(pod)
}

// owners asks for the owner of each key; all requests must be answered.
func owners(s *scenario.Scenario, client *scenario.Client, request scenario.Request) map[string]string {
	s.Helper()
	responses := client.Request(request)
	if len(responses.Failed()) > 0 {
		s.Fatal(responses)
	}
	return responses.Owners()
}

// moved are the keys that have another owner now.
func moved(before, after map[string]string) []string {
	var keys []string
	for key, owner := range before {
		if after[key] != owner {
			keys = append(keys, key)
		}
	}
	return keys
}

// shareOf counts the keys that moved when a newcomer made count pods of those that were there: all must have moved to it,
// and at least one, but at most half more than its part.
func shareOf(s *scenario.Scenario, newcomer string, count int, before, after map[string]string) int {
	s.Helper()
	keys := moved(before, after)
	for _, key := range keys {
		if after[key] != newcomer {
			s.Fatalf("%s moved from %s to %s", key, before[key], after[key])
		}
	}
	if bound := len(before) * 3 / 2 / count; len(keys) == 0 || len(keys) > bound {
		s.Fatalf("%d of %d keys moved, more than none and at most %d should", len(keys), len(before), bound)
	}
	return len(keys)
}

func TestShardedRouters(t *testing.T) {
	t.Parallel()
	prove(t, "sharded", "a key has the same shard on every router, and after they have restarted", func(s *scenario.Scenario, namespace string) string {
		client := startShards(s, namespace, 4, store)
		expected := owners(s, client, manyKeys)
		routers := s.Pods(namespace, routerPods)
		if len(routers) != 3 {
			s.Fatalf("there are %d routers", len(routers))
		}
		s.Restart(namespace, "deployment/keys-router")
		for _, router := range append(routers[:0:0], s.Pods(namespace, routerPods)...) {
			request := manyKeys
			request.URL = "http://" + router.Status.PodIP + ":8080/"
			if keys := moved(expected, owners(s, client, request)); len(keys) > 0 {
				s.Fatalf("%d of %d keys have another shard on %s", len(keys), len(expected), router.Name)
			}
		}
		return fmt.Sprintf("0 of %d keys moved over three routers and their restart", len(expected))
	})
}

func TestShardedAddresses(t *testing.T) {
	t.Parallel()
	prove(t, "sharded", "a key keeps its shard and its value when shards get other addresses", func(s *scenario.Scenario, namespace string) string {
		client := startShards(s, namespace, 3, store)
		write := manyKeys
		write.URL, write.Method, write.Body = "http://keys:8080/values/{key}", http.MethodPut, "value of {key}"
		write.Keys = 300
		expected := owners(s, client, write)
		before := addresses(s.Pods(namespace, shardPods))
		for _, pod := range s.Pods(namespace, shardPods) {
			s.Kill(pod)
		}
		s.WaitReady(namespace)
		for name, address := range addresses(s.Pods(namespace, shardPods)) {
			if before[name] == address {
				s.Fatalf("%s has kept its address %s, which shows nothing", name, address)
			}
		}
		read := write
		read.Method, read.Body = http.MethodGet, ""
		s.Wait("the shards to answer", func() string {
			if responses := client.Request(read); len(responses.Failed()) > 0 {
				return responses.String()
			}
			return ""
		})
		responses := client.Request(read)
		for _, r := range responses {
			if r.Value != "value of "+r.Key {
				s.Fatalf("%s has the value %q", r.Key, r.Value)
			}
		}
		if keys := moved(expected, responses.Owners()); len(keys) > 0 {
			s.Fatalf("%d of %d keys moved", len(keys), len(expected))
		}
		return fmt.Sprintf("0 of %d keys moved, all values there, after three shards were killed and came back elsewhere", len(expected))
	})
}

func addresses(pods []core.Pod) map[string]string {
	found := map[string]string{}
	for _, pod := range pods {
		found[pod.Name] = pod.Status.PodIP
	}
	return found
}

func TestShardedStoreLosesShard(t *testing.T) {
	t.Parallel()
	prove(t, "sharded", "the loss of a store's shard touches its keys only", func(s *scenario.Scenario, namespace string) string {
		client := startShards(s, namespace, 3, store)
		expected := owners(s, client, manyKeys)
		s.Kubectl("--namespace", namespace, "scale", "statefulset/keys-shard", "--replicas=2")
		s.WaitReady(namespace)
		const lost = "keys-shard-2"
		request := manyKeys
		request.Timeout = 20 * time.Second
		failed := map[string]bool{}
		for _, r := range client.Request(request) {
			switch {
			case expected[r.Key] == lost && r.OK():
				s.Fatalf("%s was answered by %s while its shard was gone", r.Key, r.Pod)
			case expected[r.Key] == lost:
				failed[r.Key] = true
			case !r.OK() || r.Pod != expected[r.Key]:
				s.Fatalf("%s is on %s, which is up, and got status %d from %q %s", r.Key, expected[r.Key], r.Status, r.Pod, r.Error)
			}
		}
		if len(failed) == 0 {
			s.Fatalf("%s has none of the keys, which shows nothing", lost)
		}
		s.Kubectl("--namespace", namespace, "scale", "statefulset/keys-shard", "--replicas=3")
		s.WaitReady(namespace)
		s.WaitFor(time.Minute, "the keys to be back", func() string {
			if keys := moved(expected, client.Request(manyKeys).Owners()); len(keys) > 0 {
				return fmt.Sprintf("%d keys are not where they were", len(keys))
			}
			return ""
		})
		return fmt.Sprintf("the %d of %d keys of the lost shard failed, no other, and were back where they were with it", len(failed), len(expected))
	})
}

func TestShardedCacheLosesShard(t *testing.T) {
	t.Parallel()
	prove(t, "sharded", "a cache's keys find another shard when theirs is down, and come back", func(s *scenario.Scenario, namespace string) string {
		client := startShards(s, namespace, 3, cache)
		expected := owners(s, client, manyKeys)
		victim := s.Pods(namespace, shardPods)[0]
		address := "http://" + victim.Status.PodIP + ":8080"
		client.Request(scenario.Request{Method: http.MethodPost, URL: address + "/ready?on=false"})
		took := s.WaitFor(time.Minute, "the keys to be served by others", func() string {
			responses := client.Request(manyKeys)
			if n := responses.Pods()[victim.Name]; n > 0 {
				return fmt.Sprintf("%s answered %d of %d requests", victim.Name, n, len(responses))
			}
			return ""
		})
		during := owners(s, client, manyKeys)
		for _, key := range moved(expected, during) {
			if expected[key] != victim.Name {
				s.Fatalf("%s moved from %s, which is up", key, expected[key])
			}
		}
		client.Request(scenario.Request{Method: http.MethodPost, URL: address + "/ready"})
		s.WaitFor(time.Minute, "the keys to come back", func() string {
			if keys := moved(expected, client.Request(manyKeys).Owners()); len(keys) > 0 {
				return fmt.Sprintf("%d keys are elsewhere", len(keys))
			}
			return ""
		})
		return fmt.Sprintf("%d of %d keys moved within %.0f s, those of the shard that was down, and came back", len(moved(expected, during)), len(expected), took.Seconds())
	})
}

// killUnderLoad kills a shard while requests for many keys are sent, waits until it is back, and returns the requests that
// failed, the shard, and the owners of the keys.
func killUnderLoad(s *scenario.Scenario, client *scenario.Client, namespace string) (failed scenario.Responses, victim string, expected map[string]string) {
	s.Helper()
	request := manyKeys
	request.Keys, request.Rate = 200, 100
	expected = owners(s, client, request)
	load := client.Load(request)
	time.Sleep(2 * time.Second)
	pod := s.Pods(namespace, shardPods)[0]
	s.Kill(pod)
	s.WaitReady(namespace)
	time.Sleep(5 * time.Second)
	return load.Stop().Failed(), pod.Name, expected
}

func TestShardedReplicas(t *testing.T) {
	t.Parallel()
	prove(t, "sharded", "with two replicas of each shard the loss of one is not seen", func(s *scenario.Scenario, namespace string) string {
		client := startShards(s, namespace, 2, "\treplicas: 2\n\tcontainer: writable: [\"/data\"]\n\trole: \"cache\"")
		failed, _, expected := killUnderLoad(s, client, namespace)
		// What the killed pod was answering is lost with it.
		if len(failed) > 1 {
			s.Fatalf("%d requests failed, the first with status %d %s", len(failed), failed[0].Status, failed[0].Error)
		}
		return fmt.Sprintf("%d requests failed while one of four pods was killed, %d keys", len(failed), len(expected))
	})
}

func TestShardedGrows(t *testing.T) {
	t.Parallel()
	prove(t, "sharded", "one more shard takes keys, and none moves between the others", func(s *scenario.Scenario, namespace string) string {
		client := startShards(s, namespace, 4, store)
		before := owners(s, client, manyKeys)
		s.Apply(generate(s, shards(namespace, 5, store)))
		s.WaitReady(namespace)
		time.Sleep(15 * time.Second) // the old routers take requests until they have drained
		after := owners(s, client, manyKeys)
		share := shareOf(s, "keys-shard-4", 5, before, after)
		return fmt.Sprintf("%d of %d keys moved, all of them to the fifth shard (a fifth would be %d)", share, len(before), len(before)/5)
	})
}

func TestShardedUpdate(t *testing.T) {
	t.Parallel()
	prove(t, "sharded", "a rolling update never takes two shards down", func(s *scenario.Scenario, namespace string) string {
		startShards(s, namespace, 3, store)
		s.Apply(generate(s, shards(namespace, 3, store+"\n\tcontainer: env: RELEASE: \"2\"")))
		least := 3
		s.Wait("the update", func() string {
			ready := 0
			updated := 0
			for _, pod := range s.Pods(namespace, shardPods) {
				if scenario.Ready(pod) {
					ready++
				}
				if len(pod.Spec.Containers[0].Env) > 0 {
					updated++
				}
			}
			least = min(least, ready)
			if least < 2 {
				s.Fatalf("only %d of 3 shards are ready", least)
			}
			if updated < 3 || ready < 3 {
				return fmt.Sprintf("%d of 3 shards are updated, %d ready", updated, ready)
			}
			return ""
		})
		if least == 3 {
			s.Fatal("no shard was ever down, so the update was not seen")
		}
		return "at any time at least two of three shards were ready"
	})
}
