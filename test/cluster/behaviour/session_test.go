package behaviour

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// sessions is a replicated server with sessions of a kind.
func sessions(namespace, session string, replicas int) string {
	return strings.Replace(web(namespace, ""), "replicas: 3", fmt.Sprintf(`replicas: %d
	session: %s
	router: resources: cpu: "10m"`, replicas, session), 1)
}

// startSessions applies a spec of sessions, and gives a client when its router
// knows all copies.
func startSessions(s *scenario.Scenario, namespace, session string, replicas int) *scenario.Client {
	s.Helper()
	s.Apply(generate(s, sessions(namespace, session, replicas)))
	client := s.Client(namespace)
	s.WaitReady(namespace)
	client.WaitAnswers("http://web:8080/")
	s.Wait("the routers to know all copies", func() string {
		responses := client.Request(scenario.Request{URL: "http://web:8080/", Header: "X-User", Keys: 100})
		if len(responses.Failed()) > 0 || len(responses.Pods()) < replicas {
			return fmt.Sprint(responses, responses.Pods())
		}
		return ""
	})
	return client
}

// stayed fails if a user was answered by two pods, and returns whom each had.
func stayed(s *scenario.Scenario, responses scenario.Responses) map[string]string {
	s.Helper()
	if len(responses.Failed()) > 0 {
		s.Fatal(responses)
	}
	owners := responses.Owners()
	for _, r := range responses {
		if owners[r.Key] != r.Pod {
			s.Fatalf("%s was answered by %s and by %s", r.Key, r.Pod, owners[r.Key])
		}
	}
	return owners
}

// users are a hundred, who send twenty requests each.
var users = scenario.Request{URL: "http://web:8080/", Keys: 100, Rounds: 20}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "with a cookie users keep their replica when routers restart and one more replica comes", func(s *scenario.Scenario, namespace string) string {
		client := startSessions(s, namespace, "cookie: {}", 3)
		request := users
		request.Cookies = true
		owners := stayed(s, client.Request(request))
		request.Rate = 100
		load := client.Load(request)
		time.Sleep(2 * time.Second)
		s.Apply(generate(s, sessions(namespace, "cookie: {}", 4)))
		s.WaitReady(namespace)
		time.Sleep(20 * time.Second) // the old routers take requests until they have drained
		responses := load.Stop()
		stayed(s, responses)
		if n := len(client.Request(request).Pods()); n != 4 {
			s.Fatalf("new users went to %d of 4 replicas, which shows nothing", n)
		}
		return fmt.Sprintf("%d users kept theirs for 20 requests, and 0 of %d moved in %d more while two routers were replaced and a fourth replica came", len(owners), len(owners), len(responses))
	})
}

func TestSessionHeader(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "with a header users keep their replica, and one more replica takes its share", func(s *scenario.Scenario, namespace string) string {
		client := startSessions(s, namespace, `header: "X-User"`, 3)
		request := users
		request.Header = "X-User"
		before := stayed(s, client.Request(request))
		s.Apply(generate(s, sessions(namespace, `header: "X-User"`, 4)))
		s.WaitReady(namespace)
		time.Sleep(20 * time.Second) // the old routers take requests until they have drained
		after := stayed(s, client.Request(request))
		share := shareOf(s, "web-3", 4, before, after)
		return fmt.Sprintf("%d users kept theirs for 20 requests, and %d of them moved to a fourth (a fourth would be %d)", len(before), share, len(before)/4)
	})
}
