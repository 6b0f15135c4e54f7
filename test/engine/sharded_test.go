package engine

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// numKeys is enough for shares to show.
const numKeys = 2000

const (
	store = "acceptPartialOutage: true, hash: path: segment: 2"
	cache = `role: "cache", hash: path: segment: 2`
)

func TestSameKeySameShard(t *testing.T) {
	config := routerConfig(t, "shards: 5, "+store)
	shards, keys := newShards(t, 5), keysOf(numKeys)
	first := start(t, config, shards)
	want := first.place(keys)

	most := numberOf(t, "shards: 5, "+store, "imbalance") / 5
	for _, s := range shards {
		share := len(want.on(s.name))
		if mean := numKeys / len(shards); share < mean*3/4 || share > mean*5/4 {
			t.Errorf("%s has %d keys, more than a quarter off the mean of %d", s.name, share, mean)
		}
		if float64(share) > numKeys*most+deviation(most) {
			t.Errorf("%s has %d keys, and the fullest shard should have about %.0f", s.name, share, numKeys*most)
		}
		t.Logf("%s has %d of %d keys", s.name, share, numKeys)
	}

	t.Run("on other routers", func(t *testing.T) {
		for range 2 {
			if keys := moved(want, start(t, config, shards).place(keys)); len(keys) > 0 {
				t.Errorf("%d of %d keys are on another shard", len(keys), numKeys)
			}
		}
	})
	t.Run("after a restart of the router", func(t *testing.T) {
		first.stop()
		if keys := moved(want, start(t, config, shards).place(keys)); len(keys) > 0 {
			t.Errorf("%d of %d keys are on another shard", len(keys), numKeys)
		}
	})
	t.Run("when shards have other addresses", func(t *testing.T) {
		elsewhere := newShards(t, 5)
		slices.Reverse(elsewhere)
		for i, s := range elsewhere {
			s.name = fmt.Sprintf("shard-%d", i)
		}
		if keys := moved(want, start(t, config, elsewhere).place(keys)); len(keys) > 0 {
			t.Errorf("%d of %d keys are on another shard", len(keys), numKeys)
		}
	})
	t.Run("but not without ids", func(t *testing.T) {
		lines := strings.SplitAfter(regexp.MustCompile(` id \d+`).ReplaceAllString(config, ""), "\n")
		last := len(lines) - 1
		slices.Reverse(lines[last-len(shards) : last])
		keys := moved(want, start(t, strings.Join(lines, ""), shards).place(keys))
		if len(keys) < numKeys/2 {
			t.Errorf("only %d of %d keys are on another shard: this test can't tell routers apart", len(keys), numKeys)
		}
		t.Logf("without ids, routers that name the shards in another order disagree on %d of %d keys", len(keys), numKeys)
	})
}

func TestOneMoreShard(t *testing.T) {
	shards, keys := newShards(t, 6), keysOf(numKeys)
	before := start(t, routerConfig(t, "shards: 5, "+store), shards).place(keys)
	after := start(t, routerConfig(t, "shards: 6, "+store), shards).place(keys)

	gone := moved(before, after)
	even, most := numberOf(t, "shards: 5, "+store, "movedKeys")/100, numberOf(t, "shards: 5, "+store, "movedKeysMost")/100
	if n := float64(len(gone)); n == 0 || n > numKeys*most+deviation(most) {
		t.Errorf("%d keys moved, and with %.0f expected at most %.0f of %d should", len(gone), numKeys*even, numKeys*most, numKeys)
	}
	for _, key := range gone {
		if after[key].shard != "shard-5" {
			t.Errorf("%s moved to %s, which is not the new shard", key, after[key].shard)
		}
	}
	t.Logf("the sixth shard took %d of %d keys, and no other moved", len(gone), numKeys)
}

func TestStoreWithoutOneShard(t *testing.T) {
	shards, keys := newShards(t, 4), keysOf(numKeys)
	p := start(t, routerConfig(t, "shards: 4, "+store), shards)
	before := p.place(keys)

	shards[2].stop()
	during := p.place(keys)
	for key, answer := range before {
		switch {
		case answer.shard == "shard-2" && during[key].status != http.StatusServiceUnavailable:
			t.Errorf("%s of the dead shard is answered with %d by %q", key, during[key].status, during[key].shard)
		case answer.shard != "shard-2" && during[key].shard != answer.shard:
			t.Errorf("%s moved from %s to %q", key, answer.shard, during[key].shard)
		}
	}
	t.Logf("%d keys were unavailable, and %d were where they had been", len(before.on("shard-2")), numKeys-len(before.on("shard-2")))

	shards[2].start(t)
	if keys := moved(before, p.place(keys)); len(keys) > 0 {
		t.Errorf("%d keys moved when the shard was back", len(keys))
	}
}

func TestCacheWithoutOneShard(t *testing.T) {
	shards, keys := newShards(t, 4), keysOf(numKeys)
	p := start(t, routerConfig(t, "shards: 4, "+cache), shards)
	before := p.place(keys)

	shards[2].stop()
	for _, state := range []string{"not noticed yet", "noticed"} {
		if state == "noticed" {
			eventually(t, "the dead shard is noticed", func() bool {
				return strings.Contains(p.metrics(t), `haproxy_backend_active_servers{proxy="shards"} 3`)
			})
		}
		during, heirs := p.place(keys), map[string]int{}
		for key, answer := range before {
			switch now := during[key]; {
			case now.status != http.StatusOK:
				t.Errorf("%s: %s is answered with %d", state, key, now.status)
			case answer.shard == "shard-2":
				heirs[now.shard]++
			case now.shard != answer.shard:
				t.Errorf("%s: %s moved from %s to %s", state, key, answer.shard, now.shard)
			}
		}
		if len(heirs) != 3 {
			t.Errorf("%s: the keys went to %v, and not to all three others", state, heirs)
		}
		t.Logf("%s: the keys of the dead shard went to %v", state, heirs)
	}

	shards[2].start(t)
	lost := before.on("shard-2")[:1]
	eventually(t, "the shard has its keys back", func() bool { return len(p.place(lost).on("shard-2")) == 1 })
	if keys := moved(before, p.place(keys)); len(keys) > 0 {
		t.Errorf("%d keys are not where they had been", len(keys))
	}
}

// lostWrites lets a shard die and come back, and returns how many writes were
// acknowledged meanwhile, and how many of those are not there afterwards.
func lostWrites(t *testing.T, role string) (acknowledged, lost int) {
	t.Helper()
	shards, keys := newShards(t, 3), keysOf(500)
	p := start(t, routerConfig(t, "shards: 3, "+role), shards)
	before := p.put(keys, "old")

	shards[1].stop()
	during := p.put(keys, "new")
	shards[1].start(t)

	down := before.on("shard-1")[:1]
	eventually(t, "the shard has its keys back", func() bool { return len(p.place(down).on("shard-1")) == 1 })
	for key, now := range p.place(keys) {
		if during[key].status != http.StatusOK {
			continue
		}
		acknowledged++
		if now.body != "new" {
			lost++
		}
	}
	return acknowledged, lost
}

func TestStoreKeepsAcknowledgedWrites(t *testing.T) {
	acknowledged, lost := lostWrites(t, store)
	if acknowledged == 0 || acknowledged == 500 || lost > 0 {
		t.Errorf("%d of 500 writes were acknowledged while a shard was down, and %d of them were lost", acknowledged, lost)
	}
	t.Logf("store: %d of %d acknowledged writes lost", lost, acknowledged)

	acknowledged, lost = lostWrites(t, cache)
	if lost == 0 {
		t.Errorf("as a cache it acknowledged %d of 500 writes too and lost %d: this test can't tell the roles apart", acknowledged, lost)
	}
	t.Logf("cache: %d of %d acknowledged writes lost", lost, acknowledged)
}

// sources are the ways to say what the key is, each with two requests that look
// different and have the same key, and requests that have none.
var sources = map[string]struct {
	hash       string
	one, other func(base, key string) *http.Request
	without    func(base string) []*http.Request
}{
	"header": {
		hash:  `header: "X-User"`,
		one:   func(base, key string) *http.Request { return with(get(base+"/"), "X-User", key) },
		other: func(base, key string) *http.Request { return with(get(base+"/a?b=c"), "x-user", key) },
		without: func(base string) []*http.Request {
			return []*http.Request{get(base + "/"), with(get(base+"/"), "X-User", ""), with(get(base+"/"), "X-Users", "a")}
		},
	},
	"query": {
		hash:  `query: "user"`,
		one:   func(base, key string) *http.Request { return get(base + "/?user=" + key) },
		other: func(base, key string) *http.Request { return get(base + "/a/b?x=y&user=%75ser" + key[4:] + "&z=1") },
		without: func(base string) []*http.Request {
			return []*http.Request{get(base + "/user"), get(base + "/?user="), get(base + "/?users=a")}
		},
	},
	"cookie": {
		hash:  `cookie: "user"`,
		one:   func(base, key string) *http.Request { return with(get(base+"/"), "Cookie", "user="+key) },
		other: func(base, key string) *http.Request { return with(get(base+"/a"), "Cookie", "x=y; user="+key+"; z=1") },
		without: func(base string) []*http.Request {
			return []*http.Request{get(base + "/"), with(get(base+"/"), "Cookie", "users=a; user=")}
		},
	},
	"segment": {
		hash:  `path: segment: 2`,
		one:   func(base, key string) *http.Request { return get(base + "/users/" + key) },
		other: func(base, key string) *http.Request { return get(base + "/friends/%75ser" + key[4:] + "/cart?a=b") },
		without: func(base string) []*http.Request {
			return []*http.Request{get(base + "/"), get(base + "/users"), get(base + "/users//cart")}
		},
	},
	"pattern": {
		hash:  `path: {}, pattern: "/(?:users|friends)/([^/,]+)"`,
		one:   func(base, key string) *http.Request { return get(base + "/users/" + key) },
		other: func(base, key string) *http.Request { return get(base + "/v1/friends/%75ser" + key[4:] + ",x/users/a") },
		without: func(base string) []*http.Request {
			return []*http.Request{get(base + "/"), get(base + "/user/a"), get(base + "/users/")}
		},
	},
	"header pattern": {
		hash:  `header: "X-Session", pattern: #"^\w+\.(user-\d+)(?:;|$)"#`,
		one:   func(base, key string) *http.Request { return with(get(base+"/"), "X-Session", "a."+key) },
		other: func(base, key string) *http.Request { return with(get(base+"/"), "X-Session", "xyz."+key+";b, c") },
		without: func(base string) []*http.Request {
			return []*http.Request{get(base + "/"), with(get(base+"/"), "X-Session", "a.user-1x")}
		},
	},
}

func with(r *http.Request, header, value string) *http.Request {
	r.Header[header] = []string{value}
	return r
}

func TestKeySources(t *testing.T) {
	shards, keys := newShards(t, 4), keysOf(200)
	want := start(t, routerConfig(t, "shards: 4, "+store), shards).place(keys)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		t.Run(name, func(t *testing.T) {
			source := sources[name]
			p := start(t, routerConfig(t, "shards: 4, hash: {"+source.hash+"}"), shards)
			for _, request := range []func(base, key string) *http.Request{source.one, source.other} {
				got := p.do(keys, func(key string) *http.Request { return request(p.url, key) })
				if keys := moved(want, got); len(keys) > 0 {
					t.Errorf("%d of 200 keys are not where the same keys are by path", len(keys))
				}
			}
		})
	}
	t.Run("path", func(t *testing.T) {
		p := start(t, routerConfig(t, "shards: 4, hash: path: {}"), shards)
		plain := p.do(keys, func(key string) *http.Request { return get(p.url + "/users/" + key) })
		query := p.do(keys, func(key string) *http.Request { return get(p.url + "/users/%75ser" + key[4:] + "?a=b") })
		if keys := moved(plain, query); len(keys) > 0 {
			t.Errorf("%d of 200 paths are elsewhere with a query", len(keys))
		}
		if keys := moved(want, plain); len(keys) == 0 {
			t.Error("the path is not what decides")
		}
	})
}

func TestRequestsWithoutKey(t *testing.T) {
	shards := newShards(t, 4)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		t.Run(name, func(t *testing.T) {
			source := sources[name]
			reject := start(t, routerConfig(t, "shards: 4, hash: {"+source.hash+"}"), shards)
			spread := start(t, routerConfig(t, `shards: 4, hash: {onMissing: "spread", `+source.hash+"}"), shards)
			for i := range source.without("") {
				request := func(p *proxy) func(string) *http.Request {
					return func(string) *http.Request { return source.without(p.url)[i] }
				}
				n := asked(shards)
				for _, answer := range reject.do(keysOf(8), request(reject)) {
					if answer.status != http.StatusBadRequest || !strings.Contains(answer.body, "no key") {
						t.Errorf("request %d is answered with %d %q", i, answer.status, answer.body)
					}
				}
				if asked(shards) != n {
					t.Errorf("request %d reached a shard", i)
				}
				got := spread.do(keysOf(40), request(spread))
				for _, s := range shards {
					if len(got.on(s.name)) == 0 {
						t.Errorf("none of 40 times did request %d go to %s", i, s.name)
					}
				}
			}
		})
	}
}

func TestBalanceFactor(t *testing.T) {
	shards := newShards(t, 4)
	// hottest is the largest share of 60 simultaneous requests for one key.
	hottest := func(fields string) int {
		p := start(t, routerConfig(t, "shards: 4, "+cache+fields), shards)
		got := p.do(keysOf(60), func(string) *http.Request { return get(p.url + "/users/hot?wait=500ms") })
		most := 0
		for _, s := range shards {
			most = max(most, len(got.on(s.name)))
		}
		for range 20 {
			hot := []string{"hot"}
			if len(moved(p.place(hot), p.place(hot))) > 0 {
				t.Error("a key moves without load")
			}
		}
		return most
	}
	if most := hottest(""); most != 60 {
		t.Errorf("without a bound, one shard got %d of 60 requests for one key", most)
	}
	// 150 % of the mean of 15, and one that may be on its way.
	most := hottest(", hot: balanceFactor: 150")
	if most > 24 {
		t.Errorf("with a bound of 150 %%, one shard got %d of 60 simultaneous requests", most)
	}
	t.Logf("of 60 simultaneous requests for one key a shard got 60, and with the bound %d", most)
}

func TestAdminPort(t *testing.T) {
	shards := newShards(t, 2)
	p := start(t, routerConfig(t, "shards: 2, "+cache), shards)
	p.place(keysOf(10))

	if want := `haproxy_backend_http_responses_total{proxy="shards",code="2xx"} 10`; !strings.Contains(p.metrics(t), want) {
		t.Errorf("the metrics lack %s", want)
	}
	if got := p.status("/"); got != http.StatusNotFound {
		t.Errorf("/ is answered with %d", got)
	}

	for _, s := range shards {
		s.stop()
	}
	eventually(t, "a router that reaches no shard is not ready", func() bool { return p.status("/readyz") == http.StatusServiceUnavailable })
	if got := p.status("/livez"); got != http.StatusOK {
		t.Errorf("a router that reaches no shard is not alive: %d", got)
	}
}

func TestGracefulStop(t *testing.T) {
	shards := newShards(t, 2)
	p := start(t, routerConfig(t, "shards: 2, "+store), shards)
	done := make(chan placement)
	go func() {
		done <- p.do([]string{"a"}, func(string) *http.Request { return get(p.url + "/users/a?wait=1s") })
	}()
	eventually(t, "the request is on its way", func() bool { return asked(shards) == 1 })

	// The image's own signal to stop.
	if err := p.command.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a router that stops is not ready", func() bool { return p.status("/readyz") != http.StatusOK })
	if got := (<-done)["a"].status; got != http.StatusOK {
		t.Errorf("a request that had begun is answered with %d", got)
	}
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		t.Error("it still runs 10 seconds after its last request")
	}
}
