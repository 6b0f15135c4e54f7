package check

import (
	"fmt"

	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// A scaler is an object that sets a workload's replicas: a
// HorizontalPodAutoscaler or a KEDA ScaledObject.
type scaler struct {
	*object
	target   key
	replicas replicas
	// targetField and leastField are where it says so.
	targetField, leastField string
}

func readScaler(o *object) *scaler {
	spec := o.root.child("spec")
	x := &scaler{object: o}
	ref := spec.child("scaleTargetRef")
	kind, version := ref.text("kind"), ref.text("apiVersion")
	least, most := "minReplicas", "maxReplicas"
	defaultLeast, defaultMost := 1, 1
	if o.kind == scaledObject {
		least, most = "minReplicaCount", "maxReplicaCount"
		defaultLeast, defaultMost = 0, 100
		if kind == "" {
			kind, version = "Deployment", "apps/v1"
		}
	}
	x.target = o.sibling(kindOf(manifest.ID{APIVersion: version, Kind: kind}), ref.text("name"))
	x.targetField = ref.path
	x.leastField = spec.at(least)
	x.replicas = replicas{
		least:     spec.number(least, defaultLeast),
		most:      spec.number(most, defaultMost),
		countable: true,
	}
	return x
}

// scaling reports autoscalers that scale nothing, fight with someone over the
// same number, or measure what isn't there.
func scaling(s *system) {
	scaled := map[key]*scaler{}
	for _, x := range s.scalers {
		checkScaler(s, x)
		if first := scaled[x.target]; first != nil {
			fight(x, x.targetField, fmt.Sprintf("%s is scaled by %s already", show(x.target), first.id), "leave one of them out")
			continue
		}
		scaled[x.target] = x
	}
}

func fight(x *scaler, field, message, hint string) {
	x.report(Finding{Code: "GEN-14", Field: field, Message: message, Hint: hint})
}

func checkScaler(s *system, x *scaler) {
	if x.replicas.least > x.replicas.most {
		fight(x, x.leastField, fmt.Sprintf("at least %d replicas are more than at most %d", x.replicas.least, x.replicas.most), "raise the maximum")
	}
	target := s.byKey[x.target]
	if target == nil && s.existing[x.target] {
		return
	}
	if target == nil {
		fight(x, x.targetField, fmt.Sprintf("there is no %s to scale", show(x.target)), "name a workload of the system")
		return
	}
	if spec := target.root.child("spec"); spec.has("replicas") {
		target.report(Finding{
			Code:    "GEN-14",
			Field:   spec.at("replicas"),
			Message: fmt.Sprintf("replicas is set and %s scales it from %d to %d: every apply would undo the scaling", x.id, x.replicas.least, x.replicas.most),
			Hint:    "leave replicas out",
		})
	}
	if w := s.workloadOf[x.target]; w != nil && x.kind == autoscaler {
		for _, m := range x.root.child("spec").children("metrics") {
			checkMetric(x, m, w)
		}
	}
}

// checkMetric looks at what a metric of a pod's resources is measured against.
func checkMetric(x *scaler, metric node, w *workload) {
	finding := func(severity diagnostic.Severity, field, message, hint string) {
		x.report(Finding{Code: "GEN-13", Severity: severity, Field: field, Message: message, Hint: hint})
	}
	utilisation := func(source node) bool {
		return source.child("target").text("type") == "Utilization"
	}
	lasting := 0
	for _, c := range w.containers {
		if c.lasting() {
			lasting++
		}
	}
	switch metric.text("type") {
	case "Resource":
		source := metric.child("resource")
		resource := source.text("name")
		if lasting > 1 {
			finding(diagnostic.Warning, source.path,
				fmt.Sprintf("%s is taken over all %d containers of the pod, so that idle sidecars hide a busy one", resource, lasting),
				"use a ContainerResource metric that names the container")
		}
		for _, c := range w.containers {
			if c.lasting() && utilisation(source) && !c.requested(resource) {
				finding(diagnostic.Error, source.at("target"),
					fmt.Sprintf("utilization is a share of the %s request, and container %s of %s has none", resource, c.name, w.id),
					"request "+resource+" in every container of the pod")
			}
		}
	case "ContainerResource":
		source := metric.child("containerResource")
		name, resource := source.text("container"), source.text("name")
		c, ok := w.container(name)
		switch {
		case !ok:
			finding(diagnostic.Error, source.at("container"), fmt.Sprintf("%s has no container %q", w.id, name), "name a container of the pod")
		case utilisation(source) && !c.requested(resource):
			finding(diagnostic.Error, source.at("target"),
				fmt.Sprintf("utilization is a share of the %s request, and container %s of %s has none", resource, name, w.id),
				"request "+resource+" in the container")
		}
	}
}
