package behaviour

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// beside is a sidecar that answers on a port of its own.
func beside() string {
	return fmt.Sprintf(`sidecars: beside: {
	image: %q
	args: ["serve", "-address", ":9000"]
	port: 9000
	probes: {readiness: path: "/readyz", liveness: path: "/livez"}
	writable: ["/tmp"]
	resources: {cpu: "10m", memory: "32Mi"}
}`, kubernetes.App)
}

// startBeside applies a spec of web with a sidecar, and gives a client and one of the pods.
func startBeside(s *scenario.Scenario, namespace string) (*scenario.Client, core.Pod) {
	s.Helper()
	s.Apply(generate(s, web(namespace, "")+"\nreplicated: web: "+beside()))
	client := s.Client(namespace)
	s.WaitReady(namespace)
	client.WaitAnswers("http://web:8080/")
	return client, s.Pods(namespace, webPods)[0]
}

func TestSidecarRestarts(t *testing.T) {
	t.Parallel()
	prove(t, "sidecar", "a sidecar dies and comes back without restarting the application", func(s *scenario.Scenario, namespace string) string {
		client, pod := startBeside(s, namespace)
		application, sidecar := "http://"+pod.Status.PodIP+":8080/", "http://"+pod.Status.PodIP+":9000/"
		before, beforeSidecar := client.Get(application), client.Get(sidecar)
		load := client.Load(scenario.Request{URL: application, Rate: 50})
		client.Request(scenario.Request{Method: http.MethodPost, URL: sidecar + "exit"})
		took := s.WaitFor(time.Minute, "the sidecar to be back", func() string {
			if r := client.Get(sidecar); !r.OK() || r.Boot == beforeSidecar.Boot {
				return "it is not"
			}
			return ""
		})
		responses := load.Stop()
		if len(responses.Failed()) > 0 {
			s.Fatal(responses)
		}
		if after := client.Get(application); after.Boot != before.Boot {
			s.Fatal("the application has restarted")
		}
		return fmt.Sprintf("the sidecar answered again after %.0f s; the application answered all of %d requests and had not restarted", took.Seconds(), len(responses))
	})
}

func TestSidecarOutlives(t *testing.T) {
	t.Parallel()
	prove(t, "sidecar", "a sidecar outlives the application when the pod is stopped", func(s *scenario.Scenario, namespace string) string {
		client, pod := startBeside(s, namespace)
		request := scenario.Request{Rate: 20, Timeout: time.Second}
		request.URL = "http://" + pod.Status.PodIP + ":8080/"
		application := client.Load(request)
		request.URL = "http://" + pod.Status.PodIP + ":9000/"
		sidecar := client.Load(request)
		s.Delete(pod)
		s.Wait("the pod to be gone", func() string {
			for _, other := range s.AllPods(namespace, webPods) {
				if other.Name == pod.Name {
					return "it is there"
				}
			}
			return ""
		})
		lastApplication, lastSidecar := last(application.Stop()), last(sidecar.Stop())
		if !lastSidecar.After(lastApplication) {
			s.Fatalf("the application last answered at %s, the sidecar at %s", lastApplication, lastSidecar)
		}
		return fmt.Sprintf("the sidecar answered for %.1f s longer than the application", lastSidecar.Sub(lastApplication).Seconds())
	})
}

// last is when the last request was sent that was answered as it should be.
func last(responses scenario.Responses) time.Time {
	var at time.Time
	for _, r := range responses {
		if r.OK() && r.At.After(at) {
			at = r.At
		}
	}
	return at
}

func TestSidecarJob(t *testing.T) {
	t.Parallel()
	prove(t, "sidecar", "a Job with a sidecar completes", func(s *scenario.Scenario, namespace string) string {
		s.Apply(generate(s, queue(namespace, `"one", "two"`, beside())))
		job := s.WaitJob(namespace)
		if !condition(job, batch.JobComplete) {
			s.Fatalf("the Job has ended with %+v", job.Status)
		}
		return fmt.Sprintf("complete after %.0f s", job.Status.CompletionTime.Sub(job.Status.StartTime.Time).Seconds())
	})
}
