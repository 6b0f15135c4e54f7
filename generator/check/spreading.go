package check

import (
	"fmt"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// spreading reports spread constraints that don't count the pods that they
// are to spread, and those that leave no place for some of them.
func spreading(s *system) {
	for _, w := range s.workloads {
		for _, constraint := range w.spec.children("topologySpreadConstraints") {
			checkCounted(w, constraint)
			checkRoom(w, constraint)
		}
	}
}

func checkCounted(w *workload, constraint node) {
	sel := labelSelector(constraint, "labelSelector")
	message := ""
	switch {
	case !constraint.has("labelSelector"):
		message = "without a labelSelector no pod is counted, so nothing is spread"
	case !sel.matches(w):
		message = fmt.Sprintf("the selector %s does not match the pod's own labels, so its replicas are not spread", sel)
	default:
		return
	}
	w.report(Finding{
		Code:    "GEN-15",
		Field:   constraint.at("labelSelector"),
		Message: message,
		Hint:    "select the labels of the pod template",
	})
}

// checkRoom does the arithmetic of the scheduler: a domain may have at most
// maxSkew pods more than the one with the fewest. That one is empty for ever if
// the pods can't go there, or if there are fewer domains than minDomains.
func checkRoom(w *workload, constraint node) {
	key := constraint.text("topologyKey")
	skew, least := constraint.number("maxSkew", 1), constraint.number("minDomains", 1)
	report := func(severity diagnostic.Severity, field, message, hint string) {
		w.report(Finding{Code: "GEN-15", Severity: severity, Subject: []string{"scheduling"}, Field: constraint.at(field), Message: message, Hint: hint})
	}
	if skew < 1 {
		report(diagnostic.Error, "maxSkew", fmt.Sprintf("maxSkew %d leaves no pod anywhere", skew), "set maxSkew to 1 or more")
		return
	}
	if constraint.text("whenUnsatisfiable") != "DoNotSchedule" {
		if constraint.has("minDomains") {
			report(diagnostic.Error, "minDomains", "minDomains is refused without whenUnsatisfiable: DoNotSchedule", "leave minDomains out, or require the spread")
		}
		return
	}
	domains, known := w.domains(key)
	if !known || !w.replicas.countable || domains*skew >= w.replicas.most {
		return
	}
	message := func(why string) string {
		return fmt.Sprintf("the pods may go to %d %s, and %s: %d × maxSkew %d = %d of %d pods can be scheduled",
			domains, key, why, domains, skew, domains*skew, w.replicas.most)
	}
	const hint = "let the pods go to more of them, or raise maxSkew"
	switch {
	case least > domains:
		report(diagnostic.Error, "minDomains", message(fmt.Sprintf("as fewer than minDomains %d the fewest pods count as 0", least)), hint)
	case constraint.text("nodeAffinityPolicy") == "Ignore":
		report(diagnostic.Warning, "nodeAffinityPolicy", message("nodeAffinityPolicy Ignore counts any others too, which stay at 0"), hint)
	}
}

// domains is to how many values of a node label the pods may go at most, if
// their node selector or required node affinity says so.
func (w *workload) domains(key string) (n int, known bool) {
	if w.spec.child("nodeSelector").has(key) {
		return 1, true
	}
	values := map[string]bool{}
	terms := w.spec.in("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution").children("nodeSelectorTerms")
	for _, term := range terms {
		said := false
		for _, e := range term.children("matchExpressions") {
			if e.text("key") != key || e.text("operator") != "In" {
				continue
			}
			said = true
			for _, v := range e.texts("values") {
				values[v] = true
			}
		}
		if !said {
			return 0, false
		}
	}
	return len(values), len(terms) > 0
}
