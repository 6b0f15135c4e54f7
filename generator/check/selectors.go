package check

import (
	"fmt"
	"slices"
)

// selectors reports selectors that select nothing (GEN-01) and workloads that
// would take each other's pods (GEN-02).
func selectors(s *system) {
	for _, w := range s.workloads {
		checkOwnPods(s, w)
	}
	for _, svc := range s.services {
		if svc.selects() && len(svc.pods) == 0 {
			selectsNothing(s, svc.object, "spec.selector", svc.selector)
		}
	}
	for _, b := range s.budgets {
		switch {
		case !b.selects:
			b.report(Finding{
				Code:    "GEN-01",
				Field:   "spec.selector",
				Message: "without a selector the budget protects no pod",
				Hint:    "select the labels of the pods to protect",
			})
		case len(b.pods) == 0 && !b.selector.everything():
			selectsNothing(s, b.object, "spec.selector", b.selector)
		}
	}
	for _, p := range s.policies {
		if len(p.pods) == 0 && !p.selector.everything() {
			selectsNothing(s, p.object, "spec.podSelector", p.selector)
		}
	}
}

// selectsNothing reports the selector, and the label that comes closest to
// being the culprit: the first that no pod has.
func selectsNothing(s *system, o *object, field string, sel selector) {
	message := fmt.Sprintf("no pod has the labels %s", sel)
	for _, t := range sel.terms {
		alone := selector{terms: []term{t}}
		if len(s.pods.selected(o.id.Namespace, alone)) == 0 {
			message = fmt.Sprintf("no pod has the label %s", alone)
			break
		}
	}
	o.report(Finding{
		Code:    "GEN-01",
		Field:   field,
		Message: message,
		Hint:    "select labels that the pod template has",
	})
}

// checkOwnPods compares a controller's selector with its own template and with
// those of the others.
func checkOwnPods(s *system, w *workload) {
	switch w.kind {
	case deployment, statefulSet, daemonSet, replicaSet:
	case job:
		if !w.root.child("spec").has("selector") {
			return
		}
	default:
		return
	}
	own := labelSelector(w.root.child("spec"), "selector")
	if own.everything() {
		w.report(Finding{
			Code:    "GEN-01",
			Field:   "spec.selector",
			Message: "the selector is empty",
			Hint:    "select the labels of the pod template",
		})
		return
	}
	if !own.matches(w) {
		w.report(Finding{
			Code:    "GEN-01",
			Field:   "spec.selector",
			Message: fmt.Sprintf("the selector %s does not match the labels of its own pod template", own),
			Hint:    "give the pod template the labels of the selector",
		})
	}
	others := slices.DeleteFunc(s.pods.selected(w.id.Namespace, own), func(other *workload) bool { return other == w })
	if len(others) > 0 {
		taken := fmt.Sprintf("%s of %s", others[0].id, others[0].group)
		if more := len(others) - 1; more > 0 {
			taken += fmt.Sprintf(" and %d more", more)
		}
		w.report(Finding{
			Code:    "GEN-02",
			Field:   "spec.selector",
			Message: fmt.Sprintf("the selector %s also matches the pods of %s", own, taken),
			Hint:    "add a label to the selector that only these pods have",
		})
	}
}
