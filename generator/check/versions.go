package check

import (
	"fmt"
	"slices"
	"strings"
)

// A gate is a field, or some of its values, that Kubernetes has since a minor
// version: the first in which it is on without a feature gate.
type gate struct {
	kind string
	// path leads to the field from the object, or from the pod spec where kind
	// is podSpec. A "[]" after a key goes through every item of a list, and
	// "{}" in front of one is any of the containers.
	path string
	// values are those that are gated; nil gates them all.
	values []string
	since  int
	// instead says what older versions offer.
	instead string
}

// podSpec stands for the pod specs of every kind.
const podSpec = "pod"

const (
	anyContainer = "{}"
	eachItem     = "[]"
)

// gates is what a supported minor version may lack.
var gates = []gate{
	{serviceKind, "spec.trafficDistribution", nil, 31, "leave it out"},
	{serviceKind, "spec.trafficDistribution", []string{"PreferSameZone", "PreferSameNode"}, 34, "use PreferClose"},
	// 1.35 had the field until 1.35.4 took it back, since it broke Parallel.
	{statefulSet, "spec.updateStrategy.rollingUpdate.maxUnavailable", nil, 37, "leave it out: one pod at a time"},
	{autoscaler, "spec.behavior.scaleUp.tolerance", nil, 35, "leave it out: the cluster's tolerance is 0.1"},
	{autoscaler, "spec.behavior.scaleDown.tolerance", nil, 35, "leave it out: the cluster's tolerance is 0.1"},
	{autoscaler, "spec.minReplicas", []string{"0"}, 37, "use at least 1, or KEDA"},
	{job, "spec.successPolicy", nil, 31, "leave it out"},
	{job, "spec.managedBy", nil, 32, "leave it out"},
	{podSpec, "resources", nil, 34, "set resources in the containers"},
	{podSpec, "hostUsers", []string{"false"}, 33, "leave it out"},
	{podSpec, "hostnameOverride", nil, 35, "use hostname"},
	{podSpec, "securityContext.supplementalGroupsPolicy", nil, 33, "leave it out"},
	{podSpec, "volumes[].image", nil, 35, "copy the files from an init container"},
	{podSpec, "resourceClaims", nil, 34, "leave them out"},
	{podSpec, "{}.restartPolicyRules", nil, 35, "leave them out"},
	{podSpec, "{}.env[].valueFrom.fileKeyRef", nil, 35, "use a ConfigMap or a Secret"},
	{podSpec, "{}.volumeMounts[].recursiveReadOnly", nil, 31, "leave it out"},
	{podSpec, "{}.lifecycle.preStop.sleep.seconds", []string{"0"}, 33, "leave the hook out"},
}

// gone are API versions that no supported Kubernetes serves, with the one to
// use instead.
var gone = map[string]string{
	"extensions/v1beta1":  "apps/v1 or networking.k8s.io/v1",
	"apps/v1beta1":        "apps/v1",
	"apps/v1beta2":        "apps/v1",
	"batch/v1beta1":       "batch/v1",
	"batch/v2alpha1":      "batch/v1",
	"policy/v1beta1":      "policy/v1",
	"autoscaling/v2beta1": "autoscaling/v2",
	"autoscaling/v2beta2": "autoscaling/v2",
}

// versions reports fields that the oldest cluster lacks: it would refuse them,
// or drop them without a word.
func versions(s *system) {
	for _, o := range s.objects {
		if instead, removed := gone[o.id.APIVersion]; removed {
			o.report(Finding{
				Code:    "GEN-19",
				Field:   "apiVersion",
				Message: fmt.Sprintf("%s is served no more", o.id.APIVersion),
				Hint:    "use " + instead,
			})
		}
	}
	if s.facts.Minor == 0 {
		return
	}
	for _, o := range s.objects {
		for _, g := range gates {
			if g.kind == o.kind && s.facts.Minor < g.since {
				g.check(s.facts.Minor, o.root, g.path, nil)
			}
		}
	}
	for _, w := range s.workloads {
		for _, g := range gates {
			if g.kind != podSpec || s.facts.Minor >= g.since {
				continue
			}
			path, inContainer := strings.CutPrefix(g.path, anyContainer+".")
			if !inContainer {
				g.check(s.facts.Minor, w.spec, path, nil)
				continue
			}
			for _, c := range w.containers {
				g.check(s.facts.Minor, c.node, path, c.subject())
			}
		}
	}
}

// check follows path from n and reports the fields it comes to.
func (g gate) check(minor int, n node, path string, subject []string) {
	step, rest, deeper := strings.Cut(path, ".")
	if list, ok := strings.CutSuffix(step, eachItem); ok {
		for _, item := range n.children(list) {
			g.check(minor, item, rest, slices.Concat(subject, []string{list, item.text("name")}))
		}
		return
	}
	if deeper {
		g.check(minor, n.child(step), rest, subject)
		return
	}
	value := n.value(step)
	if value == nil {
		return
	}
	what := step
	if g.values != nil {
		what = fmt.Sprintf("%s %v", step, value)
	}
	if g.values == nil || slices.Contains(g.values, fmt.Sprint(value)) {
		n.object.report(Finding{
			Code:    "GEN-19",
			Subject: subject,
			Field:   n.at(step),
			Message: fmt.Sprintf("%s exists since Kubernetes 1.%d, and the system is to run on 1.%d", what, g.since, minor),
			Hint:    g.instead + ", or raise cluster.version",
		})
	}
}
