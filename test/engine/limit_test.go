package engine

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A sender is a user as a request says who it is.
type sender func(*http.Request) *http.Request

// senders are users, by the way in which requests say who they are.
var senders = map[string]struct {
	key  string
	user func(n int) sender
}{
	"header": {`header: "X-User"`, func(n int) sender {
		return func(r *http.Request) *http.Request { return with(r, "X-User", fmt.Sprint("user-", n)) }
	}},
	"cookie": {`cookie: "session"`, func(n int) sender {
		return func(r *http.Request) *http.Request { return with(r, "Cookie", fmt.Sprint("a=b; session=user-", n)) }
	}},
	"IPv4": {`clientIP: proxies: ["127.0.0.1/32"]`, func(n int) sender {
		return func(r *http.Request) *http.Request { return with(r, "X-Forwarded-For", fmt.Sprint("192.0.2.", n)) }
	}},
	// Someone with many IPv6 addresses is one user.
	"IPv6": {`clientIP: proxies: ["127.0.0.1/32"]`, func(n int) sender {
		var sent atomic.Int64
		return func(r *http.Request) *http.Request {
			return with(r, "X-Forwarded-For", fmt.Sprintf("2001:db8:0:%x::%x", n, sent.Add(1)))
		}
	}},
}

// flood has a user send as many requests as routers answer until a time is over.
// It returns how many were admitted, and in how many seconds.
func (s sender) flood(t *testing.T, until time.Duration, routers ...*proxy) (admitted int64, seconds float64) {
	t.Helper()
	var passed, refused atomic.Int64
	var under sync.WaitGroup
	start := time.Now()
	for i := range parallel {
		under.Go(func() {
			for n := i; time.Since(start) < until; n++ {
				router := routers[n%len(routers)]
				switch status := ask(router.client, s(get(router.url+"/"))).status; status {
				case http.StatusOK:
					passed.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				default:
					t.Errorf("a request was answered with %d", status)
					return
				}
			}
		})
	}
	under.Wait()
	if refused.Load() < 10*passed.Load() {
		t.Errorf("%d requests were admitted and %d refused, which is no flood", passed.Load(), refused.Load())
	}
	return passed.Load(), time.Since(start).Seconds()
}

func TestRateLimit(t *testing.T) {
	const rate, burst = 10, 20
	for name, kind := range senders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopies(t, 2)
			c.ready(2)
			p := c.router(t, fmt.Sprintf("rateLimit: {rate: %d, burst: %d, key: %s}", rate, burst, kind.key))
			follow(t, p, 2)

			bystander := make(chan answer, 100)
			go func() {
				defer close(bystander)
				for range 10 {
					bystander <- ask(p.client, kind.user(1)(get(p.url+"/")))
					time.Sleep(100 * time.Millisecond)
				}
			}()
			admitted, seconds := kind.user(2).flood(t, 2*time.Second, p)
			if most := burst + rate*seconds; float64(admitted) > most || float64(admitted) < burst+rate*(seconds-1) {
				t.Errorf("%d requests were admitted in %.2f s, at most %.1f should be", admitted, seconds, most)
			}
			for a := range bystander {
				if a.status != http.StatusOK {
					t.Errorf("another user is answered with %d", a.status)
				}
			}
			if asked := asked(c.servers); asked != admitted+10 {
				t.Errorf("%d requests were admitted, and the copies got %d", admitted+10, asked)
			}
			if strings.Contains(p.metrics(t), `haproxy_frontend_requests_denied_total{proxy="requests"} 0`) {
				t.Error("the metrics know of no refused request")
			}
			t.Logf("%d requests were admitted in %.2f s", admitted, seconds)
		})
	}
}

// TestRateLimitOfRouters shows what routers that count by themselves admit.
func TestRateLimitOfRouters(t *testing.T) {
	const rate, burst = 10, 20
	c := newCopies(t, 2)
	c.ready(2)
	const fields = `rateLimit: {rate: 10, burst: 20, key: header: "X-User"}`
	one, other := c.router(t, fields), c.router(t, fields)
	follow(t, one, 2)
	follow(t, other, 2)
	admitted, seconds := senders["header"].user(1).flood(t, 2*time.Second, one, other)
	if most := 2 * (burst + rate*seconds); float64(admitted) > most || float64(admitted) <= most*3/4 {
		t.Errorf("%d requests were admitted in %.2f s, at most %.1f should be", admitted, seconds, most)
	}
}

// TestRateLimitForgives shows that who waits as long as the answer says is
// admitted, that refused requests cost nothing, and that a burst comes back.
func TestRateLimitForgives(t *testing.T) {
	c := newCopies(t, 1)
	c.ready(1)
	p := c.router(t, `rateLimit: {rate: 2, burst: 4, key: header: "X-User"}`)
	follow(t, p, 1)
	send := func() (status, retryAfter int) {
		response, err := p.client.Do(with(get(p.url+"/"), "X-User", "a"))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		retryAfter, _ = strconv.Atoi(response.Header.Get("Retry-After"))
		return response.StatusCode, retryAfter
	}
	burst := func() (admitted, retryAfter int) {
		for {
			status, after := send()
			if status != http.StatusOK {
				return admitted, after
			}
			admitted++
		}
	}
	if admitted, after := burst(); admitted < 4 || admitted > 6 || after != 1 {
		t.Errorf("%d requests were admitted at once, and the next after %d s", admitted, after)
	}
	time.Sleep(time.Second)
	if status, _ := send(); status != http.StatusOK {
		t.Errorf("who waited is answered with %d", status)
	}
	time.Sleep(2500 * time.Millisecond)
	if admitted, _ := burst(); admitted < 4 || admitted > 6 {
		t.Errorf("after a pause %d requests were admitted at once", admitted)
	}
}

// TestRateLimitInHours shows a limit that counts in another unit of time.
func TestRateLimitInHours(t *testing.T) {
	c := newCopies(t, 1)
	c.ready(1)
	p := c.router(t, `rateLimit: {rate: 0.01, burst: 20, key: header: "X-User"}`)
	follow(t, p, 1)
	user := senders["header"].user(1)
	if admitted, _ := user.flood(t, time.Second, p); admitted != 20 {
		t.Errorf("%d requests were admitted", admitted)
	}
	response, err := p.client.Do(user(get(p.url + "/")))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if after, _ := strconv.ParseFloat(response.Header.Get("Retry-After"), 64); math.Abs(after-98) > 2 {
		t.Errorf("the next request is to come after %g s", after)
	}
}

// TestRateLimitOfUnknown shows that requests which don't say whose they are
// don't get around the limit.
func TestRateLimitOfUnknown(t *testing.T) {
	for _, key := range []string{`header: "X-User"`, `cookie: "session"`} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			c := newCopies(t, 1)
			c.ready(1)
			p := c.router(t, "rateLimit: {rate: 0.1, burst: 5, key: "+key+"}")
			follow(t, p, 1)
			nobody := sender(func(r *http.Request) *http.Request { return r })
			if admitted, _ := nobody.flood(t, time.Second, p); admitted != 5 {
				t.Errorf("%d requests were admitted", admitted)
			}
		})
	}
}

// TestRateLimitBesideSession shows that both know users by their own keys.
func TestRateLimitBesideSession(t *testing.T) {
	c := newCopies(t, 3)
	c.ready(3)
	p := c.router(t, `replicas: 3, session: header: "X-User", rateLimit: {rate: 0.1, burst: 30, key: header: "X-Tenant"}`)
	follow(t, p, 3)
	at := map[string]string{}
	for n := range 30 {
		who := fmt.Sprint("user-", n%10)
		a := ask(p.client, with(with(get(p.url+"/"), "X-User", who), "X-Tenant", "t"))
		if a.status != http.StatusOK {
			t.Fatalf("request %d is answered with %d", n, a.status)
		}
		if first, asked := at[who]; asked && first != a.shard {
			t.Errorf("%s went to %s and then to %s", who, first, a.shard)
		}
		at[who] = a.shard
	}
	if a := ask(p.client, with(with(get(p.url+"/"), "X-User", "user-11"), "X-Tenant", "t")); a.status != http.StatusTooManyRequests {
		t.Errorf("the tenant's next request is answered with %d", a.status)
	}
}
