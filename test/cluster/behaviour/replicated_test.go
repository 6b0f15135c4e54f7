package behaviour

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// server is the container of a server in a spec, with something more in it.
func server(more string) string {
	return fmt.Sprintf(`container: {
		image: %q
		args: ["serve"]
		port:  8080
		probes: {readiness: path: "/readyz", liveness: path: "/livez"}
		writable: ["/tmp"]
		resources: {cpu: "10m", memory: "64Mi"}
		%s
	}`, kubernetes.App, more)
}

// web is a replicated server, with something more in its container.
func web(namespace, more string) string {
	return fmt.Sprintf(`
name: %[1]q
replicated: web: {
	%[2]s
	replicas: 3
	allow: from: namespaces: [%[1]q]
}
`, namespace, server(more))
}

const webPods = "app.kubernetes.io/name=web"

// startWeb applies a spec of web, waits for it and gives a client.
func startWeb(s *scenario.Scenario, namespace, more string) *scenario.Client {
	s.Helper()
	s.Apply(generate(s, web(namespace, more)))
	client := s.Client(namespace)
	s.WaitReady(namespace)
	client.WaitAnswers("http://web:8080/")
	return client
}

func TestReplicatedTraffic(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "every replica gets traffic", func(s *scenario.Scenario, namespace string) string {
		client := startWeb(s, namespace, "")
		responses := client.Request(scenario.Request{URL: "http://web:8080/", Rounds: 300})
		if len(responses.Failed()) > 0 || len(responses.Pods()) != 3 {
			s.Fatal(responses, responses.Pods())
		}
		var shares []string
		for _, pod := range s.Pods(namespace, webPods) {
			n := responses.Pods()[pod.Name]
			if n < 50 {
				s.Errorf("%s answered %d of 300 requests", pod.Name, n)
			}
			shares = append(shares, fmt.Sprint(n))
		}
		return "300 requests, answered by three pods: " + strings.Join(shares, ", ")
	})
}

func TestReplicatedUnready(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "an unready replica gets no traffic, and gets it again when it is ready", func(s *scenario.Scenario, namespace string) string {
		client := startWeb(s, namespace, "")
		pod := s.Pods(namespace, webPods)[0]
		address := "http://" + pod.Status.PodIP + ":8080"
		client.Request(scenario.Request{Method: http.MethodPost, URL: address + "/ready?on=false"})
		answers := func() int {
			responses := client.Request(scenario.Request{URL: "http://web:8080/", Rounds: 100})
			if len(responses.Failed()) > 0 {
				s.Fatal(responses)
			}
			return responses.Pods()[pod.Name]
		}
		gone := s.WaitFor(time.Minute, "the replica to be out of the Service", func() string {
			if n := answers(); n > 0 {
				return fmt.Sprintf("it answered %d of 100 requests", n)
			}
			return ""
		})
		s.Observe(5*time.Second, func() string {
			if n := answers(); n > 0 {
				return fmt.Sprintf("the unready replica answered %d of 100 requests", n)
			}
			return ""
		})
		client.Request(scenario.Request{Method: http.MethodPost, URL: address + "/ready"})
		s.WaitFor(time.Minute, "the replica to be back", func() string {
			if answers() == 0 {
				return "it answered none of 100 requests"
			}
			return ""
		})
		return fmt.Sprintf("no request after %.0f s; the others answered all", gone.Seconds())
	})
}

func TestReplicatedUpdate(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "a rolling update under load fails no request", func(s *scenario.Scenario, namespace string) string {
		client := startWeb(s, namespace, "")
		before := client.Request(scenario.Request{URL: "http://web:8080/", Rounds: 100}).Pods()
		load := client.Load(scenario.Request{URL: "http://web:8080/", Rate: 50})
		start := time.Now()
		s.Apply(generate(s, web(namespace, `env: RELEASE: "2"`)))
		s.WaitReady(namespace)
		took := time.Since(start)
		time.Sleep(20 * time.Second) // the old pods take requests until they have drained
		responses := load.Stop()
		if len(responses.Failed()) > 0 {
			s.Fatal(responses)
		}
		old, updated := 0, 0
		for pod, n := range responses.Pods() {
			if before[pod] > 0 {
				old += n
			} else {
				updated += n
			}
		}
		if old == 0 || updated == 0 {
			s.Fatalf("the load didn't see the update: old pods answered %d requests, updated ones %d", old, updated)
		}
		return fmt.Sprintf("%d requests in an update of %.0f s, none failed", len(responses), took.Seconds())
	})
}

func TestReplicatedNodeLoss(t *testing.T) {
	prove(t, "replicated", "the loss of a node is survived", func(s *scenario.Scenario, namespace string) string {
		s.NodesToDisturb(2)
		client := startWeb(s, namespace, "")
		lost := ""
		for _, pod := range s.Pods(namespace, webPods) {
			if pod.Spec.NodeName != client.Node() {
				lost = pod.Spec.NodeName
			}
		}
		if lost == "" {
			s.Fatal("all replicas are on the client's node: they aren't spread")
		}
		s.KillNode(lost)
		took := s.WaitFor(2*time.Minute, "all requests to be answered", func() string {
			responses := client.Request(scenario.Request{URL: "http://web:8080/", Rounds: 50, Rate: 50, Timeout: time.Second})
			if len(responses.Failed()) > 0 {
				return responses.String()
			}
			return ""
		})
		return fmt.Sprintf("all requests answered %.0f s after the power went", took.Seconds())
	})
}
