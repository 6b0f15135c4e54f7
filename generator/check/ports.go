package check

import (
	"fmt"
	"slices"
)

// ports reports ports that clash within a pod or a Service, and Services, routes and probes
// that lead to a port nobody listens on.
func ports(s *system) {
	for _, w := range s.workloads {
		checkPodPorts(w)
	}
	for _, svc := range s.services {
		checkServicePorts(svc)
	}
	for _, o := range s.objects {
		for _, b := range backends(o) {
			checkBackendPort(s, o, b)
		}
	}
}

func portFinding(o *object, subject []string, field, message, hint string) {
	o.report(Finding{Code: "GEN-05", Subject: subject, Field: field, Message: message, Hint: hint})
}

func checkPodPorts(w *workload) {
	type listener struct {
		number   int
		protocol string
	}
	numbers := map[listener]string{}
	names := map[string]string{}
	for _, c := range w.containers {
		if !c.lasting() {
			continue
		}
		for _, p := range c.ports {
			if p.number < 1 || p.number > 65535 {
				portFinding(w.object, c.subject(), p.at("containerPort"),
					fmt.Sprintf("%d is not a port number (1 to 65535)", p.number), "")
				continue
			}
			l := listener{p.number, p.protocol}
			if other, taken := numbers[l]; taken {
				portFinding(w.object, c.subject(), p.at("containerPort"),
					fmt.Sprintf("container %s cannot listen on port %d: container %s does, and they share the pod's address", c.name, p.number, other),
					"give one of them another port")
			} else {
				numbers[l] = c.name
			}
			if p.name == "" {
				continue
			}
			if other, taken := names[p.name]; taken {
				portFinding(w.object, c.subject(), p.at("name"),
					fmt.Sprintf("port name %q is used by container %s and container %s", p.name, other, c.name),
					"give one of the ports another name")
			} else {
				names[p.name] = c.name
			}
		}
	}
}

func checkServicePorts(svc *service) {
	names := map[string]bool{}
	type offer struct {
		number   int
		protocol string
	}
	offers := map[offer]bool{}
	for _, p := range svc.ports {
		o := offer{p.number, p.protocol}
		clash := slices.ContainsFunc(svc.pods, func(w *workload) bool { return w.clashes(p.target, p.protocol) })
		switch {
		case p.number < 1 || p.number > 65535:
			portFinding(svc.object, nil, p.at("port"), fmt.Sprintf("%d is not a port number (1 to 65535)", p.number), "")
			continue
		case clash && (offers[o] || names[p.name]):
		case offers[o]:
			portFinding(svc.object, nil, p.at("port"), fmt.Sprintf("port %d is there twice", p.number), "give one of them another number")
		case names[p.name]:
			portFinding(svc.object, nil, p.at("name"), fmt.Sprintf("port name %q is there twice", p.name), "name every port of the Service, each differently")
		case p.name == "" && len(svc.ports) > 1:
			portFinding(svc.object, nil, p.path, fmt.Sprintf("port %d has no name, and a Service with several ports needs them", p.number), "name every port of the Service")
		}
		names[p.name], offers[o] = p.name != "", true

		for _, w := range svc.pods {
			if _, ok := w.resolve(p.target, p.protocol); !ok {
				portFinding(svc.object, nil, either(p.has("targetPort"), p.at("targetPort"), p.at("port")),
					fmt.Sprintf("leads to port %s, but the pods of %s listen on %s", p.target, w.id, w.listening()),
					"name a port of the pod's containers")
				break
			}
		}
	}
}

// clashes reports whether the port of w's pods that p means has its name or
// number in common with another, which is told where the pods are.
func (w *workload) clashes(p portRef, protocol string) bool {
	port, ok := w.resolve(p, protocol)
	if !ok {
		return false
	}
	same := 0
	for _, c := range w.containers {
		for _, other := range c.ports {
			sameName := other.name == port.name && port.name != ""
			if c.lasting() && (sameName || other.number == port.number && other.protocol == port.protocol) {
				same++
			}
		}
	}
	return same > 1
}

// checkBackendPort looks for the port that an Ingress or a route sends to.
func checkBackendPort(s *system, o *object, b backend) {
	svc := s.serviceOf[b.service]
	if svc == nil || b.port == (portRef{}) {
		return
	}
	for _, p := range svc.ports {
		if b.port.name != "" && b.port.name == p.name || b.port.name == "" && b.port.number == p.number {
			return
		}
	}
	portFinding(o, nil, b.field, fmt.Sprintf("leads to port %s, which %s does not have", b.port, svc.id), "name a port of the Service")
}
