package main

import (
	"context"
	"log"
	"net/netip"
	"strconv"
	"time"

	core "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	apply "k8s.io/client-go/applyconfigurations/discovery/v1"
)

const (
	// tokenAnnotation is where a slice says whose it is.
	tokenAnnotation = "patternctl.dev/token"
	manager         = "elector"
)

// sliceName is the EndpointSlice of a Service for addresses of a family.
func sliceName(service string, family discoveryv1.AddressType) string {
	return service + map[discoveryv1.AddressType]string{discoveryv1.AddressTypeIPv4: "-leader-ipv4", discoveryv1.AddressTypeIPv6: "-leader-ipv6"}[family]
}

// publish has the Service lead to this pod for as long as the term goes on, whatever others do with its slices.
func (e *elector) publish(election context.Context, t *term) {
	if e.service == "" {
		return
	}
	for {
		token, left, leads := t.leading()
		if !leads {
			return
		}
		ctx, cancel := context.WithTimeout(election, left)
		for _, address := range e.addresses {
			if err := e.point(ctx, token, address, true); err != nil && ctx.Err() == nil {
				log.Printf("Service %s: %v", e.service, err)
			}
		}
		cancel()
		select {
		case <-election.Done():
			return
		case <-time.After(e.retryPeriod):
		}
	}
}

// withdraw has the Service lead nowhere, if it leads to this pod.
func (e *elector) withdraw(t *term) {
	if e.service == "" {
		return
	}
	token, _ := t.last()
	ctx, cancel := context.WithTimeout(context.Background(), patience/2)
	defer cancel()
	for _, address := range e.addresses {
		if err := e.point(ctx, token, address, false); err != nil {
			log.Printf("Service %s: %v", e.service, err)
		}
	}
}

// point makes an address the Service's only one of its family, or takes it away. It does nothing to a slice of one who
// has led later, and what was read before such a one wrote is refused by the API server.
func (e *elector) point(ctx context.Context, token int64, address netip.Addr, here bool) error {
	family := discoveryv1.AddressTypeIPv4
	if address.Is6() {
		family = discoveryv1.AddressTypeIPv6
	}
	wanted := apply.EndpointSlice(sliceName(e.service, family), e.namespace).
		WithLabels(map[string]string{discoveryv1.LabelServiceName: e.service, discoveryv1.LabelManagedBy: manager}).
		WithAnnotations(map[string]string{tokenAnnotation: strconv.FormatInt(token, 10)}).
		WithAddressType(family)
	for _, port := range e.ports {
		wanted.WithPorts(apply.EndpointPort().WithName(port.name).WithPort(port.number).WithProtocol(core.ProtocolTCP))
	}
	wanted.Endpoints = []apply.EndpointApplyConfiguration{}
	if here {
		wanted.WithEndpoints(apply.Endpoint().
			WithAddresses(address.String()).
			WithConditions(apply.EndpointConditions().WithReady(true)))
	}
	slice, err := e.slices.Get(ctx, *wanted.Name, meta.GetOptions{})
	switch {
	case errors.IsNotFound(err):
	case err != nil:
		return err
	default:
		if later, err := strconv.ParseInt(slice.Annotations[tokenAnnotation], 10, 64); err == nil && later > token {
			return nil
		}
		if here && isAt(slice, address.String()) && slice.Annotations[tokenAnnotation] == wanted.Annotations[tokenAnnotation] {
			return nil
		}
		wanted.WithResourceVersion(slice.ResourceVersion)
	}
	_, err = e.slices.Apply(ctx, wanted, meta.ApplyOptions{FieldManager: manager, Force: true})
	return err
}

func isAt(slice *discoveryv1.EndpointSlice, address string) bool {
	return len(slice.Endpoints) == 1 && len(slice.Endpoints[0].Addresses) == 1 && slice.Endpoints[0].Addresses[0] == address
}
