// elector is the sidecar that decides which of several pods leads.
//
// It holds a Lease for its pod as long as it can renew it, tells the pod's other containers on loopback whether the pod
// leads, and has a Service lead to the pod while it does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	discovery "k8s.io/client-go/kubernetes/typed/discovery/v1"
	"k8s.io/client-go/rest"
)

func main() { os.Exit(run(os.Args[1:], os.Getenv, os.Stderr)) }

// run is the program. It gives 0 when it was told to stop, 1 when it lost the lease or can't work, and 2 when its
// arguments are wrong.
func run(args []string, getenv func(string) string, stderr io.Writer) int {
	o, err := parse(args, getenv)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, usage)
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "elector:", err)
		return 2
	}
	config, err := rest.InClusterConfig()
	if err == nil {
		err = elect(stopSignal(), o, config)
	}
	if err != nil {
		fmt.Fprintln(stderr, "elector:", err)
		return 1
	}
	return 0
}

// stopSignal is done when the program is told to stop.
func stopSignal() context.Context {
	stop, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	return stop
}

// elect takes part in an election until it is told to stop.
func elect(stop context.Context, o options, config *rest.Config) error {
	e, err := newElector(o, machineClock{}, config, "elector")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	if err := e.listen(failed); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- e.run(stop) }()
	select {
	case err := <-failed:
		return err
	case err := <-ended:
		return err
	}
}

// newElector connects an elector with an API server, to which it calls itself agent.
func newElector(o options, clock clock, config *rest.Config, agent string) (*elector, error) {
	config = rest.CopyConfig(config)
	// A request that hangs leaves time for another one before the lease lapses.
	config.Timeout = o.renewDeadline / 2
	// Over HTTP/2 all requests share a connection, and would wait for a dead one for as long as the kernel does.
	config.NextProtos = []string{"http/1.1"}
	config.UserAgent = agent
	leases, err := coordination.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	slices, err := discovery.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &elector{
		options: o,
		clock:   clock,
		leases:  leases.Leases(o.namespace),
		slices:  slices.EndpointSlices(o.namespace),
		tick:    min(o.retryPeriod, 200*time.Millisecond),
	}, nil
}
