package check

import (
	"fmt"
)

// A budget is a PodDisruptionBudget, with the workloads whose pods it protects.
type budget struct {
	*object
	// selects is false for a budget without a selector: it protects nothing,
	// while one with an empty selector protects every pod.
	selects  bool
	selector selector
	pods     []*workload
}

func readBudget(o *object) *budget {
	spec := o.root.child("spec")
	return &budget{object: o, selects: spec.has("selector"), selector: labelSelector(spec, "selector")}
}

// budgets reports pods with two budgets (GEN-03), which can't be evicted at
// all, and budgets that never allow an eviction (GEN-04).
func budgets(s *system) {
	protector := map[*workload]*budget{}
	for _, b := range s.budgets {
		for _, w := range b.pods {
			first := protector[w]
			if first == nil {
				protector[w] = b
				continue
			}
			b.report(Finding{
				Code:    "GEN-03",
				Field:   "spec.selector",
				Message: fmt.Sprintf("pods of %s are protected by %s already: a pod with two budgets cannot be evicted", w.id, first.id),
				Hint:    "leave one of the budgets out, or narrow its selector",
			})
			break
		}
		checkDeadlock(b)
	}
}

// checkDeadlock does the arithmetic of the disruption controller: percentages
// round up, both those of minAvailable and those of maxUnavailable.
func checkDeadlock(b *budget) {
	spec := b.root.child("spec")
	deadlock := func(field, format string, args ...any) {
		b.report(Finding{
			Code:    "GEN-04",
			Field:   "spec." + field,
			Message: fmt.Sprintf(format, args...),
			Hint:    "use maxUnavailable: 1, which never blocks a drain for good",
		})
	}
	available, unavailable := spec.has("minAvailable"), spec.has("maxUnavailable")
	least := spec.amount("minAvailable", amount{})
	most := spec.amount("maxUnavailable", amount{})

	pods := 0
	for _, w := range b.pods {
		if !w.replicas.countable {
			return
		}
		if w.kind == job && (unavailable || least.percent) {
			deadlock(either(unavailable, "maxUnavailable", "minAvailable"),
				"%s cannot be scaled, so only minAvailable as a number works for its pods", w.id)
			return
		}
		pods += w.replicas.least
	}
	switch {
	case available && unavailable:
		deadlock("maxUnavailable", "minAvailable and maxUnavailable are both set")
	case pods == 0:
		// Nothing is selected, or scaled to zero: there is nothing to evict.
	case available && least.of(pods, true) >= pods:
		deadlock("minAvailable", "minAvailable %s leaves 0 to evict", least.ofReplicas(pods))
	case unavailable && most.of(pods, true) == 0:
		deadlock("maxUnavailable", "maxUnavailable %s leaves 0 to evict", most.ofReplicas(pods))
	}
}

func either(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
