package check

import (
	"fmt"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

const (
	// defaultTimeout is timeoutSeconds where a probe doesn't say.
	defaultTimeout = 1
	// leastStart is how many seconds Kubernetes' own defaults give a container
	// with a liveness probe to start in.
	leastStart = defaultThreshold * defaultPeriod
	// defaultProgress is progressDeadlineSeconds where a Deployment doesn't say.
	defaultProgress = 600
)

// restarts reports probes that don't leave a container the time to start, or to
// recover from a pause.
func restarts(s *system) {
	for _, w := range s.workloads {
		for _, c := range w.containers {
			if c.lasting() {
				checkStart(c)
				checkPatience(c)
			}
		}
		if w.kind == deployment {
			checkProgress(w)
		}
	}
}

func restartFinding(c container, field, message, hint string) {
	c.object.report(Finding{
		Code:     "GEN-07",
		Severity: diagnostic.Warning,
		Subject:  c.subject("probes"),
		Field:    field,
		Message:  message,
		Hint:     hint,
	})
}

// checkStart looks at what a container without a startup probe has to start in.
func checkStart(c container) {
	live := c.child("livenessProbe")
	if !live.exists() || c.child("startupProbe").exists() {
		return
	}
	period, tries := patience(live)
	delay := live.number("initialDelaySeconds", 0)
	const hint = "ask with a startup probe until the container has started: liveness waits for it"
	switch total := delay + tries*period; {
	case delay > 0:
		restartFinding(c, live.at("initialDelaySeconds"),
			fmt.Sprintf("container %s has %ds + %d × %ds = %ds to start in before it is restarted, and for the first %ds nobody asks",
				c.name, delay, tries, period, total, delay), hint)
	case total < leastStart:
		restartFinding(c, live.path,
			fmt.Sprintf("container %s has %d × %ds = %ds to start in before it is restarted, again and again if that is too short",
				c.name, tries, period, total), hint)
	}
}

// checkPatience looks at how long the probes bear that a container hangs. The
// kubelet asks again only after an answer or the timeout.
func checkPatience(c container) {
	for _, probe := range []node{c.child("readinessProbe"), c.child("livenessProbe")} {
		period, tries := patience(probe)
		if timeout := probe.number("timeoutSeconds", defaultTimeout); timeout > period {
			restartFinding(c, probe.at("timeoutSeconds"),
				fmt.Sprintf("container %s is asked every %ds and may take %ds to answer, so hanging shows after %d × %ds = %ds, not %d × %ds = %ds",
					c.name, period, timeout, tries, timeout, tries*timeout, tries, period, tries*period),
				"make the timeout no longer than the period")
		}
	}
	live := c.child("livenessProbe")
	period, tries := patience(live)
	if timeout := live.number("timeoutSeconds", defaultTimeout); live.exists() && tries == 1 && timeout < period {
		restartFinding(c, live.at("failureThreshold"),
			fmt.Sprintf("one answer that takes longer than %ds restarts container %s: 1 × %ds leave no second try", timeout, c.name, period),
			"raise the liveness probe's failureThreshold, and lower periodSeconds to restart as soon")
	}
}

// checkProgress compares how long a pod's containers may start with how long the
// Deployment waits for progress. Sidecars start one after the other, then the
// other containers together.
func checkProgress(w *workload) {
	spec := w.root.child("spec")
	total, longest := 0, 0
	var terms []string
	var slowest string
	for _, c := range w.containers {
		start := c.child("startupProbe")
		if !c.lasting() || !start.exists() {
			continue
		}
		period, tries := patience(start)
		delay := start.number("initialDelaySeconds", 0)
		seconds := delay + period*tries
		term := fmt.Sprintf("%d × %ds (container %s)", tries, period, c.name)
		if delay > 0 {
			term = fmt.Sprintf("%ds + %s", delay, term)
		}
		switch {
		case c.stage == sidecar:
			total += seconds
			terms = append(terms, term)
		case seconds > longest:
			longest, slowest = seconds, term
		}
	}
	if longest > 0 {
		total += longest
		terms = append(terms, slowest)
	}
	if ready := spec.number("minReadySeconds", 0); ready > 0 {
		total += ready
		terms = append(terms, fmt.Sprintf("%ds (minReadySeconds)", ready))
	}
	deadline := spec.number("progressDeadlineSeconds", defaultProgress)
	if len(terms) == 0 || total < deadline {
		return
	}
	w.report(Finding{
		Code:     "GEN-07",
		Severity: diagnostic.Warning,
		Field:    spec.at("progressDeadlineSeconds"),
		Message: fmt.Sprintf("starting may take %s = %ds, and a rollout without progress for %ds counts as failed",
			strings.Join(terms, " + "), total, deadline),
		Hint: fmt.Sprintf("set progressDeadlineSeconds to more than %d", total),
	})
}
