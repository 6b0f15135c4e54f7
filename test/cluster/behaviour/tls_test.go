package behaviour

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/patternctl/patternctl/test/cluster/internal/pki"
	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// certificates are of one authority, by which all of them are trusted.
type certificates struct {
	s         *scenario.Scenario
	dir       string
	authority *pki.Authority
	trust     string
}

func newCertificates(s *scenario.Scenario) *certificates {
	s.Helper()
	dir := s.TempDir()
	authority, err := pki.New(dir)
	if err != nil {
		s.Fatal(err)
	}
	c := &certificates{s: s, dir: dir, authority: authority}
	c.trust = string(c.file("ca.crt"))
	return c
}

func (c *certificates) file(name string) []byte {
	c.s.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.s.Fatal(err)
	}
	return text
}

// secret is one with a new certificate for web.
func (c *certificates) secret(namespace string) *core.Secret {
	c.s.Helper()
	if err := c.authority.Issue("web", pki.Subject{Name: "web", Hosts: []string{"web"}}); err != nil {
		c.s.Fatal(err)
	}
	return &core.Secret{
		ObjectMeta: meta.ObjectMeta{Name: "web-tls", Namespace: namespace},
		Type:       core.SecretTypeTLS,
		Data:       map[string][]byte{core.TLSCertKey: c.file("web.crt"), core.TLSPrivateKeyKey: c.file("web.key")},
	}
}

// rotate replaces the certificate while requests are sent, waits until none gets the one from before, and returns how those
// requests ended: none may have failed, and nothing restarted.
func (c *certificates) rotate(namespace string, client *scenario.Client, request scenario.Request, before string) scenario.Responses {
	c.s.Helper()
	stream := request
	stream.Rate = 50
	load := client.Load(stream)
	if _, err := c.s.Kube.CoreV1().Secrets(namespace).Update(c.s.Context(), c.secret(namespace), meta.UpdateOptions{}); err != nil {
		c.s.Fatal(err)
	}
	// The kubelet looks at a pod's Secrets when something about the pod changes, and otherwise about once a minute.
	c.s.Kubectl("--namespace", namespace, "annotate", "pods", "--selector", webPods, "test=rotated")
	c.s.Wait("the other certificate to be served by all", func() string {
		for _, r := range client.Request(request) {
			if r.Certificate == before {
				return "the first one is"
			}
		}
		return ""
	})
	responses := load.Stop()
	if len(responses.Failed()) > 0 {
		c.s.Fatal(responses)
	}
	for _, pod := range c.s.Pods(namespace, webPods) {
		for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			if status.RestartCount > 0 {
				c.s.Fatalf("%s of %s has restarted", status.Name, pod.Name)
			}
		}
	}
	return responses
}

// startSecure starts web, which listens on loopback alone, behind TLS proxies. It gives a client and what the client
// asks.
func startSecure(s *scenario.Scenario, namespace string) (*scenario.Client, scenario.Request, *certificates) {
	s.Helper()
	certificates := newCertificates(s)
	if _, err := s.Kube.CoreV1().Secrets(namespace).Create(s.Context(), certificates.secret(namespace), meta.CreateOptions{}); err != nil {
		s.Fatal(err)
	}
	s.Apply(generate(s, fmt.Sprintf(`
name: %[1]q
replicated: web: {
	container: {
		image: %[2]q
		args: ["serve", "-address", "127.0.0.1:8080"]
		port: 8080
		probes: {readiness: path: "/readyz", liveness: path: "/livez"}
		writable: ["/tmp"]
		resources: {cpu: "10m", memory: "64Mi"}
	}
	tlsProxy: {secret: "web-tls", resources: {cpu: "10m", memory: "64Mi"}}
	allow: from: namespaces: [%[1]q]
}`, namespace, kubernetes.App)))
	client := s.Client(namespace)
	s.WaitReady(namespace)
	request := scenario.Request{URL: "https://web:8443/", Trust: certificates.trust, Rounds: 50}
	s.Wait("HTTPS to be answered", func() string {
		if responses := client.Request(request); len(responses.Failed()) > 0 {
			return responses.String()
		}
		return ""
	})
	return client, request, certificates
}

func TestTLSProxyIsTheWayIn(t *testing.T) {
	t.Parallel()
	prove(t, "sidecar", "TLS in front of an application on loopback is the only way to it", func(s *scenario.Scenario, namespace string) string {
		client, request, _ := startSecure(s, namespace)
		responses := client.Request(request)
		if len(responses.Failed()) > 0 || len(responses.Pods()) != 2 {
			s.Fatal(responses, responses.Pods())
		}
		for _, pod := range s.Pods(namespace, webPods) {
			for _, port := range []int{8080, 8443} {
				if r := client.Get(fmt.Sprintf("http://%s:%d/", pod.Status.PodIP, port)); r.OK() {
					s.Fatalf("%s answers plain HTTP on port %d", pod.Name, port)
				}
			}
		}
		return "50 HTTPS requests, answered by two pods; none answers plain HTTP, neither on its application's port nor on the proxy's"
	})
}

func TestTLSProxyRotation(t *testing.T) {
	t.Parallel()
	prove(t, "sidecar", "a certificate that is replaced is served, and no request fails", func(s *scenario.Scenario, namespace string) string {
		client, request, certificates := startSecure(s, namespace)
		before := client.Request(request)[0].Certificate
		responses := certificates.rotate(namespace, client, request, before)
		return fmt.Sprintf("%d HTTPS requests while the certificate was replaced, none failed and nothing restarted", len(responses))
	})
}
