package check

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// resources reports containers that do not say what they need, or say the
// impossible.
func resources(s *system) {
	for _, w := range s.workloads {
		for _, c := range w.containers {
			if c.stage == debug {
				continue
			}
			for _, need := range []struct{ list, resource string }{
				{"requests", "cpu"}, {"requests", "memory"}, {"limits", "memory"},
			} {
				checkNeed(w, c, need.list, need.resource)
			}
			checkBounds(w, c)
			checkLeastMemory(w, c)
		}
	}
}

func checkNeed(w *workload, c container, list, resource string) {
	demands := c.child("resources")
	if demands.child(list).has(resource) || w.spec.in("resources", list).has(resource) {
		return
	}
	if list == "requests" && demands.child("limits").has(resource) {
		return // the API server takes the limit as the request
	}
	what, why := "request", "the scheduler places the pod blindly"
	if list == "limits" {
		what, why = "limit", "a leak takes its neighbours down"
	}
	w.report(Finding{
		Code:     "GEN-13",
		Severity: diagnostic.Warning,
		Subject:  c.subject("resources"),
		Field:    c.at("resources") + "." + list + "." + resource,
		Message:  fmt.Sprintf("container %s has no %s %s: %s", c.name, resource, what, why),
		Hint:     fmt.Sprintf("set resources.%s.%s", list, resource),
	})
}

// checkBounds compares every request with its limit.
func checkBounds(w *workload, c container) {
	demands := c.child("resources")
	limits := demands.child("limits")
	for _, list := range []node{demands.child("requests"), limits} {
		for _, f := range list.fields {
			value, ok := quantity(f.Value)
			if !ok {
				w.report(Finding{
					Code:    "GEN-13",
					Subject: c.subject("resources"),
					Field:   list.at(f.Key),
					Message: fmt.Sprintf("%s is not a quantity", describe(f.Value)),
					Hint:    `write a number with a unit, such as "250m" or "512Mi"`,
				})
				continue
			}
			if limit, ok := quantity(limits.value(f.Key)); ok && value > limit {
				w.report(Finding{
					Code:    "GEN-13",
					Subject: c.subject("resources", "limits", f.Key),
					Field:   list.at(f.Key),
					Message: fmt.Sprintf("%s request %v is more than the limit %v", f.Key, f.Value, limits.value(f.Key)),
					Hint:    "raise the limit, or lower the request",
				})
			}
		}
	}
}

// leastMemory is what no program can do with less than, in bytes.
const leastMemory = 1 << 20

// checkLeastMemory looks for limits that are given in the wrong unit, or none.
func checkLeastMemory(w *workload, c container) {
	limits := c.in("resources", "limits")
	limit, ok := quantity(limits.value("memory"))
	if !ok || limit >= leastMemory {
		return
	}
	w.report(Finding{
		Code:    "GEN-13",
		Subject: c.subject("resources"),
		Field:   limits.at("memory"),
		Message: fmt.Sprintf("memory limit %v is %g bytes, and no program starts with less than %d", limits.value("memory"), limit, leastMemory),
		Hint:    `give it a unit, such as "128Mi"`,
	})
}

// requested reports whether c asks for some of the resource; a limit is a
// request where there is no other.
func (c container) requested(resource string) bool {
	demands := c.child("resources")
	return demands.child("requests").has(resource) || demands.child("limits").has(resource)
}

// units are the suffixes of quantities. Fractions are given by their divisor,
// so that 100m and 0.1 are the same number.
var units = []struct {
	suffix            string
	multiply, divided float64
}{
	{"Ki", 1 << 10, 1}, {"Mi", 1 << 20, 1}, {"Gi", 1 << 30, 1}, {"Ti", 1 << 40, 1}, {"Pi", 1 << 50, 1}, {"Ei", 1 << 60, 1},
	{"n", 1, 1e9}, {"u", 1, 1e6}, {"m", 1, 1e3},
	{"k", 1e3, 1}, {"M", 1e6, 1}, {"G", 1e9, 1}, {"T", 1e12, 1}, {"P", 1e15, 1}, {"E", 1e18, 1},
}

// quantity reads an amount of a resource, such as "250m", "1.5Gi" or 2.
func quantity(v any) (float64, bool) {
	var s string
	switch v := v.(type) {
	case json.Number:
		s = v.String()
	case string:
		s = v
	}
	multiply, divide := 1.0, 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			s, multiply, divide = rest, u.multiply, u.divided
			break
		}
	}
	if strings.Trim(s, "+-.eE0123456789") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f * multiply / divide, err == nil && f >= 0
}
