package behaviour

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	core "k8s.io/api/core/v1"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// candidates are three, of which the leader writes to a store that compares tokens.
func candidates(namespace string) string {
	return fmt.Sprintf(`
name: %[1]q
election: [string]: {
	container: {
		image: %[2]q
		port: 8080
		probes: {readiness: path: "/readyz", liveness: path: "/livez", startupSeconds: 10, stuckSeconds: 120}
		writable: ["/tmp"]
		resources: {cpu: "10m", memory: "64Mi"}
	}
	shutdown: drainSeconds: 5
	allow: from: namespaces: [%[1]q]
}
election: {
	lead: {
		container: args: ["serve", "-elector", election.lead.leader.url, "-store", election.store.endpoint.url]
		leader: {replicas: 3, leaseDurationSeconds: 6, renewDeadlineSeconds: 4, retryPeriodSeconds: 1, resources: {cpu: "10m", memory: "64Mi"}}
	}
	store: {
		container: args: ["serve"]
		singleton: {}
	}
}
`, namespace, kubernetes.App)
}

// What failover of the candidates says, and a second in which they ask and write.
const (
	lostBound     = 11*time.Second + time.Second
	handoverBound = (5+5+3)*time.Second + time.Second
)

// A term is what one leader has written to the store. It was told that it leads first at Begun, and the last time that
// it wrote something which was taken between Asked and Told.
type term struct {
	Pod                string
	Token              int64
	Taken, Refused     int
	Begun, Asked, Told time.Time
}

// An election is one that a scenario watches.
type election struct {
	s         *scenario.Scenario
	namespace string
	client    *scenario.Client
}

func startElection(s *scenario.Scenario, namespace string) election {
	s.Helper()
	s.ProcessesToDisturb()
	s.Apply(generate(s, candidates(namespace)))
	e := election{s, namespace, s.Client(namespace)}
	s.WaitReady(namespace)
	e.after(0, time.Minute)
	e.client.WaitAnswers("http://lead:8080/")
	return e
}

// terms are those that the store has heard of. They fail the scenario if two pods led at the same time: if one asked, and
// was told yes, after another one with a higher token had been told.
func (e election) terms() []term {
	e.s.Helper()
	var all struct{ Terms []term }
	if err := json.Unmarshal([]byte(e.client.Get("http://store:8080/claims").Value), &all); err != nil {
		e.s.Fatal(err)
	}
	for _, old := range all.Terms {
		for _, next := range all.Terms {
			switch {
			case old.Token == next.Token && old.Pod != next.Pod:
				e.s.Fatalf("%s and %s have token %d", old.Pod, next.Pod, old.Token)
			case old.Token < next.Token && old.Asked.After(next.Begun):
				e.s.Fatalf("%s leads with %d since %s, and %s asked at %s and was told that it does with %d", next.Pod, next.Token, next.Begun, old.Pod, old.Asked, old.Token)
			}
		}
	}
	return all.Terms
}

// last is the newest term.
func (e election) last() term {
	e.s.Helper()
	terms := e.terms()
	return terms[len(terms)-1]
}

// after waits for a term with a higher token, and gives the first.
func (e election) after(token int64, bound time.Duration) term {
	e.s.Helper()
	var first term
	// Looking takes time too.
	e.s.WaitFor(bound+10*time.Second, "another leader", func() string {
		for _, t := range e.terms() {
			if t.Token > token {
				first = t
				return ""
			}
		}
		return fmt.Sprintf("there is no token above %d", token)
	})
	return first
}

// of is the term with a token.
func (e election) of(token int64) term {
	e.s.Helper()
	for _, t := range e.terms() {
		if t.Token == token {
			return t
		}
	}
	e.s.Fatalf("the store has not heard of token %d", token)
	return term{}
}

func (e election) pod(name string) core.Pod {
	e.s.Helper()
	for _, pod := range e.s.Pods(e.namespace, "app.kubernetes.io/name=lead") {
		if pod.Name == name {
			return pod
		}
	}
	e.s.Fatalf("%s is gone", name)
	return core.Pod{}
}

// within fails if a term began later after a moment than it should.
func (e election) within(bound time.Duration, since time.Time, t term) time.Duration {
	e.s.Helper()
	took := t.Begun.Sub(since)
	if took > bound {
		e.s.Fatalf("%s leads only after %s, with a bound of %s", t.Pod, took, bound)
	}
	return took
}

// sampling is for how long a scenario looks whether one leads and only one: ELECTION_SAMPLING, or a minute.
func sampling(s *scenario.Scenario) time.Duration {
	s.Helper()
	text := os.Getenv("ELECTION_SAMPLING")
	if text == "" {
		return time.Minute
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		s.Fatal(err)
	}
	return d
}

func TestLeader(t *testing.T) {
	t.Parallel()
	prove(t, "election", "one of three candidates leads, and another one within the bound when it is killed or stopped", func(s *scenario.Scenario, namespace string) string {
		e := startElection(s, namespace)
		duration := sampling(s)
		time.Sleep(duration)
		terms := e.terms()
		var taken int
		for i, t := range terms {
			taken += t.Taken
			// A machine that is too busy to renew a Lease for 4 seconds loses it.
			if i > 0 {
				e.within(lostBound, terms[i-1].Told, t)
			}
		}
		first := terms[len(terms)-1]
		killed := time.Now()
		s.Signal(e.pod(first.Pod), syscall.SIGKILL, "/elector", "/app")
		second := e.after(first.Token, lostBound)
		lost := e.within(lostBound, killed, second)

		stopped := time.Now()
		s.Delete(e.pod(second.Pod))
		third := e.after(second.Token, handoverBound)
		handed := e.within(handoverBound, stopped, third)
		if third.Token != second.Token+1 {
			s.Errorf("token %d follows %d", third.Token, second.Token)
		}
		return fmt.Sprintf("never two in %s, with %d terms and %d claims; another one %.1f s after kill -9 of the elector and the application (bound 11), and %.1f s after the pod was deleted (bound 13)",
			duration, len(terms), taken, lost.Seconds(), handed.Seconds())
	})
}

func TestLeaderPause(t *testing.T) {
	t.Parallel()
	prove(t, "election", "a leader that was paused finds that it lost, gets no traffic, and its old token is refused", func(s *scenario.Scenario, namespace string) string {
		e := startElection(s, namespace)
		first := e.last()
		pod := e.pod(first.Pod)
		paused := time.Now()
		s.Signal(pod, syscall.SIGSTOP, "/elector", "/app")
		inside := s.ClientIn(pod)
		// The first of these wait for the elector to go on.
		asking := inside.Load(scenario.Request{URL: "http://127.0.0.1:8470/leader", Rate: 5, Timeout: time.Minute})
		second := e.after(first.Token, lostBound)
		lost := e.within(lostBound, paused, second)
		s.Wait("the Service to lead to the other", func() string {
			if pods := e.client.Request(scenario.Request{URL: "http://lead:8080/", Rounds: 20, Timeout: time.Second}).Pods(); pods[second.Pod] < 20 {
				return fmt.Sprintf("it led to %v", pods)
			}
			return ""
		})

		load := e.client.Load(scenario.Request{URL: "http://lead:8080/", Rate: 20, Timeout: time.Second})
		s.Signal(pod, syscall.SIGCONT, "/elector", "/app")
		late := inside.Request(scenario.Request{Method: "POST", URL: fmt.Sprintf("http://127.0.0.1:8080/claim?token=%d", first.Token)})[0]
		if late.Status != 409 {
			s.Errorf("the store answers %d %s to token %d after %d", late.Status, late.Error, first.Token, second.Token)
		}
		s.Wait("the one that was paused to be a candidate again", func() string {
			if status := inside.Get("http://127.0.0.1:8470/leader").Status; status != 409 {
				return fmt.Sprintf("its elector answers %d", status)
			}
			return ""
		})
		for _, r := range asking.Stop() {
			if r.OK() {
				s.Errorf("its elector said yes to what was asked %s after the pause", r.At.Sub(paused))
			}
		}
		for _, r := range load.Stop() {
			if r.OK() && r.Pod != second.Pod {
				s.Errorf("%s answered a request to the leader, which is %s", r.Pod, second.Pod)
			}
		}
		return fmt.Sprintf("another one led %.1f s after the pause; after it the elector never said yes, no request got to the pod, and the store refused %d claims with the old token", lost.Seconds(), e.of(first.Token).Refused)
	})
}

// TestLeaderPartition stops the API server, so it runs alone.
func TestLeaderPartition(t *testing.T) {
	prove(t, "election", "a leader without the API server stops before another one leads, and without one for all nobody leads", func(s *scenario.Scenario, namespace string) string {
		e := startElection(s, namespace)
		first := e.last()
		pod := e.pod(first.Pod)
		cut := time.Now()
		heal := s.CutOff(pod)
		second := e.after(first.Token, lostBound)
		lost := e.within(lostBound, cut, second)
		stopped := e.of(first.Token).Told
		heal()
		s.Wait("it to be a candidate again", func() string {
			if status := s.ClientIn(pod).Get("http://127.0.0.1:8470/leader").Status; status != 409 {
				return fmt.Sprintf("its elector answers %d", status)
			}
			return ""
		})

		gone := time.Now()
		resume := s.StopAPIServer()
		time.Sleep(lostBound)
		resume()
		resumed := time.Now()
		third := e.after(second.Token, lostBound)
		until := e.of(second.Token).Told
		if until.Sub(gone) > 5*time.Second {
			s.Errorf("%s led for %s without an API server", second.Pod, until.Sub(gone))
		}
		back := e.within(lostBound, resumed, third)
		return fmt.Sprintf("cut off, the leader stopped after %.1f s and another one led after %.1f s; without an API server nobody led after %.1f s, and one %.1f s after it was back",
			stopped.Sub(cut).Seconds(), lost.Seconds(), until.Sub(gone).Seconds(), back.Seconds())
	})
}
