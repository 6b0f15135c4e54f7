package behaviour

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

func TestRateLimit(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "a user who sends ten times what is allowed gets what the limit says, and no other is refused", func(s *scenario.Scenario, namespace string) string {
		const rate, burst, routers = 10, 20, 2
		s.Apply(generate(s, strings.Replace(web(namespace, ""), "replicas: 3", fmt.Sprintf(`replicas: 3
	rateLimit: {rate: %d, burst: %d, key: header: "X-User"}
	router: {replicas: %d, resources: cpu: "10m"}`, rate, burst, routers), 1)))
		client := s.Client(namespace)
		s.WaitReady(namespace)
		users := scenario.Request{URL: "http://web:8080/", Header: "X-User", Keys: 11, Rate: 22}
		s.Wait("all users to be answered", func() string {
			if responses := client.Request(users); len(responses.Failed()) > 0 {
				return responses.String()
			}
			return ""
		})

		load := client.Load(users)
		flood := client.Request(scenario.Request{URL: users.URL, Header: "X-User", Rounds: 1000, Rate: 10 * rate})
		start, end := flood[0].At, flood[0].At
		admitted, others := 0, 0
		for _, r := range append(flood, load.Stop()...) {
			switch {
			case r.Key != "key-0" && r.OK():
				others++
			case r.Key != "key-0":
				s.Fatalf("%s, who sends 2 requests a second, is answered with %d %s", r.Key, r.Status, r.Error)
			case r.OK():
				admitted++
			case r.Status != http.StatusTooManyRequests:
				s.Fatalf("a request is answered with %d %s", r.Status, r.Error)
			}
			if r.At.Before(start) {
				start = r.At
			}
			if done := r.At.Add(r.Took); done.After(end) {
				end = done
			}
		}
		seconds := end.Sub(start).Seconds()
		most := routers * (burst + rate*seconds)
		if float64(admitted) > most || float64(admitted) < most/2 {
			s.Fatalf("%d requests were admitted in %.1f s; at most %.0f should be, and about as many", admitted, seconds, most)
		}
		return fmt.Sprintf("%d of %d requests admitted in %.1f s, with a bound of %d × (%d + %d × %.1f) = %.0f; of ten others' %d requests none was refused",
			admitted, len(flood), seconds, routers, burst, rate, seconds, most, others)
	})
}
