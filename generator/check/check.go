// Package check finds mistakes in rendered Kubernetes objects that each object
// hides on its own: selectors that select nothing, budgets that block a drain,
// ports nobody listens on, references nobody makes, traffic that a policy
// stops.
//
// The checks know Kubernetes and nothing else. They hold for every pattern,
// built in or the user's own, and for what a user's patches made of it.
// Kinds that they do not know are left alone. Objects may be malformed: that
// is a finding too, never a panic.
//
// Codes documents every code that Objects reports.
package check

import (
	"cmp"
	"slices"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// Facts is what the checks need to know about the cluster.
type Facts struct {
	// Minor is the oldest Kubernetes to run on: 34 for 1.34. With 0 every
	// field is taken to exist.
	Minor int
	// ClusterDomain ends the cluster's DNS names; empty means "cluster.local".
	ClusterDomain string
	// Existing are objects that the system finds in the cluster: references may
	// lead to them, though nothing is known of their content.
	Existing []manifest.ID
}

// A Finding is one mistake in one object.
type Finding struct {
	// Code is documented by Codes, such as "GEN-04".
	Code     string
	Severity diagnostic.Severity
	// Group is the instance that the object came from, such as "sharded.cache".
	Group string
	// Object is where the mistake is. Alike counts the other objects of the
	// group that have the same one, such as further shards.
	Object manifest.ID
	Alike  int
	// Subject holds names from the object that may be keys in the user's spec,
	// from the outermost in: a container's name, then its variable's. It may be
	// empty.
	Subject []string
	// Field is the place in the object, such as
	// "spec.template.spec.containers[web].image". Items of a list go by their
	// name if they have one, by their index from 0 otherwise.
	Field string
	// Message is lower case, without a full stop, and shows the arithmetic.
	Message string
	// Hint says what to do.
	Hint string
}

// Objects checks all objects of a system together and returns what is wrong,
// in the order of the objects and by code within each. It takes time in
// proportion to the number of objects, and changes none of them.
func Objects(groups []manifest.Group, facts Facts) []Finding {
	s := read(groups, facts)
	for _, check := range []func(*system){
		duplicates,
		names,
		sizes,
		selectors,
		budgets,
		rollouts,
		shutdowns,
		ports,
		probes,
		restarts,
		images,
		security,
		resources,
		totals,
		scaling,
		spreading,
		traffic,
		versions,
		hosts,
		network,
		references,
		volumes,
		sharing,
		lists,
		secrets,
	} {
		check(s)
	}
	return s.findings()
}

// findings gathers what was reported about each object, and says what is the
// same of several objects of a group once. What else is wrong with a malformed
// object may well follow from that, and is left out.
func (s *system) findings() []Finding {
	var all []Finding
	first := map[string]int{}
	for _, o := range s.objects {
		malformed := func(f Finding) bool { return f.Code == "GEN-22" }
		if slices.ContainsFunc(o.findings, malformed) {
			o.findings = slices.DeleteFunc(o.findings, func(f Finding) bool { return !malformed(f) })
		}
		slices.SortStableFunc(o.findings, func(a, b Finding) int { return cmp.Compare(a.Code, b.Code) })
		o.findings = slices.CompactFunc(o.findings, func(a, b Finding) bool {
			return a.Code == b.Code && a.Field == b.Field && a.Message == b.Message
		})
		for _, f := range o.findings {
			what := f.what()
			if i, told := first[what]; told && all[i].Object != f.Object {
				all[i].Alike++
				continue
			}
			first[what] = len(all)
			all = append(all, f)
		}
	}
	return all
}

// what is everything that a finding says, but for its object's name.
func (f Finding) what() string {
	message := strings.ReplaceAll(f.Message, f.Object.Name, "\x00")
	return strings.Join(append([]string{f.Group, f.Object.Kind, f.Code, f.Field, message}, f.Subject...), "\x01")
}
