package engine

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"
)

// https makes the proxy's client one that speaks HTTPS and trusts a Secret's
// certificates.
func (p *proxy) https(s secret) {
	p.url = strings.Replace(p.url, "http://", "https://", 1)
	p.client.Transport = &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: s.trusted, ServerName: "web.example.com"},
		ForceAttemptHTTP2: true,
	}
}

// startHTTPS starts a router that speaks HTTPS in front of one copy, with these
// fields in tls, and others beside it.
func startHTTPS(t *testing.T, fields, others string) (*proxy, *copies, secret) {
	t.Helper()
	c := newCopies(t, 1)
	c.ready(1)
	s := newSecret(t)
	c.secret = &s
	p := c.router(t, `tls: {secret: "web-tls", `+fields+`}, `+others)
	follow(t, p, 1)
	p.https(s)
	return p, c, s
}

func TestHTTPS(t *testing.T) {
	p, c, s := startHTTPS(t, "hstsSeconds: 600", `session: cookie: {}, rateLimit: {rate: 0.1, burst: 2, key: header: "X-User"}`)
	response, err := p.client.Do(with(get(p.url+"/"), "X-Forwarded-Proto", "http"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 {
		t.Errorf("answered with %d in %s", response.StatusCode, response.Proto)
	}
	if got := response.Cookies(); len(got) != 1 || !got[0].Secure {
		t.Errorf("the cookies are %v, which plain HTTP may carry", got)
	}
	told := c.servers[0].lastRequest().Header
	if told.Get("X-Forwarded-Proto") != "https" || told.Get("X-Forwarded-For") != "127.0.0.1" {
		t.Errorf("the copy was told %v", told)
	}

	// Limits hold, and whatever the answer, it says that there is HTTPS only.
	statuses := map[int]int{}
	for range 3 {
		response, err := p.client.Do(get(p.url + "/"))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		statuses[response.StatusCode]++
		if got := response.Header.Get("Strict-Transport-Security"); got != "max-age=600" {
			t.Errorf("%d says Strict-Transport-Security: %q", response.StatusCode, got)
		}
	}
	if statuses[http.StatusOK] != 1 || statuses[http.StatusTooManyRequests] != 2 {
		t.Errorf("the answers were %v", statuses)
	}

	for version, ok := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		connection, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{
			RootCAs: s.trusted, ServerName: "web.example.com", MinVersion: tls.VersionTLS10, MaxVersion: version,
		})
		if ok != (err == nil) {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			connection.Close()
		}
	}
	if got := ask(&http.Client{Timeout: 5 * time.Second}, get(strings.Replace(p.url, "https://", "http://", 1))); got.status == http.StatusOK {
		t.Error("the port for HTTPS speaks plain HTTP")
	}
}

func TestHTTPSRedirect(t *testing.T) {
	for fields, port := range map[string]string{
		"redirect: {}":                     ":8443",
		"port: 9443, redirect: port: 8081": ":9443",
		"redirect: to: 443":                "",
		"redirect: to: 4443":               ":4443",
	} {
		t.Run(fields, func(t *testing.T) {
			t.Parallel()
			p, _, _ := startHTTPS(t, fields, "")
			request := get(p.plain + "/a/b?c=d%20e")
			request.Method, request.Host = http.MethodPost, "web.example.com:8080"
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			want := "https://web.example.com" + port + "/a/b?c=d%20e"
			if got := response.Header.Get("Location"); response.StatusCode != http.StatusPermanentRedirect || got != want {
				t.Errorf("plain HTTP is answered with %d %q, not with %q", response.StatusCode, got, want)
			}
			if got := ask(p.client, get(p.url+"/")); got.status != http.StatusOK {
				t.Errorf("HTTPS is answered with %d %s", got.status, got.body)
			}
		})
	}
}

func TestHTTPSRotation(t *testing.T) {
	p, _, s := startHTTPS(t, "", "")
	send, used := keepAsking(t, p)
	send()
	for serial := int64(2); serial <= 3; serial++ {
		s.put(t, serial)
		eventually(t, "the other certificate is served", func() bool {
			send()
			return p.serial(t, s.trusted) == serial
		})
	}
	used()
}
