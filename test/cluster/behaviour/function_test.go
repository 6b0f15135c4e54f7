package behaviour

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// functions are two in front of one store, which differ in what becomes of what they refuse and of requests while the store
// is down.
func functions(namespace string) string {
	const function = `{
		mapping: "root.colour = this.colour.or(\"red\")"
		failMode: %q
		decorate: {
			target: replicated.store.endpoint.url
			timeoutSeconds: 5
			%s
		}
		timeoutSeconds: 10
		replicas: 2
		resources: {cpu: "10m", memory: "128Mi"}
		shutdown: delaySeconds: 5
		allow: from: namespaces: [%q]
	}`
	return fmt.Sprintf(`
name: %[1]q
replicated: store: {
	container: {
		image: %[2]q
		args: ["serve", "-data", "/data"]
		port: 8080
		writable: ["/data"]
		probes: {readiness: path: "/readyz", liveness: path: "/livez"}
		resources: {cpu: "10m", memory: "64Mi"}
	}
	shutdown: delaySeconds: 5
	allow: from: namespaces: [%[1]q]
}
environments: one: replicated: store: replicas: 1
function: {
	strict: %[3]s
	lenient: %[4]s
}
`, namespace, kubernetes.App, fmt.Sprintf(function, "closed", "", namespace), fmt.Sprintf(function, "open", `fallback: body: #"{"pod": "nobody"}"#`, namespace))
}

// startFunctions applies them, waits for them and gives a client.
func startFunctions(s *scenario.Scenario, namespace string) *scenario.Client {
	s.Helper()
	s.Apply(patternctl(s, functions(namespace), "generate", "-e", "one"))
	client := s.Client(namespace)
	s.WaitReady(namespace)
	for _, name := range []string{"strict", "lenient"} {
		client.WaitAnswers("http://" + name + ":8080/")
	}
	return client
}

// stored sends a body for each of many keys to one of the functions, and gives what the store has of them then.
func stored(s *scenario.Scenario, client *scenario.Client, function, body string) map[string]string {
	s.Helper()
	request := scenario.Request{URL: "http://" + function + ":8080/values/" + function + "-{key}", Method: http.MethodPut, Body: body, Keys: 100}
	client.Request(request)
	request.URL, request.Method, request.Body = "http://store:8080/values/"+function+"-{key}", http.MethodGet, ""
	values := map[string]string{}
	for _, r := range client.Request(request) {
		if r.Status != http.StatusOK && r.Status != http.StatusNotFound {
			s.Fatal(r)
		}
		values[r.Key] = r.Value
	}
	return values
}

func TestFunctionFillsIn(t *testing.T) {
	t.Parallel()
	prove(t, "function", "a missing field is filled in, one that is there is left alone, and what is refused gets through only if that is declared", func(s *scenario.Scenario, namespace string) string {
		client := startFunctions(s, namespace)
		for _, test := range []struct{ function, body, want string }{
			{"strict", "no JSON", ""},
			{"lenient", "no JSON", "no JSON"},
			{"strict", `{"name":"{key}"}`, `{"colour":"red","name":"%s"}`},
			{"strict", `{"colour":"{key}"}`, `{"colour":"%s"}`},
			{"lenient", `{"name":"{key}"}`, `{"colour":"red","name":"%s"}`},
		} {
			for key, value := range stored(s, client, test.function, test.body) {
				want := test.want
				if len(want) > 8 {
					want = fmt.Sprintf(want, key)
				}
				if value != want {
					s.Fatalf("%s made of %s for %s: %s, and not %s", test.function, test.body, key, value, want)
				}
			}
		}
		return "100 of 100 bodies without the field had it in the store, 100 of 100 with it were as they had been sent; of 100 that are no JSON none got through with failMode closed, and all with open"
	})
}

func TestFunctionServiceDown(t *testing.T) {
	t.Parallel()
	prove(t, "function", "a service that is down is answered for as declared, and the function stays ready", func(s *scenario.Scenario, namespace string) string {
		client := startFunctions(s, namespace)
		s.Kubectl("--namespace", namespace, "scale", "deployment/store", "--replicas=0")
		s.Wait("the store to be gone", func() string {
			if pods := s.AllPods(namespace, "app.kubernetes.io/name=store"); len(pods) > 0 {
				return fmt.Sprintf("%d pods are there", len(pods))
			}
			return ""
		})
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			request := scenario.Request{URL: "http://lenient:8080/values/x", Method: method, Body: "{}", Rounds: 50, Timeout: 20 * time.Second}
			if responses := client.Request(request); len(responses.Failed()) > 0 || responses.Pods()["nobody"] != 50 {
				s.Fatal(responses, responses.Pods())
			}
			request.URL = "http://strict:8080/values/x"
			for _, r := range client.Request(request) {
				if r.Status != http.StatusServiceUnavailable {
					s.Fatal(r)
				}
			}
		}
		for _, name := range []string{"strict", "lenient"} {
			for _, pod := range s.Pods(namespace, "app.kubernetes.io/name="+name) {
				if !scenario.Ready(pod) {
					s.Fatalf("%s is not ready", pod.Name)
				}
			}
		}
		s.Kubectl("--namespace", namespace, "scale", "deployment/store", "--replicas=1")
		for _, name := range []string{"strict", "lenient"} {
			s.Wait("the store to answer again", func() string {
				if responses := client.Request(scenario.Request{URL: "http://" + name + ":8080/"}); len(responses.Failed()) > 0 || responses.Pods()["nobody"] > 0 {
					return responses.String()
				}
				return ""
			})
		}
		return "with a fallback 100 of 100 requests got it, without one 100 of 100 got 503, and then the store answered again"
	})
}
