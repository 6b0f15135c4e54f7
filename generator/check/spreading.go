package check

import "fmt"

// spreading reports spread constraints that don't count the pods that they
// are to spread.
func spreading(s *system) {
	for _, w := range s.workloads {
		for _, constraint := range w.spec.children("topologySpreadConstraints") {
			sel := labelSelector(constraint, "labelSelector")
			message := ""
			switch {
			case !constraint.has("labelSelector"):
				message = "without a labelSelector no pod is counted, so nothing is spread"
			case !sel.matches(w):
				message = fmt.Sprintf("the selector %s does not match the pod's own labels, so its replicas are not spread", sel)
			default:
				continue
			}
			w.report(Finding{
				Code:    "GEN-15",
				Field:   constraint.at("labelSelector"),
				Message: message,
				Hint:    "select the labels of the pod template",
			})
		}
	}
}
