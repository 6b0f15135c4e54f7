package check

import (
	"fmt"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// rollouts reports rolling updates that cannot take the first step.
func rollouts(s *system) {
	for _, w := range s.workloads {
		spec := w.root.child("spec")
		switch w.kind {
		case deployment:
			checkDeploymentRollout(w, spec.child("strategy"))
		case daemonSet:
			step := spec.in("updateStrategy", "rollingUpdate")
			if step.amount("maxUnavailable", amount{value: 1}).value == 0 && step.amount("maxSurge", amount{}).value == 0 {
				stuck(w, step.at("maxUnavailable"), "maxUnavailable and maxSurge are both 0, so no pod can ever be replaced")
			}
		case statefulSet:
			step := spec.in("updateStrategy", "rollingUpdate")
			if step.amount("maxUnavailable", amount{value: 1}).value == 0 {
				stuck(w, step.at("maxUnavailable"), "maxUnavailable is 0, so no pod can ever be replaced")
			}
		}
	}
}

// checkDeploymentRollout does the arithmetic of the Deployment controller:
// maxUnavailable rounds down, maxSurge up, and if both come to 0, then one pod
// is taken down all the same.
func checkDeploymentRollout(w *workload, strategy node) {
	if kind := strategy.text("type"); kind != "" && kind != "RollingUpdate" {
		return
	}
	quarter := amount{value: 25, percent: true}
	step := strategy.child("rollingUpdate")
	down, up := step.amount("maxUnavailable", quarter), step.amount("maxSurge", quarter)
	if up.value != 0 {
		return
	}
	n := w.replicas.least
	switch {
	case down.value == 0:
		stuck(w, step.at("maxUnavailable"), "maxUnavailable and maxSurge are both 0, so no pod can ever be replaced")
	case n > 0 && down.of(n, false) == 0:
		w.report(Finding{
			Code:     "GEN-10",
			Severity: diagnostic.Warning,
			Field:    step.at("maxUnavailable"),
			Message:  fmt.Sprintf("maxUnavailable %s of %d replicas rounds down to 0 and maxSurge is 0: Kubernetes takes 1 down all the same, which leaves %d", down, n, n-1),
			Hint:     "set maxSurge to 1 to keep every replica while updating, or maxUnavailable to 1 to say so",
		})
	}
}

func stuck(w *workload, field, message string) {
	w.report(Finding{
		Code:    "GEN-10",
		Field:   field,
		Message: message,
		Hint:    "set maxUnavailable to 1 or more, or maxSurge where there is one",
	})
}
