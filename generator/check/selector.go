package check

import (
	"maps"
	"slices"
	"strings"
)

// labelled is what a selector looks at: a namespace, or the pods of a workload.
type labelled interface {
	hasLabel(key string) bool
	// isLabelled reports whether the label key may have this value.
	isLabelled(key, value string) bool
}

// A selector is a label selector. Without any term it matches everything.
type selector struct {
	terms []term
}

// A term is one condition of a selector; operator is that of a match
// expression, and matchLabels become In.
type term struct {
	key, operator string
	values        []string
}

// labelSelector reads the label selector in n's field key.
func labelSelector(n node, key string) selector {
	s := mapSelector(n.child(key).pairs("matchLabels"))
	for _, e := range n.child(key).children("matchExpressions") {
		s.terms = append(s.terms, term{e.text("key"), e.text("operator"), e.texts("values")})
	}
	return s
}

// mapSelector is the selector that a Service writes: labels only.
func mapSelector(labels map[string]string) selector {
	var s selector
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		s.terms = append(s.terms, term{key, "In", []string{labels[key]}})
	}
	return s
}

func (s selector) everything() bool { return len(s.terms) == 0 }

// singlesOut reports whether s matches no more than one pod of a workload.
func (s selector) singlesOut() bool {
	return slices.ContainsFunc(s.terms, func(t term) bool {
		return (t.key == podNameLabel || t.key == podIndexLabel || t.key == jobIndexLabel) && t.operator == "In" && len(t.values) == 1
	})
}

func (s selector) matches(l labelled) bool {
	for _, t := range s.terms {
		if !t.matches(l) {
			return false
		}
	}
	return true
}

func (t term) matches(l labelled) bool {
	in := func() bool {
		return slices.ContainsFunc(t.values, func(v string) bool { return l.isLabelled(t.key, v) })
	}
	switch t.operator {
	case "In":
		return in()
	case "NotIn":
		return !in()
	case "Exists":
		return l.hasLabel(t.key)
	case "DoesNotExist":
		return !l.hasLabel(t.key)
	default:
		return false
	}
}

// String writes the selector as kubectl's --selector takes it.
func (s selector) String() string {
	terms := make([]string, len(s.terms))
	for i, t := range s.terms {
		switch {
		case t.operator == "In" && len(t.values) == 1:
			terms[i] = t.key + "=" + t.values[0]
		case t.operator == "Exists":
			terms[i] = t.key
		case t.operator == "DoesNotExist":
			terms[i] = "!" + t.key
		default:
			terms[i] = t.key + " " + strings.ToLower(t.operator) + " (" + strings.Join(t.values, ",") + ")"
		}
	}
	return strings.Join(terms, ",")
}

// A label is one label of one namespace's pods.
type label struct{ namespace, key, value string }

// A podIndex finds the workloads whose pods a selector matches without looking
// at every workload.
type podIndex struct {
	byNamespace map[string][]*workload
	byLabel     map[label][]*workload
}

func (x *podIndex) add(w *workload) {
	x.byNamespace[w.id.Namespace] = append(x.byNamespace[w.id.Namespace], w)
	for key, value := range w.labels {
		l := label{w.id.Namespace, key, value}
		x.byLabel[l] = append(x.byLabel[l], w)
	}
	for _, key := range nameLabels {
		if _, own := w.labels[key]; !own && w.hasLabel(key) {
			l := label{w.id.Namespace, key, w.id.Name}
			x.byLabel[l] = append(x.byLabel[l], w)
		}
	}
}

// selected returns the workloads in namespace whose pods s matches, in the
// order of the objects.
func (x *podIndex) selected(namespace string, s selector) []*workload {
	candidates := x.byNamespace[namespace]
	for _, t := range s.terms {
		indexed := controllerLabels[t.key] == nil || slices.Contains(nameLabels, t.key)
		if t.operator != "In" || len(t.values) != 1 || !indexed {
			continue
		}
		value := t.values[0]
		if t.key == podNameLabel {
			value, _, _ = cutOrdinal(value)
		}
		if narrower := x.byLabel[label{namespace, t.key, value}]; len(narrower) < len(candidates) {
			candidates = narrower
		}
	}
	var matching []*workload
	for _, w := range candidates {
		if s.matches(w) {
			matching = append(matching, w)
		}
	}
	return matching
}
