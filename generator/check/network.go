package check

import (
	"cmp"
	"fmt"
	"slices"
)

// A policy is a NetworkPolicy, with the workloads whose pods it isolates.
type policy struct {
	*object
	selector        selector
	pods            []*workload
	ingress, egress *direction
}

// A direction is what a policy says about traffic one way. A policy without it
// leaves that traffic alone; one without rules stops it.
type direction struct {
	rules []trafficRule
}

// A trafficRule lets traffic through that matches one of its peers and one of
// its ports; without any it takes every one.
type trafficRule struct {
	peers []peer
	ports []policyPort
}

// A peer is the other side of allowed traffic.
type peer struct {
	// namespaces is nil where only the policy's own namespace is meant.
	namespaces *selector
	pods       selector
	// block is set for addresses; everywhere, if they are all addresses.
	block, everywhere bool
}

// A policyPort is a range of ports of the pod that is connected to; without a
// port it is all of them.
type policyPort struct {
	protocol string
	from     portRef
	to       int
}

// namespaceLabels are the labels of a Namespace object, if there is one.
type namespaceLabels map[string]string

func readPolicy(o *object) *policy {
	spec := o.root.child("spec")
	p := &policy{object: o, selector: labelSelector(spec, "podSelector")}
	types := spec.texts("policyTypes")
	if len(types) == 0 {
		types = []string{"Ingress"}
		if spec.has("egress") {
			types = append(types, "Egress")
		}
	}
	if slices.Contains(types, "Ingress") {
		p.ingress = readDirection(spec.children("ingress"), "from")
	}
	if slices.Contains(types, "Egress") {
		p.egress = readDirection(spec.children("egress"), "to")
	}
	return p
}

func readDirection(rules []node, peers string) *direction {
	var d direction
	for _, n := range rules {
		var r trafficRule
		for _, p := range n.children(peers) {
			r.peers = append(r.peers, readPeer(p))
		}
		for _, p := range n.children("ports") {
			r.ports = append(r.ports, policyPort{protocolOf(p), p.port("port"), p.number("endPort", 0)})
		}
		d.rules = append(d.rules, r)
	}
	return &d
}

func readPeer(n node) peer {
	if block := n.child("ipBlock"); block.exists() {
		cidr := block.text("cidr")
		return peer{block: true, everywhere: (cidr == "0.0.0.0/0" || cidr == "::/0") && len(block.list("except")) == 0}
	}
	p := peer{pods: labelSelector(n, "podSelector")}
	if n.has("namespaceSelector") {
		sel := labelSelector(n, "namespaceSelector")
		p.namespaces = &sel
	}
	return p
}

// network reports connections that a pod is configured to make and that a
// policy stops: its own on the way out, or the other side's on the way in.
func network(s *system) {
	for _, w := range s.workloads {
		type edge struct {
			server *workload
			svc    *service
			port   int
		}
		seen := map[edge]bool{}
		mentions := w.mentions
		for _, r := range w.configs {
			mentions = slices.Concat(mentions, s.mentionsOf[r.target])
		}
		// A name with a port says more than one without.
		mentions = slices.SortedStableFunc(slices.Values(mentions), func(a, b mention) int { return cmp.Compare(b.port, a.port) })
		for _, m := range mentions {
			svc := s.serviceOf[key{serviceKind, m.namespace, m.service}]
			if svc == nil {
				continue
			}
			for _, server := range s.servers(m.host, svc) {
				// A pod's own Service is a name to go by, not a peer.
				if e := (edge{server, svc, m.port}); !seen[e] && (server != w || m.pod != "") {
					seen[e], seen[edge{server, svc, 0}] = true, true
					checkEdge(s, w, server, svc, m)
				}
			}
		}
		if len(seen) > 0 {
			checkDNS(w)
		}
	}
}

// servers are the workloads that answer under the name h.
func (s *system) servers(h host, svc *service) []*workload {
	if name, _, ok := cutOrdinal(h.pod); ok {
		if w := s.numberedWorkload(h.namespace, name); w != nil {
			return []*workload{w}
		}
	}
	return svc.pods
}

// checkEdge blames the name, which the user wrote, rather than a policy that
// was derived.
func checkEdge(s *system, client, server *workload, svc *service, m mention) {
	targets := svc.targets(server, m.port)
	if len(targets) == 0 {
		return
	}
	blocked := func(p *policy, way string) {
		m.in.report(Finding{
			Code:    "GEN-18",
			Subject: m.subject,
			Field:   m.field,
			Message: fmt.Sprintf("%s: %s of %s has no %s rule for %s to port %d of %s", m.text, p.id, p.group, way, client.id, targets[0].number, server.id),
			Hint:    "refer to the other instance's output instead of writing its name, so that both policies know of the connection",
		})
	}
	if p := s.stops(client, outward, server, targets); p != nil {
		blocked(p, "egress")
	}
	if p := s.stops(server, inward, client, targets); p != nil {
		blocked(p, "ingress")
	}
}

// targets are the ports of server that a connection to the Service's port may
// end at; port 0 stands for any of them.
func (svc *service) targets(server *workload, port int) []containerPort {
	var targets []containerPort
	for _, p := range svc.ports {
		if port == 0 || port == p.number && !svc.headless {
			if target, ok := server.resolve(p.target, p.protocol); ok {
				targets = append(targets, target)
			}
		}
	}
	if svc.headless && port != 0 {
		if target, ok := server.resolve(portRef{number: port}, "TCP"); ok {
			targets = append(targets, target)
		}
	}
	return targets
}

func outward(p *policy) *direction { return p.egress }
func inward(p *policy) *direction  { return p.ingress }

// stops returns a policy that isolates the pods of w in the direction, if none
// lets traffic to or from other through on any of the ports.
func (s *system) stops(w *workload, way func(*policy) *direction, other *workload, ports []containerPort) *policy {
	var isolating *policy
	for _, p := range w.policies {
		d := way(p)
		if d == nil {
			continue
		}
		if isolating == nil {
			isolating = p
		}
		for _, r := range d.rules {
			if r.covers(ports) && r.admits(s, p.id.Namespace, other) {
				return nil
			}
		}
	}
	return isolating
}

func (r trafficRule) covers(ports []containerPort) bool {
	return len(r.ports) == 0 || slices.ContainsFunc(r.ports, func(p policyPort) bool {
		return slices.ContainsFunc(ports, p.covers)
	})
}

func (p policyPort) covers(target containerPort) bool {
	switch {
	case p.protocol != target.protocol:
		return false
	case p.from == portRef{}:
		return true
	case p.from.name != "":
		return p.from.name == target.name
	default:
		return p.from.number <= target.number && target.number <= max(p.from.number, p.to)
	}
}

func (r trafficRule) admits(s *system, own string, other *workload) bool {
	return len(r.peers) == 0 || slices.ContainsFunc(r.peers, func(p peer) bool { return p.admits(s, own, other) })
}

// admits reports whether the peer means pods of other; own is the policy's
// namespace.
func (p peer) admits(s *system, own string, other *workload) bool {
	namespace := other.id.Namespace
	switch {
	case p.block:
		return p.everywhere
	case p.namespaces == nil && namespace != own:
		return false
	case p.namespaces != nil && !p.namespaces.matches(namespaceOf{namespace, s.namespaces[namespace]}):
		return false
	}
	return p.pods.matches(other)
}

// namespaceOf is a namespace as selectors see it.
type namespaceOf struct {
	name   string
	labels namespaceLabels
}

// namespaceNameLabel is on every namespace.
const namespaceNameLabel = "kubernetes.io/metadata.name"

func (n namespaceOf) hasLabel(key string) bool {
	_, ok := n.labels[key]
	return ok || key == namespaceNameLabel
}

func (n namespaceOf) isLabelled(key, value string) bool {
	if key == namespaceNameLabel {
		return value == n.name
	}
	v, ok := n.labels[key]
	return ok && v == value
}

// checkDNS reports pods that need names and may not ask for them. Clusters
// name their DNS servers differently, so any rule that leaves the namespace on
// port 53 will do, and 5353, where some clusters' DNS pods listen.
func checkDNS(w *workload) {
	var isolating *policy
	for _, p := range w.policies {
		if p.egress == nil {
			continue
		}
		if isolating == nil {
			isolating = p
		}
		if slices.ContainsFunc(p.egress.rules, trafficRule.reachesDNS) {
			return
		}
	}
	if isolating != nil {
		isolating.report(Finding{
			Code:    "GEN-18",
			Field:   "spec.egress",
			Message: fmt.Sprintf("no egress rule lets %s ask DNS, and its configuration names hosts", w.id),
			Hint:    "allow UDP and TCP port 53 to namespace kube-system",
		})
	}
}

func (r trafficRule) reachesDNS() bool {
	ports := []containerPort{
		{number: 53, protocol: "UDP", name: "dns"},
		{number: 5353, protocol: "UDP", name: "dns"},
	}
	return r.covers(ports) && (len(r.peers) == 0 || slices.ContainsFunc(r.peers, func(p peer) bool {
		return p.block || p.namespaces != nil
	}))
}
