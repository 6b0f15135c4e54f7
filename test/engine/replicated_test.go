package engine

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator"
)

// copies are servers of a replicated instance, each at an address of its own,
// and the DNS that knows those that are ready.
type copies struct {
	*resolver
	// secret is what a router that speaks HTTPS finds.
	secret *secret
	// headless is the name of all that are ready.
	headless string
	port     string
	servers  []*shard
}

// newCopies starts n servers, which are called by the names of a StatefulSet's
// pods. None of them is ready.
func newCopies(t *testing.T, n int) *copies {
	t.Helper()
	return newPods(t, n, "web", "web-server.demo.svc.cluster.local")
}

// newPods starts the pods of a StatefulSet, whose Service has a name.
func newPods(t *testing.T, n int, set, headless string) *copies {
	t.Helper()
	c := &copies{resolver: newResolver(t), headless: headless, port: "0"}
	for i := range n {
		s := &shard{name: fmt.Sprintf("%s-%d", set, i), address: fmt.Sprintf("127.0.1.%d:%s", i+1, c.port), values: map[string]string{}}
		s.start(t)
		t.Cleanup(s.stop)
		if _, port, err := net.SplitHostPort(s.address); err == nil {
			c.port = port
		}
		c.servers = append(c.servers, s)
	}
	return c
}

// ready lets DNS know the first n copies, and no other.
func (c *copies) ready(n int) {
	var all []string
	for i, s := range c.servers {
		name := fmt.Sprintf("%s.%s", s.name, c.headless)
		c.set(name)
		if i < n {
			host, _, _ := net.SplitHostPort(s.address)
			c.set(name, host)
			all = append(all, host)
		}
	}
	c.set(c.headless, all...)
}

// router starts a router of a replicated instance with these fields besides its
// container, in front of the copies.
func (c *copies) router(t *testing.T, fields string) *proxy {
	t.Helper()
	text := fmt.Sprintf(`
name: "demo"
replicated: web: {
	container: {image: "ghcr.io/acme/web:1.4.2", port: %s, probes: readiness: path: "/ready"}
	allow: from: cidrs: ["10.0.0.0/8"]
	%s
}`, c.port, fields)
	sources := generator.Sources{Files: []generator.Source{{Name: "demo.cue", Text: []byte(text)}}}
	scripts := configurations(t, sources, "", "certificate.lua")
	for name, config := range configurations(t, sources, "", "haproxy.cfg") {
		if c.secret != nil {
			config = c.secret.mounted(t, config, scripts[name])
		}
		if !strings.Contains(config, "parse-resolv-conf") {
			t.Fatalf("the configuration does not follow DNS:\n%s", config)
		}
		return start(t, strings.Replace(config, "parse-resolv-conf", "nameserver test "+c.address, 1), nil)
	}
	t.Fatal("the spec becomes no router")
	return nil
}

// A user is a client that keeps its cookies and says who it is.
type user struct {
	name, cookie string
}

// ask sends a request to a router and returns the copy that answered.
func (u *user) ask(t *testing.T, p *proxy) string {
	t.Helper()
	request := with(get(p.url+"/"), "X-User", u.name)
	request.Header.Set("X-Forwarded-For", u.name)
	if u.cookie != "" {
		request.Header.Set("Cookie", u.cookie)
	}
	response, err := p.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s is answered with %d", u.name, response.StatusCode)
	}
	for _, cookie := range response.Cookies() {
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
			t.Errorf("the cookie is %s", cookie)
		}
		u.cookie = cookie.Name + "=" + cookie.Value
	}
	return response.Header.Get("Shard")
}

// numUsers is how many users there are, and numRequests how many requests each
// of them sends.
const numUsers, numRequests = 100, 20

// place sends requests of all users, in turn over routers, and returns the copy
// of each.
func place(t *testing.T, users []*user, routers ...*proxy) map[string]string {
	t.Helper()
	at := map[string]string{}
	for _, u := range users {
		for i := range numRequests {
			server := u.ask(t, routers[i%len(routers)])
			if first, asked := at[u.name]; asked && first != server {
				t.Fatalf("%s went to %s and then to %s", u.name, first, server)
			}
			at[u.name] = server
		}
	}
	return at
}

// follow waits until a router knows n copies, or n caches.
func follow(t *testing.T, p *proxy, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the router knows %d copies", n), func() bool {
		known := fmt.Sprintf(`haproxy_backend_active_servers{proxy="%%s"} %d`+"\n", n)
		return strings.Contains(p.metrics(t), fmt.Sprintf(known, "copies")) || strings.Contains(p.metrics(t), fmt.Sprintf(known, "caches"))
	})
}

func TestSessions(t *testing.T) {
	for _, session := range []struct {
		name, fields string
		// most is how many of the users may move to a fourth copy.
		most int
	}{
		{"cookie", "replicas: 4, session: cookie: {}", 0},
		{"header", `replicas: 4, session: header: "X-User"`, numUsers * 3 / 2 / 4},
		{"clientIP", `replicas: 4, session: clientIP: proxies: ["127.0.0.1/32"]`, numUsers * 3 / 2 / 4},
	} {
		t.Run(session.name, func(t *testing.T) {
			t.Parallel()
			c := newCopies(t, 4)
			c.ready(3)
			one, other := c.router(t, session.fields), c.router(t, session.fields)
			follow(t, one, 3)
			follow(t, other, 3)
			users := make([]*user, numUsers)
			for i := range users {
				users[i] = &user{name: fmt.Sprintf("192.0.2.%d", i)}
			}
			before := place(t, users, one, other)
			shares := map[string]int{}
			for _, server := range before {
				shares[server]++
			}
			if len(shares) != 3 {
				t.Errorf("the users went to %v, and not to all three copies", shares)
			}

			one.stop()
			one = c.router(t, session.fields)
			follow(t, one, 3)
			for name, server := range place(t, users, one) {
				if before[name] != server {
					t.Errorf("%s moved from %s to %s when the router restarted", name, before[name], server)
				}
			}

			c.ready(4)
			follow(t, one, 4)
			follow(t, other, 4)
			gone := 0
			for name, server := range place(t, users, one, other) {
				if before[name] == server {
					continue
				}
				gone++
				if server != "web-3" {
					t.Errorf("%s moved from %s to %s, which is not the new copy", name, before[name], server)
				}
			}
			if gone > session.most || session.most > 0 && gone == 0 {
				t.Errorf("%d of %d users moved to a fourth copy, at most %d should", gone, numUsers, session.most)
			}
			t.Logf("%d users were on %v; %d moved to a fourth copy", numUsers, shares, gone)

			// Those of a copy that is gone go to the others, and no one else moves.
			before = place(t, users, one)
			c.ready(3)
			follow(t, one, 3)
			for name, server := range place(t, users, one) {
				if server == "web-3" || before[name] != "web-3" && before[name] != server {
					t.Errorf("%s moved from %s to %s when the fourth copy went", name, before[name], server)
				}
			}
		})
	}
}

// TestClientIPWithoutProxies shows that nobody but proxies is believed.
func TestClientIPWithoutProxies(t *testing.T) {
	c := newCopies(t, 3)
	c.ready(3)
	p := c.router(t, "replicas: 3, session: clientIP: {}")
	follow(t, p, 3)
	first := (&user{name: "192.0.2.0"}).ask(t, p)
	for i := range 30 {
		u := &user{name: fmt.Sprintf("192.0.2.%d", i)}
		if server := u.ask(t, p); server != first {
			t.Fatalf("two users with one address are on %s and %s", first, server)
		}
	}
}
