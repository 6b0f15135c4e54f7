package generator

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// A call is what an instance does about an address of another's. Schemas say it
// by attributes: a field with @timeout() is how many seconds one try takes at
// most for every address in the same struct, and one with @retries() how often it
// is tried again. Of nested structs the innermost counts.
type call struct {
	// server is the path of the instance that is called, and component its part
	// that answers.
	server, component string
	// timeout is how long one try takes; without a field nobody knows. around is
	// the next timeout outside of it, which all tries together have to fit.
	timeout, around limit
	// retries has no field where what fails is not tried again.
	retries limit
}

// A limit is a number that a user set, or could have, in a field of an instance.
type limit struct {
	value int
	field []string
}

func (c call) tries() int { return 1 + c.retries.value }

// seconds is how long all tries take together.
func (c call) seconds() int { return c.tries() * c.timeout.value }

func (c call) same(d call) bool {
	return c.server == d.server && c.component == d.component &&
		slices.Equal(c.timeout.field, d.timeout.field) && slices.Equal(c.retries.field, d.retries.field)
}

// A party is an instance among those that call each other.
type party struct {
	instance Instance
	calls    []call
	// fronts are the components in front of the instance's pods that answer for
	// them, with how long they wait: what a field with @answers(component) says.
	fronts map[string]limit
	// wait and storm are what was found out about the instance; they are set when
	// that begins, so that a circle ends where it began.
	wait  *wait
	storm *storm
}

// checkCalls finds mistakes that only the paths of requests through the whole
// system show.
func (s *System) checkCalls(hosts map[string]host, edges map[string]*edge) diagnostic.List {
	parties := map[string]*party{}
	var list diagnostic.List
	for _, instance := range s.Instances {
		path := instance.Path()
		p := &party{instance: instance, fronts: map[string]limit{}}
		parties[path] = p
		shape, ok := s.packages.Kind(instance.Kind)
		if !ok {
			continue
		}
		list = append(list, s.dependence(instance, shape, hosts)...)
		if len(edges[path].servers) > 0 {
			p.calls = s.callsOf(instance, shape, hosts)
		}
		eachAddress(instance.Fields, func(_ string, a address) {
			if _, seen := p.fronts[a.component]; !seen && a.component != "" {
				p.fronts[a.component] = answersWithin(instance.Fields, shape, a.component, nil)
			}
		})
	}
	return slices.Concat(list, s.impatience(parties), s.amplification(parties))
}

// callsOf returns what an instance calls, each combination once.
func (s *System) callsOf(instance Instance, shape *catalogue.Shape, hosts map[string]host) []call {
	var calls []call
	path := instance.Path()
	eachLimited(instance.Fields, shape, nil, call{}, func(text string, limits call) {
		eachHost(text, s.Domain(), func(name string, port int) {
			h, known := hosts[name]
			if !known || h.owner == path {
				return
			}
			for _, a := range h.at(port) {
				c := limits
				c.server, c.component = h.owner, a.component
				if !slices.ContainsFunc(calls, c.same) {
					calls = append(calls, c)
				}
			}
		})
	})
	return calls
}

// eachLimited visits the strings of a tree that a user can write, with the limits
// of calls there. Probes are no calls on the path of a request.
func eachLimited(tree any, shape *catalogue.Shape, path []string, limits call, visit func(string, call)) {
	switch t := tree.(type) {
	case string:
		visit(t, limits)
	case manifest.Map:
		for _, f := range shape.Fields {
			switch {
			case f.Timeout:
				if inner := limitAt(t, path, f.Name); inner.field != nil {
					limits.timeout, limits.around = inner, limits.timeout
				}
			case f.Retries:
				if inner := limitAt(t, path, f.Name); inner.field != nil {
					limits.retries = inner
				}
			}
		}
		for _, f := range t {
			if field, ok := shape.At([]string{f.Key}); ok && !field.Output && field.Probe == "" {
				eachLimited(f.Value, field.Shape, append(path, f.Key), limits, visit)
			}
		}
	case []any:
		for i, item := range t {
			if shape.Elem != nil {
				eachLimited(item, shape.Elem, append(path, strconv.Itoa(i)), limits, visit)
			}
		}
	}
}

// limitAt returns the number in a field of the struct m at path, or a limit
// without a field if there is none.
func limitAt(m manifest.Map, path []string, name string) limit {
	text, _ := manifest.Lookup(m, name).(json.Number)
	value, err := strconv.Atoi(text.String())
	if err != nil {
		return limit{}
	}
	return limit{value, append(slices.Clone(path), name)}
}

// answersWithin returns how soon a component answers, if a field says so.
func answersWithin(tree any, shape *catalogue.Shape, component string, path []string) limit {
	m, ok := tree.(manifest.Map)
	if !ok {
		return limit{}
	}
	for _, f := range shape.Fields {
		value, ok := m.Get(f.Name)
		switch {
		case !ok || f.Output:
		case f.Answers == component:
			return limitAt(m, path, f.Name)
		default:
			if found := answersWithin(value, f.Shape, component, append(path, f.Name)); found.field != nil {
				return found
			}
		}
	}
	return limit{}
}
