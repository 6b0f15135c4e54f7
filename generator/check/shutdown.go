package check

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	// defaultGrace is terminationGracePeriodSeconds where a pod doesn't say.
	defaultGrace = 30
	// stopMargin is how many seconds a process should at least have between its
	// preStop hook and the kill.
	stopMargin = 5
)

// shutdowns reports pods that are killed while they still wait to stop.
func shutdowns(s *system) {
	for _, w := range s.workloads {
		grace := w.spec.number("terminationGracePeriodSeconds", defaultGrace)
		for _, c := range w.containers {
			if !c.lasting() {
				continue
			}
			hook := c.in("lifecycle", "preStop")
			sleep := preStopSleep(hook)
			if sleep == 0 || grace >= sleep+stopMargin {
				continue
			}
			w.report(Finding{
				Code:    "GEN-09",
				Subject: c.subject(),
				Field:   w.spec.at("terminationGracePeriodSeconds"),
				Message: fmt.Sprintf("grace period of %ds less container %s's preStop sleep of %ds leaves %ds to stop in, and it takes at least %ds",
					grace, c.name, sleep, grace-sleep, stopMargin),
				Hint: fmt.Sprintf("set terminationGracePeriodSeconds to at least %d", sleep+stopMargin),
			})
		}
	}
}

var sleepCommand = regexp.MustCompile(`(?:^|[\s;/])sleep (\d{1,6})\b`)

// preStopSleep is how many seconds a preStop hook sleeps, as far as can be told.
func preStopSleep(hook node) int {
	if sleep := hook.child("sleep"); sleep.exists() {
		return sleep.number("seconds", 0)
	}
	command := strings.Join(hook.child("exec").texts("command"), " ")
	if m := sleepCommand.FindStringSubmatch(command); m != nil {
		seconds, err := strconv.Atoi(m[1])
		if err == nil {
			return seconds
		}
	}
	return 0
}
