package generator

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// A wait is how long an instance may take to answer, as far as that is known.
type wait struct {
	seconds int
	// path leads from the instance to whom it waits for, and reason says why it
	// takes so long.
	path   []string
	reason string
	// instance and field are what decides it.
	instance Instance
	field    []string
}

// impatience reports who gives up sooner than the one that is asked may answer:
// an answer comes when nobody waits for it any more.
func (s *System) impatience(parties map[string]*party) diagnostic.List {
	var list diagnostic.List
	for _, instance := range s.Instances {
		p := parties[instance.Path()]
		for _, component := range slices.Sorted(maps.Keys(p.fronts)) {
			front := p.fronts[component]
			if w := waitOfPods(parties, p); front.field != nil && w.seconds > front.value {
				list = append(list, s.impatient(instance, front, w, "its own pods"))
			}
		}
		for _, c := range p.calls {
			if own := waitOfCall(p, c); c.around.field != nil && own.seconds > c.around.value {
				own.path = append([]string{instance.Path()}, own.path...)
				list = append(list, s.impatient(instance, c.around, own, "it"))
			}
			w := waitOf(parties, c)
			if c.timeout.field != nil && w.seconds > c.timeout.value && !slices.Contains(w.path, instance.Path()) {
				w.path = append([]string{instance.Path()}, w.path...)
				list = append(list, s.impatient(instance, c.timeout, w, c.server))
			}
		}
	}
	return list
}

func (s *System) impatient(instance Instance, limit limit, w wait, server string) diagnostic.Diagnostic {
	d := diagnostic.Diagnostic{
		Code:     "GEN-30",
		Severity: diagnostic.Warning,
		Message: fmt.Sprintf("%d s are too few on the path %s: %s may take %d s, %s",
			limit.value, strings.Join(w.path, " → "), server, w.seconds, w.reason),
		Hint: fmt.Sprintf("raise it to %d, or lower %s", w.seconds, pathIn(w.instance, w.field)),
	}
	d.Position, d.Path = s.locateIn(instance, limit.field)
	d.Notes = []diagnostic.Note{s.noteOf(w.instance, w.field)}
	return d
}

// waitOf is how long who is called may take.
func waitOf(parties map[string]*party, c call) wait {
	p := parties[c.server]
	if front := p.fronts[c.component]; front.field != nil {
		return wait{
			seconds:  front.value,
			path:     []string{c.server},
			reason:   fmt.Sprintf("as its %s waits that long", c.component),
			instance: p.instance,
			field:    front.field,
		}
	}
	w := waitOfPods(parties, p)
	if len(w.path) == 0 {
		w.path = []string{c.server}
	}
	return w
}

// waitOfPods is how long an instance's own pods may take: as long as they wait for
// the slowest of those that they call.
func waitOfPods(parties map[string]*party, p *party) wait {
	if p.wait != nil {
		return *p.wait
	}
	p.wait = &wait{}
	var longest wait
	for _, c := range p.calls {
		w := waitOfCall(p, c)
		if c.timeout.field == nil {
			w = waitOf(parties, c)
		}
		if w.seconds > longest.seconds {
			longest = w
			longest.path = append([]string{p.instance.Path()}, w.path...)
		}
	}
	p.wait = &longest
	return longest
}

// waitOfCall is how long an instance waits for one that it calls.
func waitOfCall(p *party, c call) wait {
	reason := fmt.Sprintf("as %s waits for %s", p.instance.Path(), c.server)
	if c.retries.value > 0 {
		reason += fmt.Sprintf(" up to %d × %d s", c.tries(), c.timeout.value)
	}
	return wait{c.seconds(), []string{c.server}, reason, p.instance, c.timeout.field}
}

// pathIn is the path of a field of an instance, as diagnostics show it.
func pathIn(instance Instance, field []string) string {
	return joinPath(append([]string{instance.Kind, instance.Name}, field...))
}

func (s *System) locateIn(instance Instance, field []string) (diagnostic.Position, string) {
	return s.locate(append([]string{instance.Kind, instance.Name}, field...)...)
}

func (s *System) noteOf(instance Instance, field []string) diagnostic.Note {
	pos, path := s.locateIn(instance, field)
	return diagnostic.Note{Position: pos, Message: path + " is here"}
}
