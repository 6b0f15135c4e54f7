package check

import "fmt"

// lists reports items that should be unique in their list and are not. The API
// server refuses them, or silently takes the last.
func lists(s *system) {
	for _, w := range s.workloads {
		containers := map[string]bool{}
		for _, c := range w.containers {
			checkUnique(c.node, "container", containers, c.subject())
			variables := map[string]bool{}
			for _, e := range c.env {
				checkUnique(e, "variable", variables, c.subject("env", e.text("name")))
			}
		}
		volumes := map[string]bool{}
		for _, v := range w.volumes {
			checkUnique(v, "volume", volumes, volumeSubject(v))
		}
	}
}

func checkUnique(n node, what string, seen map[string]bool, subject []string) {
	name := n.text("name")
	if seen[name] && name != "" {
		n.object.report(Finding{
			Code:    "GEN-26",
			Subject: subject,
			Field:   n.path,
			Message: fmt.Sprintf("%s %q is there twice", what, name),
			Hint:    "leave one of them out, or rename it",
		})
	}
	seen[name] = true
}
