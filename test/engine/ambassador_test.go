package engine

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/generator"
)

// ambassadorConfig is the configuration of an ambassador, which is given as the
// fields that it has besides its port.
func ambassadorConfig(t *testing.T, fields string) string {
	t.Helper()
	text := fmt.Sprintf(`
name: "demo"
replicated: web: {
	container: {image: "ghcr.io/acme/web:1.4.2", port: 8080}
	ambassadors: api: {port: 9001, %s}
}`, fields)
	sources := generator.Sources{Files: []generator.Source{{Name: "demo.cue", Text: []byte(text)}}}
	for _, config := range configurations(t, sources, "", "haproxy.cfg") {
		return config
	}
	t.Fatal("the spec becomes no ambassador")
	return ""
}

// startBroker starts a target, and an ambassador in front of it.
func startBroker(t *testing.T, fields string) (*proxy, *shard) {
	t.Helper()
	target := newShards(t, 1)[0]
	target.name = "target"
	return start(t, ambassadorConfig(t, `broker: {target: "http://api.example.com:8080", `+fields+`}`), []*shard{target}), target
}

// statuses are those of some requests, one after the other.
func (p *proxy) statuses(n int, path string) map[int]int {
	seen := map[int]int{}
	for range n {
		seen[ask(p.client, get(p.url+path)).status]++
	}
	return seen
}

// up is what the metrics say of the target.
func (p *proxy) up(t *testing.T) bool {
	t.Helper()
	return strings.Contains(p.metrics(t), `haproxy_backend_active_servers{proxy="target"} 1`)
}

func TestBreakerOpensForAnswers(t *testing.T) {
	p, target := startBroker(t, `retries: 0, breaker: {errors: 5, recoverySeconds: 2, path: "/ready"}`)
	if seen := p.statuses(20, "/fail"); seen[http.StatusInternalServerError] != 5 || seen[http.StatusServiceUnavailable] != 15 {
		t.Errorf("20 requests for what fails are answered with %v, and not 5 times with 500 and then with 503", seen)
	}
	if n := target.asked.Load(); n != 5 {
		t.Errorf("the target was asked %d times, not 5", n)
	}
	eventually(t, "the breaker closes", func() bool { return p.statuses(1, "/")[http.StatusOK] == 1 })

	// Errors in a row are what counts.
	for range 5 {
		p.statuses(4, "/fail")
		if seen := p.statuses(1, "/"); seen[http.StatusOK] != 1 {
			t.Fatalf("after 4 errors it is open: %v", seen)
		}
	}
}

func TestBreakerOpensForDeadTarget(t *testing.T) {
	p, target := startBroker(t, `retries: 0, breaker: recoverySeconds: 4`)
	target.stop()
	begin := time.Now()
	eventually(t, "the breaker opens without requests", func() bool { return !p.up(t) })
	opened := time.Since(begin)
	if opened > 7*time.Second {
		t.Errorf("it took %s to open", opened)
	}
	begin = time.Now()
	if seen := p.statuses(100, "/"); seen[http.StatusServiceUnavailable] != 100 || time.Since(begin) > time.Second {
		t.Errorf("100 requests took %s and are answered with %v", time.Since(begin), seen)
	}

	target.start(t)
	begin = time.Now()
	eventually(t, "the breaker closes", func() bool { return p.statuses(1, "/")[http.StatusOK] == 1 })
	closed := time.Since(begin)
	if closed < 2*time.Second || closed > 7*time.Second {
		t.Errorf("it took %s to close", closed)
	}
	t.Logf("it opened after %s without requests, and closed %s after the target was back", opened, closed)
}

func TestBrokerIsReadyWithoutTarget(t *testing.T) {
	p, target := startBroker(t, "")
	target.stop()
	eventually(t, "the breaker opens", func() bool { return !p.up(t) })
	if got := p.status("/readyz"); got != http.StatusOK {
		t.Errorf("the ambassador says %d, and takes the pod out of its Service", got)
	}
}

func TestBrokerRetries(t *testing.T) {
	p, target := startBroker(t, "retries: 2, breaker: errors: 1000")
	tries := func(method, path string) int64 {
		before := target.asked.Load()
		request := get(p.url + path)
		request.Method = method
		// On a connection that was used before, clients try again by themselves.
		request.Close = true
		if answer := ask(p.client, request); answer.status < 500 {
			t.Errorf("%s %s is answered with %d", method, path, answer.status)
		}
		return target.asked.Load() - before
	}
	for method, want := range map[string]int64{http.MethodGet: 3, http.MethodPut: 3, http.MethodPost: 1} {
		for _, path := range []string{"/unavailable", "/hangup"} {
			if got := tries(method, path); got != want {
				t.Errorf("%s %s got to the target %d times, not %d", method, path, got, want)
			}
		}
	}
	if got := tries(http.MethodGet, "/fail"); got != 1 {
		t.Errorf("what is answered with 500 got to the target %d times", got)
	}

	// What no connection was made for is tried again, whatever it is.
	target.stop()
	done := make(chan answer)
	go func() {
		request := get(p.url + "/")
		request.Method = http.MethodPost
		done <- ask(p.client, request)
	}()
	time.Sleep(500 * time.Millisecond)
	target.start(t)
	if answer := <-done; answer.status != http.StatusOK {
		t.Errorf("a POST that was sent while the target restarted is answered with %d", answer.status)
	}
}

func TestBrokerSaysItsTargetsName(t *testing.T) {
	p, target := startBroker(t, "")
	ask(p.client, get(p.url+"/"))
	if header := target.lastRequest().Header; target.lastRequest().Host != "api.example.com:8080" || len(header["X-Forwarded-For"]) > 0 {
		t.Errorf("the target was asked as %s with %v", target.lastRequest().Host, header)
	}
}

func TestBrokerTrustsNamesOnly(t *testing.T) {
	server := httptest.NewTLSServer(&shard{name: "target", values: map[string]string{}})
	defer server.Close()
	// What the image trusts is the certificate of the server, which is that of
	// example.com.
	trusted := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(trusted, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{"example.com": http.StatusOK, "example.org": http.StatusServiceUnavailable} {
		config := ambassadorConfig(t, `broker: {target: "https://`+host+`", retries: 0}`)
		config = strings.Replace(config, "ca-file @system-ca", "ca-file "+trusted, 1)
		p := start(t, config, []*shard{{name: "target", address: server.Listener.Addr().String()}})
		if seen := p.statuses(3, "/"); seen[want] != 3 {
			t.Errorf("a server with the certificate of example.com that should be %s is answered for with %v", host, seen)
		}
	}
}

// startRing starts the proxies that have the ring of five shards: the router, an
// ambassador that refers to it, and one that writes it out in another order.
func startRing(t *testing.T, fields string, shards []*shard) (router, referring, listing *proxy) {
	t.Helper()
	text := fmt.Sprintf(`
name: "demo"
sharded: users: {
	container: {image: "ghcr.io/acme/users:2.0.1", port: 8080, probes: readiness: path: "/ready"}
	shards: 5
	%s
}
replicated: referring: {
	container: {image: "ghcr.io/acme/web:1.4.2", port: 8080}
	ambassadors: users: {port: 9001, shard: sharded.users.ring}
}
replicated: listing: {
	container: {image: "ghcr.io/acme/web:1.4.2", port: 8080}
	ambassadors: users: {port: 9001, shard: {
		name: "users"
		role: sharded.users.role
		hash: path: segment: 2
		shards: {for id in [5, 3, 1, 2, 4] {"\(id)": "192.0.2.\(id):8080"}}
	}}
}`, fields)
	sources := generator.Sources{Files: []generator.Source{{Name: "demo.cue", Text: []byte(text)}}}
	proxies := map[string]*proxy{}
	for name, config := range configurations(t, sources, "", "haproxy.cfg") {
		owner, _, _ := strings.Cut(name, "-")
		proxies[owner] = start(t, config, shards)
	}
	if len(proxies) != 3 {
		t.Fatalf("there are %d proxies, not 3", len(proxies))
	}
	return proxies["users"], proxies["referring"], proxies["listing"]
}

func TestAmbassadorChoosesAsRouter(t *testing.T) {
	keys := keysOf(numKeys)
	for role, fields := range map[string]string{"store": store, "cache": cache} {
		t.Run(role, func(t *testing.T) {
			shards := newShards(t, 5)
			router, referring, listing := startRing(t, fields, shards)
			want := router.place(keys)
			for name, p := range map[string]*proxy{"refers to": referring, "writes out": listing} {
				if keys := moved(want, p.place(keys)); len(keys) > 0 {
					t.Errorf("the router and an ambassador that %s its ring disagree on %d of %d keys", name, len(keys), numKeys)
				}
				if got := p.status("/readyz"); got != http.StatusOK {
					t.Errorf("an ambassador that %s the ring is not ready: %d", name, got)
				}
				if answer := ask(p.client, get(p.url+"/users")); answer.status != http.StatusBadRequest {
					t.Errorf("an ambassador that %s the ring answers %d to a request without a key", name, answer.status)
				}
			}

			lost := map[string]int{"store": http.StatusServiceUnavailable, "cache": http.StatusOK}[role]
			shards[2].stop()
			for name, p := range map[string]*proxy{"refers to": referring, "writes out": listing} {
				during := p.place(keys)
				for key, answer := range want {
					switch now := during[key]; {
					case answer.shard == "shard-2" && now.status != lost:
						t.Errorf("an ambassador that %s the ring answers %d for %s, whose shard is dead", name, now.status, key)
					case answer.shard != "shard-2" && now.shard != answer.shard:
						t.Errorf("an ambassador that %s the ring moved %s from %s to %q", name, key, answer.shard, now.shard)
					}
				}
				if got := p.status("/readyz"); got != http.StatusOK {
					t.Errorf("without one shard, an ambassador that %s the ring says %d, and takes the pod out of its Service", name, got)
				}
			}
		})
	}
}

// startSplit starts an ambassador with a split, and the targets of its arms.
func startSplit(t *testing.T, weights [2]int, sticky string) *proxy {
	t.Helper()
	targets := newShards(t, 2)
	targets[0].name, targets[1].name = "arm-stable", "arm-canary"
	fields := fmt.Sprintf(`split: {
		arms: {
			stable: {weight: %d, target: "http://stable.example.com:8080"}
			canary: {weight: %d, target: "http://canary.example.com:8080"}
		}
		%s
	}`, weights[0], weights[1], sticky)
	return start(t, ambassadorConfig(t, fields), targets)
}

func TestSplitSharesAndSticks(t *testing.T) {
	users := keysOf(numKeys)
	for sticky, request := range map[string]func(url, user string) *http.Request{
		`header: "X-User"`: func(url, user string) *http.Request {
			r := get(url + "/")
			r.Header.Set("X-User", user)
			return r
		},
		`cookie: "user"`: func(url, user string) *http.Request {
			r := get(url + "/")
			r.AddCookie(&http.Cookie{Name: "user", Value: user})
			return r
		},
		`query: "user"`: func(url, user string) *http.Request { return get(url + "/?a=b&user=" + user) },
	} {
		t.Run(sticky, func(t *testing.T) {
			place := func(p *proxy) placement {
				return p.do(users, func(user string) *http.Request { return request(p.url, user) })
			}
			first := startSplit(t, [2]int{90, 10}, "sticky: "+sticky)
			want := place(first)
			few := want.on("arm-canary")
			if share := len(few); share < numKeys*8/100 || share > numKeys*12/100 || len(want.on("arm-stable")) != numKeys-share {
				t.Errorf("10 %% of the users are %d of %d", share, numKeys)
			}
			t.Logf("10 %% of the users are %d of %d", len(few), numKeys)
			if users := moved(want, place(first)); len(users) > 0 {
				t.Errorf("%d of %d users got another arm the next time", len(users), numKeys)
			}
			if users := moved(want, place(startSplit(t, [2]int{90, 10}, "sticky: "+sticky))); len(users) > 0 {
				t.Errorf("%d of %d users get another arm elsewhere", len(users), numKeys)
			}
			grown := place(startSplit(t, [2]int{80, 20}, "sticky: "+sticky))
			for _, user := range few {
				if grown[user].shard != "arm-canary" {
					t.Errorf("%s lost the arm that got more", user)
				}
			}
		})
	}
}

func TestSplitWithoutUsers(t *testing.T) {
	// The more requests, the less chance counts.
	requests := keysOf(3 * numKeys)
	for _, sticky := range []string{"", `sticky: header: "X-User"`} {
		p := startSplit(t, [2]int{90, 10}, sticky)
		got := p.do(requests, func(string) *http.Request { return get(p.url + "/") })
		if share := len(got.on("arm-canary")); share < len(requests)*8/100 || share > len(requests)*12/100 {
			t.Errorf("with %q, 10 %% of the requests of nobody are %d of %d", sticky, share, len(requests))
		}
	}
	p := startSplit(t, [2]int{100, 0}, "")
	got := p.do(keysOf(numKeys), func(string) *http.Request { return get(p.url + "/") })
	if share := len(got.on("arm-stable")); share != numKeys {
		t.Errorf("100 %% of the requests are %d of %d", share, numKeys)
	}
}
