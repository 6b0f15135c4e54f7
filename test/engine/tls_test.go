package engine

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/generator"
)

// startTLSProxy starts a container, and a TLS proxy in front of it with the
// certificate number 1.
func startTLSProxy(t *testing.T) (*proxy, *shard, secret) {
	t.Helper()
	sources := generator.Sources{Files: []generator.Source{{Name: "demo.cue", Text: []byte(`
name: "demo"
replicated: web: {
	container: {image: "ghcr.io/acme/web:1.4.2", port: 8080}
	tlsProxy: secret: "web-tls"
	allow: from: namespaces: ["ingress"]
}`)}}}
	file := func(name string) string {
		for _, text := range configurations(t, sources, "", name) {
			return text
		}
		t.Fatalf("the spec has no %s", name)
		return ""
	}
	s := newSecret(t)
	config := s.mounted(t, file("haproxy.cfg"), file("certificate.lua"))
	container := newShards(t, 1)[0]
	container.name = "container"
	p := start(t, config, []*shard{container})
	p.https(s)
	return p, container, s
}

// serial is the number of the certificate that a new connection gets.
func (p *proxy) serial(t *testing.T, trusted *x509.CertPool) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{RootCAs: trusted, ServerName: "web.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestTLSProxyTellsContainer(t *testing.T) {
	p, container, _ := startTLSProxy(t)
	if got := ask(p.client, get(p.url+"/")); got.status != http.StatusOK {
		t.Fatalf("answered with %d %s", got.status, got.body)
	}
	header := container.lastRequest().Header
	if header.Get("X-Forwarded-Proto") != "https" || header.Get("X-Forwarded-For") != "127.0.0.1" {
		t.Errorf("the container was told %v", header)
	}
	plain := strings.Replace(p.url, "https://", "http://", 1)
	if got := ask(&http.Client{Timeout: 5 * time.Second}, get(plain+"/")); got.status == http.StatusOK {
		t.Error("it speaks plain HTTP")
	}
}

// keepAsking makes a function that sends a request, which must be answered, and
// one that fails unless all requests used the connection of the first.
func keepAsking(t *testing.T, p *proxy) (send, used func()) {
	asked, reused := 0, 0
	trace := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		if c.Reused {
			reused++
		}
	}}
	request := get(p.url + "/")
	request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
	send = func() {
		t.Helper()
		asked++
		if got := ask(p.client, request); got.status != http.StatusOK {
			t.Fatalf("request %d is answered with %d %s", asked, got.status, got.body)
		}
	}
	used = func() {
		t.Helper()
		if reused != asked-1 {
			t.Errorf("of %d requests only %d used the connection of the first", asked, reused)
		}
	}
	return send, used
}

func TestTLSProxyServesAnotherCertificate(t *testing.T) {
	p, _, s := startTLSProxy(t)
	send, used := keepAsking(t, p)
	send()
	for serial := int64(2); serial <= 4; serial++ {
		s.put(t, serial)
		eventually(t, "the other certificate is served", func() bool {
			send()
			return p.serial(t, s.trusted) == serial
		})
	}
	// What is no certificate changes nothing, and the next one counts again.
	s.replace(t, map[string][]byte{"tls.crt": []byte("nothing"), "tls.key": []byte("nothing")})
	time.Sleep(2500 * time.Millisecond)
	if got := p.serial(t, s.trusted); got != 4 {
		t.Errorf("with a broken Secret number %d is served, not the last good one", got)
	}
	s.put(t, 5)
	eventually(t, "the next certificate is served", func() bool { return p.serial(t, s.trusted) == 5 })
	send()
	used()
}

func TestTLSProxyIsReadyWithContainer(t *testing.T) {
	p, container, _ := startTLSProxy(t)
	container.stop()
	eventually(t, "it is not ready", func() bool { return p.status("/readyz") == http.StatusServiceUnavailable })
	if got := p.status("/livez"); got != http.StatusOK {
		t.Errorf("it is not alive without the container: %d", got)
	}
	container.start(t)
	eventually(t, "it is ready again", func() bool { return p.status("/readyz") == http.StatusOK })
}
