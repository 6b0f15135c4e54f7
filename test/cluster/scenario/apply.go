package scenario

import (
	"errors"
	"os/exec"
	"strings"
)

// Applied names each object that was applied, such as "deployment.apps/web", in their order.
type Applied []string

// Apply does what `kubectl apply -f -` does with manifests. A warning is as bad as an error.
func (s *Scenario) Apply(manifests string) Applied {
	s.Helper()
	return s.apply(manifests, "apply", "--validate=strict", "-f", "-")
}

// ApplyKustomization does what `kubectl apply -k` does with a folder.
func (s *Scenario) ApplyKustomization(dir string) Applied {
	s.Helper()
	return s.apply("", "apply", "--validate=strict", "-k", dir)
}

func (s *Scenario) apply(stdin string, args ...string) Applied {
	s.Helper()
	out, warnings, err := s.kubectl(stdin, args...)
	if err != nil || warnings != "" {
		s.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, warnings)
	}
	var applied Applied
	for line := range strings.Lines(out) {
		name, _, _ := strings.Cut(line, " ")
		applied = append(applied, name)
	}
	return applied
}

// Diff says what Apply would change, as `kubectl diff` does: nothing if the cluster is as the manifests say.
func (s *Scenario) Diff(manifests string) string {
	s.Helper()
	return s.diff(manifests, "diff", "-f", "-")
}

// DiffKustomization says what ApplyKustomization would change.
func (s *Scenario) DiffKustomization(dir string) string {
	s.Helper()
	return s.diff("", "diff", "-k", dir)
}

func (s *Scenario) diff(stdin string, args ...string) string {
	s.Helper()
	out, stderr, err := s.kubectl(stdin, args...)
	if exit := (*exec.ExitError)(nil); err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) {
		s.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return out
}

// Kubectl runs kubectl, which must succeed, and returns what it prints.
func (s *Scenario) Kubectl(args ...string) string {
	s.Helper()
	out, stderr, err := s.kubectl("", args...)
	if err != nil {
		s.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return out
}
