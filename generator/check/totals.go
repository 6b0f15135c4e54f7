package check

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// totals reports pods whose containers together need what the pod, or one of
// them, does not get.
func totals(s *system) {
	for _, w := range s.workloads {
		checkPodResources(w)
		for _, c := range w.containers {
			checkMemoryVolumes(w, c)
		}
	}
}

func totalFinding(w *workload, severity diagnostic.Severity, subject []string, field, message, hint string) {
	w.report(Finding{Code: "SC-04", Severity: severity, Subject: subject, Field: field, Message: message, Hint: hint})
}

// checkPodResources compares what a pod says for itself with what its containers
// say: the API server refuses a request below their sum, and a limit below any
// of theirs.
func checkPodResources(w *workload) {
	resources := w.spec.child("resources")
	requests, limits := resources.child("requests"), resources.child("limits")
	for _, resource := range []string{"cpu", "memory"} {
		if value, ok := quantity(requests.value(resource)); ok {
			if sum := podRequest(w, resource); sum.value > value*(1+rounding) {
				totalFinding(w, diagnostic.Error, nil, requests.at(resource),
					fmt.Sprintf("the pod requests %v, and its containers together %s = %s", requests.value(resource), strings.Join(sum.terms, " + "), written(resource, sum.value)),
					"raise the pod's request to at least that, or leave it out")
			}
		}
		most, ok := quantity(limits.value(resource))
		for _, c := range w.containers {
			limit, has := quantity(c.in("resources", "limits").value(resource))
			if ok && has && limit > most {
				totalFinding(w, diagnostic.Error, c.subject("resources"), limits.at(resource),
					fmt.Sprintf("the pod may use %v, and container %s alone %v", limits.value(resource), c.name, c.in("resources", "limits").value(resource)),
					"raise the pod's limit, or lower the container's")
			}
		}
	}
}

// A sum is an amount of a resource, and what it is made of.
type sum struct {
	value float64
	terms []string
}

func (s sum) plus(c container, resource string) sum {
	demands := c.child("resources")
	v := demands.child("requests").value(resource)
	if v == nil {
		v = demands.child("limits").value(resource)
	}
	value, ok := quantity(v)
	if !ok || value == 0 {
		return s
	}
	return sum{s.value + value, append(s.terms[:len(s.terms):len(s.terms)], fmt.Sprintf("%v (%s)", v, c.name))}
}

// podRequest is what the scheduler sets aside for a pod: all containers that
// last together, or more if an init container needs it, beside the sidecars
// that have started before.
func podRequest(w *workload, resource string) sum {
	var together, highest sum
	for _, c := range w.containers {
		switch c.stage {
		case atStart:
			if alone := together.plus(c, resource); alone.value > highest.value {
				highest = alone
			}
		case sidecar, running:
			together = together.plus(c, resource)
		}
	}
	if highest.value > together.value {
		return highest
	}
	return together
}

// rounding is by how much sums of fractions may be off.
const rounding = 1e-9

// written is an amount as people write it.
func written(resource string, value float64) string {
	unit, one := "m", 0.001
	if resource == "memory" {
		unit, one = "Mi", 1<<20
	}
	return strconv.FormatFloat(math.Round(value/one*1000)/1000, 'f', -1, 64) + unit
}

// checkMemoryVolumes adds up what a container can write into volumes that are
// kept in memory, which counts as its own.
func checkMemoryVolumes(w *workload, c container) {
	limit, ok := quantity(c.in("resources", "limits").value("memory"))
	if !ok {
		return
	}
	var held sum
	var names []string
	for _, m := range c.children("volumeMounts") {
		for _, v := range w.volumes {
			memory := v.child("emptyDir")
			size, ok := quantity(memory.value("sizeLimit"))
			if v.text("name") == m.text("name") && memory.text("medium") == "Memory" && ok && !m.flag("readOnly") && !slices.Contains(names, v.text("name")) {
				names = append(names, v.text("name"))
				held = sum{held.value + size, append(held.terms, fmt.Sprintf("%v (volume %s)", memory.value("sizeLimit"), v.text("name")))}
			}
		}
	}
	if len(names) == 0 || held.value < limit {
		return
	}
	totalFinding(w, diagnostic.Warning, c.subject("resources"), c.at("resources")+".limits.memory",
		fmt.Sprintf("container %s may keep %s in memory beside its own, and is killed at %v", c.name, strings.Join(held.terms, " + "), c.in("resources", "limits").value("memory")),
		"raise the container's memory limit above that, or make the volume smaller")
}
