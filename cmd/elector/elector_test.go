package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// Times of the elections here. A Lease counts in whole seconds.
const (
	leaseDuration = 4 * time.Second
	renewDeadline = 3 * time.Second
	retryPeriod   = 200 * time.Millisecond
	// slack is what a busy machine may take.
	slack = 2 * time.Second
)

var (
	crashBound    = leaseDuration + retryPeriod*44/10 + slack
	gracefulBound = retryPeriod*22/10 + slack
)

// testClock is the machine's, until it jumps.
type testClock struct {
	lock       sync.Mutex
	boot, wall time.Duration
}

func (c *testClock) now() moment {
	c.lock.Lock()
	defer c.lock.Unlock()
	m := machineClock{}.now()
	return moment{m.boot + c.boot, m.wall.Add(c.wall)}
}

func (c *testClock) jump(boot, wall time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.boot += boot
	c.wall += wall
}

// A candidate is an elector that runs.
type candidate struct {
	*elector
	t      *testing.T
	jump   func(boot, wall time.Duration)
	stop   context.CancelFunc
	result chan error
}

func testOptions(number int) options {
	return options{
		lease: "work", leaseDuration: leaseDuration, renewDeadline: renewDeadline, retryPeriod: retryPeriod,
		service: "work", ports: []servicePort{{"http", 8080}},
		pod: fmt.Sprintf("pod-%d", number), namespace: "test", addresses: []netip.Addr{address(number)},
	}
}

// clientConfig is for an api, which understands JSON alone.
func clientConfig(host string) *rest.Config {
	return &rest.Config{Host: host, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
}

func address(number int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 1, byte(number)}) }

// start makes a pod with this number a candidate.
func (a *api) start(t *testing.T, number int, change ...func(*options)) *candidate {
	t.Helper()
	o := testOptions(number)
	for _, c := range change {
		c(&o)
	}
	clock := &testClock{}
	e, err := newElector(o, clock, clientConfig(a.URL), o.pod)
	if err != nil {
		t.Fatal(err)
	}
	stop, cancel := context.WithCancel(context.Background())
	c := &candidate{elector: e, t: t, jump: clock.jump, stop: cancel, result: make(chan error, 1)}
	go func() { c.result <- e.run(stop) }()
	t.Cleanup(cancel)
	return c
}

// ask is GET /leader.
func (c *candidate) ask() (int, answer) {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.inside().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/leader", nil))
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		c.t.Fatal(err)
	}
	if a.Leader != (w.Code == http.StatusOK) || a.Leader != (a.Token != 0) || a.Leader != (a.Expires != nil) {
		c.t.Fatalf("the status is %d, and the answer %s", w.Code, w.Body)
	}
	return w.Code, a
}

func (c *candidate) leads() bool {
	status, _ := c.ask()
	return status == http.StatusOK
}

// leader waits for one of several candidates to lead, and fails if ever two do.
func leader(t *testing.T, bound time.Duration, candidates ...*candidate) (*candidate, answer) {
	t.Helper()
	for end := time.Now().Add(bound); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if c, a := only(t, candidates...); c != nil {
			return c, a
		}
	}
	t.Fatalf("nobody leads after %s", bound)
	return nil, answer{}
}

// only is the candidate that leads, if one does.
func only(t *testing.T, candidates ...*candidate) (*candidate, answer) {
	t.Helper()
	var found *candidate
	var says answer
	for _, c := range candidates {
		status, a := c.ask()
		if status != http.StatusOK {
			continue
		}
		if found != nil && found.leads() && c.leads() {
			t.Fatalf("%s and %s lead at the same time", found.pod, c.pod)
		}
		found, says = c, a
	}
	return found, says
}

func eventually(t *testing.T, bound time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(bound); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", bound, what)
		}
	}
}

func others(all []*candidate, one *candidate) []*candidate {
	var rest []*candidate
	for _, c := range all {
		if c != one {
			rest = append(rest, c)
		}
	}
	return rest
}

// TestOneLeads shows what candidates say while all is well.
func TestOneLeads(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	all := []*candidate{a.start(t, 1), a.start(t, 2), a.start(t, 3)}
	first, says := leader(t, crashBound, all...)
	if !strings.HasPrefix(says.Holder, first.pod+"_") || says.Remaining <= 0 || says.Remaining > renewDeadline.Seconds() {
		t.Errorf("the leader says %+v", says)
	}
	if until := time.Until(*says.Expires); until > renewDeadline {
		t.Errorf("it leads for %s more, with a deadline of %s", until, renewDeadline)
	}
	eventually(t, slack, "the Service leads to the leader", func() bool {
		return a.leadsTo("work-leader-ipv4") == first.addresses[0].String()
	})
	for end := time.Now().Add(2 * leaseDuration); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if c, now := only(t, all...); c != first || now.Token != says.Token {
			t.Fatalf("it was %s with token %d, and is %+v", first.pod, says.Token, now)
		}
	}
	for _, c := range others(all, first) {
		if status, other := c.ask(); status != http.StatusConflict || other.Holder != says.Holder {
			t.Errorf("%s says %d, %+v", c.pod, status, other)
		}
	}
}

// TestStop shows that one who is told to stop hands over at once.
func TestStop(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	all := []*candidate{a.start(t, 1), a.start(t, 2)}
	first, before := leader(t, crashBound, all...)
	first.stop()
	second, after := leader(t, gracefulBound, others(all, first)...)
	if err := <-first.result; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if after.Token != before.Token+1 {
		t.Errorf("token %d follows %d", after.Token, before.Token)
	}
	eventually(t, slack, "the Service leads to the next", func() bool {
		return a.leadsTo("work-leader-ipv4") == second.addresses[0].String()
	})
	second.stop()
	if err := <-second.result; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if where := a.leadsTo("work-leader-ipv4"); where != "" {
		t.Errorf("the Service leads to %s, where nobody leads", where)
	}
}

// TestPartition shows that a leader that doesn't reach the API server stops leading before another one begins.
func TestPartition(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	all := []*candidate{a.start(t, 1), a.start(t, 2), a.start(t, 3)}
	first, before := leader(t, crashBound, all...)
	a.part(first.pod)
	eventually(t, renewDeadline+slack, "it notices", func() bool {
		only(t, all...)
		return !first.leads()
	})
	if status, says := first.ask(); status != http.StatusServiceUnavailable {
		t.Errorf("it says %d, %+v", status, says)
	}
	if err := <-first.result; !errors.Is(err, errLost) {
		t.Errorf("it ended with %v", err)
	}
	if held := a.lease("work"); held.Spec.HolderIdentity == nil || *held.Spec.HolderIdentity != before.Holder {
		t.Error("it gave the Lease back, though its work may not know yet")
	}
	second, after := leader(t, crashBound, all...)
	if second == first || after.Token <= before.Token {
		t.Errorf("%s leads with %d after %s with %d", second.pod, after.Token, first.pod, before.Token)
	}
	a.heal(first.pod)
}

// TestNoAPI shows that nobody leads while there is no API server, and one again afterwards.
func TestNoAPI(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	all := []*candidate{a.start(t, 1), a.start(t, 2)}
	first, before := leader(t, crashBound, all...)
	for _, c := range all {
		a.part(c.pod)
	}
	eventually(t, renewDeadline+slack, "it notices", func() bool { return !first.leads() })
	for end := time.Now().Add(crashBound); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if c, says := only(t, all...); c != nil {
			t.Fatalf("%s says %+v", c.pod, says)
		}
	}
	if status, _ := others(all, first)[0].ask(); status != http.StatusServiceUnavailable {
		t.Errorf("one that has not heard of the Lease for so long says %d", status)
	}
	for _, c := range all {
		a.heal(c.pod)
	}
	if _, after := leader(t, crashBound, all...); after.Token <= before.Token {
		t.Errorf("token %d follows %d", after.Token, before.Token)
	}
}

// TestClockJumps shows what jumps of the two clocks do: a leader knows at once that it was away, whichever clock says so,
// and one that is set back makes no term longer.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		boot, wall time.Duration
		leads      bool
	}{
		{"the machine slept", renewDeadline, renewDeadline, false},
		{"the machine slept and its calendar with it", renewDeadline, 0, false},
		{"the virtual machine was paused", 0, renewDeadline, false},
		{"the calendar was set back", 0, -time.Hour, true},
		{"the calendar was corrected a little", 0, renewDeadline / 10, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := startAPI(t)
			c := a.start(t, 1)
			_, before := leader(t, crashBound, c)
			c.jump(test.boot, test.wall)
			if c.leads() != test.leads {
				t.Fatalf("that it leads is %t right after the jump", c.leads())
			}
			if !test.leads {
				if err := <-c.result; !errors.Is(err, errLost) {
					t.Errorf("it ended with %v", err)
				}
				return
			}
			time.Sleep(renewDeadline)
			if _, after := leader(t, slack, c); after.Token != before.Token {
				t.Errorf("token %d follows %d", after.Token, before.Token)
			}
			a.part(c.pod)
			eventually(t, renewDeadline+slack, "it notices that it renews nothing", func() bool { return !c.leads() })
		})
	}
}

// TestDeletedLease shows that tokens grow although the Lease was deleted, which forgets its transitions.
func TestDeletedLease(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	first := a.start(t, 1)
	_, before := leader(t, crashBound, first)
	first.stop()
	<-first.result
	if transitions := *a.lease("work").Spec.LeaseTransitions; transitions != 0 {
		t.Fatalf("%d transitions already", transitions)
	}
	second := a.start(t, 2)
	_, next := leader(t, crashBound, second)
	second.stop()
	<-second.result
	a.deleteLease("work")
	time.Sleep(time.Second)
	_, after := leader(t, crashBound, a.start(t, 3))
	if next.Token != before.Token+1 || after.Token <= next.Token {
		t.Errorf("tokens %d, %d, %d", before.Token, next.Token, after.Token)
	}
}

// TestApp shows that a pod leads only while its work is there, or comes back in time.
func TestApp(t *testing.T) {
	t.Parallel()
	const away = 600 * time.Millisecond
	a := startAPI(t)
	work, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	where := work.Addr().String()
	working := func(o *options) { o.app, o.away = work.Addr().(*net.TCPAddr).Port, away }
	c := a.start(t, 1, working)
	_, before := leader(t, crashBound, c)

	_ = work.Close()
	time.Sleep(away / 2)
	if work, err = net.Listen("tcp", where); err != nil {
		t.Fatal(err)
	}
	time.Sleep(away)
	if _, says := only(t, c); says.Token != before.Token {
		t.Fatalf("its work was away for a moment, and now it says %+v", says)
	}
	_ = work.Close()
	eventually(t, away+slack, "it gives the Lease back", func() bool {
		return !c.leads() && *a.lease("work").Spec.HolderIdentity == ""
	})
	time.Sleep(2 * retryPeriod)
	if held := *a.lease("work").Spec.HolderIdentity; held != "" {
		t.Errorf("%s is a candidate without its work", held)
	}
	if work, err = net.Listen("tcp", where); err != nil {
		t.Fatal(err)
	}
	defer work.Close()
	if _, after := leader(t, gracefulBound, c); after.Token != before.Token+1 {
		t.Errorf("token %d follows %d", after.Token, before.Token)
	}
}

// TestStaleRelease shows that one who was away doesn't give back what another one holds by now.
func TestStaleRelease(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	c := a.start(t, 1)
	_, says := leader(t, crashBound, c)
	stale := &lock{leases: c.leases, name: "work", identity: "pod-2_before", term: &term{clock: c.clock}, observed: &observation{}}
	if err := stale.release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if held := a.lease("work"); *held.Spec.HolderIdentity != says.Holder {
		t.Errorf("the Lease is %q's now", *held.Spec.HolderIdentity)
	}
}

// TestStalePublication shows that one who has lost takes no traffic from the one after it.
func TestStalePublication(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	c := a.start(t, 1)
	_, says := leader(t, crashBound, c)
	eventually(t, slack, "the Service leads to the leader", func() bool { return a.leadsTo("work-leader-ipv4") != "" })
	if err := c.point(t.Context(), says.Token-1, address(9), true); err != nil {
		t.Fatal(err)
	}
	if where := a.leadsTo("work-leader-ipv4"); where != c.addresses[0].String() {
		t.Errorf("the Service leads to %s", where)
	}
	// Whoever sends traffic elsewhere by hand does so for a moment.
	if err := c.point(t.Context(), says.Token, address(9), true); err != nil {
		t.Fatal(err)
	}
	eventually(t, gracefulBound, "the Service leads to the leader again", func() bool {
		return a.leadsTo("work-leader-ipv4") == c.addresses[0].String()
	})
}

// TestHealth shows what Kubernetes and Prometheus see.
func TestHealth(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	a.part("pod-1")
	c := a.start(t, 1)
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		c.outside().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	if status, _ := get("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("ready with %d before it could read the Lease", status)
	}
	if status, _ := get("/livez"); status != http.StatusOK {
		t.Errorf("live with %d", status)
	}
	a.heal("pod-1")
	_, says := leader(t, crashBound, c)
	if status, _ := get("/readyz"); status != http.StatusOK {
		t.Errorf("ready with %d", status)
	}
	_, metrics := get("/metrics")
	for _, line := range []string{"elector_leader 1", fmt.Sprintf("elector_token %d", says.Token), "elector_terms_total 1", "elector_lost_total 0", "# TYPE elector_renewals_total counter"} {
		if !strings.Contains(metrics, "\n"+line+"\n") {
			t.Errorf("no line %q in\n%s", line, metrics)
		}
	}
	if status, _ := get("/leader"); status != http.StatusNotFound {
		t.Errorf("who leads is said outside the pod: %d", status)
	}
}
