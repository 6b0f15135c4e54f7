package behaviour

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

func TestHTTPS(t *testing.T) {
	t.Parallel()
	prove(t, "replicated", "routers speak HTTPS, bring plain HTTP to it, and serve a certificate that is replaced without failing a request", func(s *scenario.Scenario, namespace string) string {
		certificates := newCertificates(s)
		if _, err := s.Kube.CoreV1().Secrets(namespace).Create(s.Context(), certificates.secret(namespace), meta.CreateOptions{}); err != nil {
			s.Fatal(err)
		}
		s.Apply(generate(s, strings.Replace(web(namespace, ""), "replicas: 3", `replicas: 3
	tls: {secret: "web-tls", redirect: {}}
	router: resources: cpu: "10m"`, 1)))
		client := s.Client(namespace)
		s.WaitReady(namespace)
		request := scenario.Request{URL: "https://web:8443/", Trust: certificates.trust, Rounds: 50}
		s.Wait("HTTPS to be answered by all copies", func() string {
			responses := client.Request(request)
			if len(responses.Failed()) > 0 || len(responses.Pods()) != 3 {
				return fmt.Sprint(responses, responses.Pods())
			}
			return ""
		})
		// The client follows the redirect.
		plain := request
		plain.URL = "http://web:8080/"
		brought := client.Request(plain)
		for _, r := range brought {
			if !r.OK() || r.Certificate == "" {
				s.Fatalf("plain HTTP is answered with %d %s, and the certificate %q", r.Status, r.Error, r.Certificate)
			}
		}
		if r := client.Get("http://web:8443/"); r.Status == http.StatusOK {
			s.Fatal("the port for HTTPS speaks plain HTTP")
		}

		responses := certificates.rotate(namespace, client, request, brought[0].Certificate)
		return fmt.Sprintf("%d of %d plain requests were brought to HTTPS; %d HTTPS requests while the certificate was replaced, none failed and nothing restarted", len(brought), plain.Rounds, len(responses))
	})
}
