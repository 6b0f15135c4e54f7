package check

// A service is a Service, with the workloads whose pods it selects.
type service struct {
	*object
	selector selector
	headless bool
	ports    []servicePort
	pods     []*workload
}

// A servicePort is a port that a Service offers, and the one it leads to.
type servicePort struct {
	node
	name, protocol string
	number         int
	target         portRef
}

func readService(o *object) *service {
	spec := o.root.child("spec")
	svc := &service{object: o, headless: spec.text("clusterIP") == "None"}
	if spec.text("type") != "ExternalName" {
		svc.selector = mapSelector(spec.pairs("selector"))
	}
	for _, p := range spec.children("ports") {
		port := servicePort{
			node:     p,
			name:     p.text("name"),
			protocol: protocolOf(p),
			number:   p.number("port", 0),
			target:   p.port("targetPort"),
		}
		if port.target == (portRef{}) {
			port.target.number = port.number
		}
		svc.ports = append(svc.ports, port)
	}
	return svc
}

// selects reports whether the Service finds its pods by labels; one without a
// selector gets its addresses from elsewhere.
func (svc *service) selects() bool { return !svc.selector.everything() }
