package behaviour

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// singleton is a server of which there is one.
func singleton(namespace string) string {
	return fmt.Sprintf(`
name: %[1]q
election: one: {
	container: {
		image: %[2]q
		args: ["serve"]
		port: 8080
		probes: {readiness: path: "/readyz", liveness: path: "/livez", startupSeconds: 10, stuckSeconds: 10}
		writable: ["/tmp"]
		resources: {cpu: "10m", memory: "64Mi"}
	}
	singleton: unreadySeconds: 5
	shutdown: {delaySeconds: 0, drainSeconds: 5}
	allow: from: namespaces: [%[1]q]
}
`, namespace, kubernetes.App)
}

// Those that singleton's failover output has: how long it may be away after a crash, and when its pod moves.
const (
	crashBound = 10 * time.Second
	moveBound  = (5 + 5 + 10) * time.Second
)

const singletonPods = "app.kubernetes.io/name=one"

// failoverBound is what a StatefulSet says about how long nobody is in charge at most.
func failoverBound(s *scenario.Scenario, namespace string) time.Duration {
	s.Helper()
	set, err := s.Kube.AppsV1().StatefulSets(namespace).Get(s.Context(), "one", meta.GetOptions{})
	if err != nil {
		s.Fatal(err)
	}
	said := set.Annotations["kubernetes.io/description"]
	match := regexp.MustCompile(`away for at most (\d+) seconds`).FindStringSubmatch(said)
	if match == nil {
		s.Fatalf("the StatefulSet says no bound: %q", said)
	}
	bound, err := time.ParseDuration(match[1] + "s")
	if err != nil {
		s.Fatal(err)
	}
	return bound
}

// onlyOne fails if a singleton has several pods, even if some of them are being ended.
func onlyOne(s *scenario.Scenario, namespace string) core.Pod {
	s.Helper()
	pods := s.AllPods(namespace, singletonPods)
	if len(pods) > 1 {
		s.Fatalf("%s and %s are there at the same time", pods[0].Name, pods[1].Name)
	}
	if len(pods) == 0 {
		return core.Pod{}
	}
	return pods[0]
}

// waitReplaced waits until another pod than this is ready, and says how long it took.
func waitReplaced(s *scenario.Scenario, namespace string, old core.Pod, bound time.Duration) time.Duration {
	s.Helper()
	return s.WaitFor(bound, "another one in charge", func() string {
		switch pod := onlyOne(s, namespace); {
		case pod.UID == old.UID:
			return "the old one is still there"
		case !scenario.Ready(pod):
			return "the new one is not ready"
		}
		return ""
	})
}

func TestSingleton(t *testing.T) {
	t.Parallel()
	prove(t, "election", "a singleton that ends or moves comes back within its bound, and there are never two", func(s *scenario.Scenario, namespace string) string {
		s.Apply(generate(s, singleton(namespace)))
		client := s.Client(namespace)
		s.WaitReady(namespace)
		client.WaitAnswers("http://one:8080/")
		boots := []string{client.Get("http://one:8080/").Boot}
		load := client.Load(scenario.Request{URL: "http://one:8080/", Rate: 50, Timeout: time.Second})

		first := onlyOne(s, namespace)
		client.Request(scenario.Request{Method: http.MethodPost, URL: "http://one:8080/exit"})
		crashed := s.WaitFor(crashBound, "the container to be back", func() string {
			switch pod := onlyOne(s, namespace); {
			case pod.UID != first.UID:
				s.Fatal("the crash cost the pod")
			case pod.Status.ContainerStatuses[0].RestartCount == 0:
				return "it hasn't restarted"
			case !scenario.Ready(pod):
				return "it is not ready"
			}
			return ""
		})
		s.Delete(first)
		moved := waitReplaced(s, namespace, first, moveBound)
		time.Sleep(2 * time.Second) // every node hears of the new one

		for _, r := range load.Stop() {
			if !r.OK() || boots[len(boots)-1] == r.Boot {
				continue
			}
			if slices.Contains(boots, r.Boot) {
				s.Fatalf("%s answered again after another one had", r.Boot)
			}
			boots = append(boots, r.Boot)
		}
		if len(boots) != 3 {
			s.Fatalf("the load saw %d processes in charge instead of 3", len(boots))
		}
		return fmt.Sprintf("back %.0f s after a crash, %.0f s after its pod was deleted; three processes answered, one after the other", crashed.Seconds(), moved.Seconds())
	})
}

func TestSingletonNodeLoss(t *testing.T) {
	prove(t, "election", "a singleton on a silent node has no second, and is back when the node is known to be gone", func(s *scenario.Scenario, namespace string) string {
		s.NodesToDisturb(2)
		s.Apply(generate(s, singleton(namespace)))
		s.WaitReady(namespace)
		lost := onlyOne(s, namespace)
		s.KillNode(lost.Spec.NodeName)
		s.Wait("the pod to be given up", func() string {
			if onlyOne(s, namespace).DeletionTimestamp == nil {
				return "it is not told to end"
			}
			return ""
		})
		s.Observe(20*time.Second, func() string {
			if pod := onlyOne(s, namespace); pod.UID != lost.UID {
				return "another one started, and nobody knows whether the first has ended"
			}
			return ""
		})
		s.GiveUpNode(lost.Spec.NodeName)
		back := waitReplaced(s, namespace, lost, failoverBound(s, namespace))
		client := s.Client(namespace)
		client.WaitAnswers("http://one:8080/")
		return fmt.Sprintf("none started while the node was silent; back %.0f s after it was given up, with a bound of %.0f", back.Seconds(), failoverBound(s, namespace).Seconds())
	})
}
