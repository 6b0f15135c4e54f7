package generator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// maxTries is how many requests may come of one where more than one on its path
// tries again; GEN-31 says so.
const maxTries = 4

// A storm is what becomes of one request to an instance when the last one on its
// path fails: the product of all tries, at most maxStorm, and the calls that it
// takes, with who makes them.
type storm struct {
	requests int
	calls    []made
}

type made struct {
	by Instance
	call
}

// maxStorm ends the multiplication.
const maxStorm = 1 << 20

// amplification reports paths on which retries multiply, the worst first, and
// no part of such a path again.
func (s *System) amplification(parties map[string]*party) diagnostic.List {
	var storms []storm
	for _, instance := range s.Instances {
		for _, c := range parties[instance.Path()].calls {
			if st := stormOf(parties, made{instance, c}); c.retries.value > 0 && st.requests > max(maxTries, c.tries()) {
				storms = append(storms, st)
			}
		}
	}
	slices.SortStableFunc(storms, func(a, b storm) int { return cmp.Compare(b.requests, a.requests) })
	var list diagnostic.List
	var told []made
	for _, st := range storms {
		first := st.calls[0]
		if slices.ContainsFunc(told, func(m made) bool { return m.by.Path() == first.by.Path() && m.same(first.call) }) {
			continue
		}
		told = append(told, st.calls...)
		list = append(list, s.amplified(st))
	}
	return list
}

func (s *System) amplified(st storm) diagnostic.Diagnostic {
	path := []string{st.calls[0].by.Path()}
	var factors []string
	var notes []diagnostic.Note
	for i, m := range st.calls {
		path = append(path, m.server)
		if m.retries.value == 0 {
			continue
		}
		factors = append(factors, strconv.Itoa(m.tries()))
		if i > 0 {
			notes = append(notes, s.noteOf(m.by, m.retries.field))
		}
	}
	first := st.calls[0]
	d := diagnostic.Diagnostic{
		Code:     "GEN-31",
		Severity: diagnostic.Warning,
		Message: fmt.Sprintf("one request becomes up to %s on the path %s, when the last does not answer",
			strings.Join(factors, " × "), strings.Join(path, " → ")),
		Hint:  "try again in one place of the path, and set retries: 0 in the others",
		Notes: notes,
	}
	d.Position, d.Path = s.locateIn(first.by, first.retries.field)
	return d
}

// stormOf is what becomes of one request that makes the call.
func stormOf(parties map[string]*party, m made) storm {
	next := worstStorm(parties, parties[m.server])
	return storm{
		requests: min(maxStorm, m.tries()*next.requests),
		calls:    append([]made{m}, next.calls...),
	}
}

// worstStorm is that of the calls of an instance which makes the most requests.
func worstStorm(parties map[string]*party, p *party) storm {
	if p.storm != nil {
		return *p.storm
	}
	p.storm = &storm{requests: 1}
	worst := *p.storm
	for _, c := range p.calls {
		if st := stormOf(parties, made{p.instance, c}); st.requests > worst.requests {
			worst = st
		}
	}
	p.storm = &worst
	return worst
}
