package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log"
	"net"
	"strconv"
	"sync"
	"time"

	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	discovery "k8s.io/client-go/kubernetes/typed/discovery/v1"
	"k8s.io/client-go/tools/leaderelection"
)

// errLost is why an elector ends that led and could not renew its Lease: what it knew is worth nothing any more, and
// whoever holds a connection to it notices.
var errLost = errors.New("the Lease is lost")

// patience is for how long an elector that was told to stop tries to give the Lease back. Kubernetes ends it two seconds
// after the pod's grace period, if that has been used up.
const patience = 2 * time.Second

// An elector makes its pod a candidate again and again until it is told to stop.
type elector struct {
	options
	clock  clock
	leases coordination.LeaseInterface
	slices discovery.EndpointSliceInterface
	// tick is the time between two looks at whether the term or the pod's work has ended.
	tick time.Duration

	observed observation
	lock     sync.Mutex
	current  *term
}

// term is the one that counts, or nil.
func (e *elector) term() *term {
	e.lock.Lock()
	defer e.lock.Unlock()
	return e.current
}

func (e *elector) setTerm(t *term) {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.current = t
}

// run takes part in the election until it is told to stop. It fails when it led and lost the Lease.
func (e *elector) run(stop context.Context) error {
	for stop.Err() == nil {
		if !e.appAnswers() {
			select {
			case <-stop.Done():
			case <-time.After(e.tick):
			}
			continue
		}
		if err := e.stand(stop); err != nil {
			return err
		}
	}
	return nil
}

// stand makes the pod a candidate, and the leader if it gets the Lease. It ends when the Lease is lost, which is an
// error, and gives it back when it is told to stop or when the pod's work has been away for too long.
func (e *elector) stand(stop context.Context) error {
	t := &term{clock: e.clock, validity: e.renewDeadline}
	// A candidate who comes back is another one. With the pod's name alone it would have the Lease of the one before
	// at once, and others could not tell them apart.
	identity := e.pod + "_" + rand.Text()[:8]
	l := &lock{leases: e.leases, name: e.lease, identity: identity, term: t, observed: &e.observed}
	led := make(chan struct{})
	candidate, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:          l,
		LeaseDuration: e.leaseDuration,
		RenewDeadline: e.renewDeadline,
		RetryPeriod:   e.retryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { close(led) },
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	e.setTerm(t)
	defer t.end()
	election, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		candidate.Run(election)
	}()
	giveBack := func() {
		t.end()
		cancel()
		<-ended
		if _, begun := t.last(); !begun {
			return
		}
		e.withdraw(t)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := l.release(ctx); err != nil {
			log.Print("the Lease was not given back: ", err)
		}
	}
	tick := time.NewTicker(e.tick)
	defer tick.Stop()
	answered := e.clock.now()
	for {
		select {
		case <-stop.Done():
			giveBack()
			return nil
		case <-led:
			led = nil
			e.observed.began()
			log.Print("leads as ", identity)
			go e.publish(election, t)
		case <-ended:
			e.observed.losing()
			return errLost
		case <-tick.C:
			if t.isOver() {
				e.observed.losing()
				return errLost
			}
			if e.appAnswers() {
				answered = e.clock.now()
			} else if answered.until(e.clock.now()) > e.away {
				log.Printf("nothing has listened on port %d for %s", e.app, e.away)
				giveBack()
				return nil
			}
		}
	}
}

// appAnswers says whether the pod's work is there, which may listen on loopback or on the pod's address alone.
func (e *elector) appAnswers() bool {
	if e.app == 0 {
		return true
	}
	for _, host := range []string{"127.0.0.1", e.addresses[0].String()} {
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(e.app)), time.Second)
		if err == nil {
			_ = connection.Close()
			return true
		}
	}
	return false
}
