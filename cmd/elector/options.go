package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const usage = `usage: elector -lease NAME [flags]

  -lease NAME             the Lease to hold
  -lease-duration 15s     for how long others wait after a renewal
  -renew-deadline 10s     for how long the leader says that it leads after a renewal
  -retry-period 2s        time between two tries to renew or to get the Lease
  -port 8470              GET /leader on loopback; /livez, /readyz and /metrics on the pod's address
  -app PORT               lead only while this port of the pod accepts connections
  -app-away 35s           for how long it may not
  -service NAME           lead this Service to the pod that leads
  -service-port NAME=PORT a port of the Service and of the pod; may be repeated

Its pod is known by the environment variables POD_NAME, POD_NAMESPACE and POD_IPS.
`

// options are what an elector is told.
type options struct {
	lease                                     string
	leaseDuration, renewDeadline, retryPeriod time.Duration
	port                                      int
	// app is the port on which the pod's work is to be found, or 0, and away is for how long it may not be.
	app  int
	away time.Duration
	// service is the Service that leads to the leader, or empty.
	service string
	ports   []servicePort

	pod, namespace string
	addresses      []netip.Addr
}

type servicePort struct {
	name   string
	number int32
}

func parse(args []string, getenv func(string) string) (options, error) {
	var o options
	flags := flag.NewFlagSet("elector", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.lease, "lease", "", "")
	flags.DurationVar(&o.leaseDuration, "lease-duration", 15*time.Second, "")
	flags.DurationVar(&o.renewDeadline, "renew-deadline", 10*time.Second, "")
	flags.DurationVar(&o.retryPeriod, "retry-period", 2*time.Second, "")
	flags.IntVar(&o.port, "port", 8470, "")
	flags.IntVar(&o.app, "app", 0, "")
	flags.DurationVar(&o.away, "app-away", 35*time.Second, "")
	flags.StringVar(&o.service, "service", "", "")
	flags.Func("service-port", "", func(text string) error {
		name, number, ok := strings.Cut(text, "=")
		port, err := strconv.ParseUint(number, 10, 16)
		if !ok || err != nil {
			return errors.New("is not NAME=PORT")
		}
		o.ports = append(o.ports, servicePort{name, int32(port)})
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("%s: no argument is known besides flags", flags.Arg(0))
	}
	o.pod, o.namespace = getenv("POD_NAME"), getenv("POD_NAMESPACE")
	for _, text := range strings.Split(getenv("POD_IPS"), ",") {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return options{}, fmt.Errorf("POD_IPS is not a list of the pod's addresses: %w", err)
		}
		o.addresses = append(o.addresses, address)
	}
	return o, o.check()
}

func (o options) check() error {
	switch {
	case o.lease == "":
		return errors.New("-lease is missing")
	case o.pod == "" || o.namespace == "":
		return errors.New("POD_NAME and POD_NAMESPACE must be set")
	case o.leaseDuration < time.Second || o.leaseDuration%time.Second != 0:
		return fmt.Errorf("-lease-duration %s is not a number of whole seconds", o.leaseDuration)
	case o.port < 1 || o.port > 65535:
		return fmt.Errorf("-port %d is not a port number (1 to 65535)", o.port)
	case o.app < 0 || o.app > 65535:
		return fmt.Errorf("-app %d is not a port number (1 to 65535)", o.app)
	}
	return nil
}
