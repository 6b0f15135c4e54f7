package check

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

const (
	// defaultGrace is terminationGracePeriodSeconds where a pod doesn't say.
	defaultGrace = 30
	// stopMargin is how many seconds a process should at least have between its
	// preStop hook, or the end of its last request, and the kill.
	stopMargin = 5
	// farewell is how many seconds it takes at least until every node knows that
	// a pod has left its Services.
	farewell = 5
)

// shutdowns reports pods that are killed while they still stop, and pods that
// stop while requests still come.
func shutdowns(s *system) {
	for _, w := range s.workloads {
		checkGrace(s, w)
	}
	for _, svc := range s.services {
		if svc.selects() && !svc.headless {
			checkFarewells(svc)
		}
	}
}

// checkGrace adds up what a pod needs to stop. All preStop hooks begin at once
// and containers stop when theirs is over, except that sidecars wait until
// the others have stopped, and then go one after the other, the last first.
func checkGrace(s *system, w *workload) {
	var needed ending
	var last container
	var sidecars []container
	for _, c := range w.containers {
		switch c.stage {
		case sidecar:
			sidecars = append(sidecars, c)
		case running:
			if e := (ending{}).then(s, w, c); e.seconds > needed.seconds {
				needed, last = e, c
			}
		}
	}
	for _, c := range slices.Backward(sidecars) {
		if e := needed.then(s, w, c); e.seconds > needed.seconds {
			needed, last = e, c
		}
	}
	grace := w.spec.number("terminationGracePeriodSeconds", defaultGrace)
	total := needed.seconds + stopMargin
	if needed.seconds == 0 || grace >= total {
		return
	}
	w.report(Finding{
		Code:    "GEN-09",
		Subject: last.subject(),
		Field:   w.spec.at("terminationGracePeriodSeconds"),
		Message: fmt.Sprintf("grace period of %ds is less than the %ds that stopping takes: %s + %ds to spare",
			grace, total, strings.Join(needed.terms, " + "), stopMargin),
		Hint: fmt.Sprintf("raise shutdown.drainSeconds, or set terminationGracePeriodSeconds to at least %d", total),
	})
}

// An ending is how long the containers of a pod take to stop, as far as can be
// told, and how that comes about.
type ending struct {
	seconds int
	terms   []string
}

// then is the ending at which c has stopped as well.
func (e ending) then(s *system, w *workload, c container) ending {
	if sleep, _ := preStopSleep(c.in("lifecycle", "preStop")); sleep > e.seconds {
		e = ending{sleep, []string{fmt.Sprintf("container %s's preStop sleep of %ds", c.name, sleep)}}
	}
	for _, d := range drainDirectives {
		if drain := d.seconds(s, w, c); drain > 0 {
			e = ending{e.seconds + drain, append(slices.Clone(e.terms), fmt.Sprintf("container %s's %s of %ds", c.name, d.name, drain))}
		}
	}
	return e
}

var sleepCommand = regexp.MustCompile(`(?:^|[\s;/])sleep (\d{1,6})\b`)

// preStopSleep is how many seconds a preStop hook sleeps, as far as can be told;
// known is false for a hook that may take any time.
func preStopSleep(hook node) (seconds int, known bool) {
	if sleep := hook.child("sleep"); sleep.exists() {
		return sleep.number("seconds", 0), true
	}
	command := strings.Join(hook.child("exec").texts("command"), " ")
	if m := sleepCommand.FindStringSubmatch(command); m != nil {
		seconds, err := strconv.Atoi(m[1])
		return seconds, err == nil
	}
	return 0, !hook.exists()
}

// checkFarewells looks for containers that stop as soon as they are told to,
// while nodes that don't know yet still send them requests of the Service.
func checkFarewells(svc *service) {
	for _, w := range svc.pods {
		// Of a single pod with a stable name there is no other to take over.
		if w.kind == job || w.kind == barePod || w.kind == statefulSet && (w.replicas.most < 2 || svc.selector.singlesOut()) {
			continue
		}
		for _, p := range svc.ports {
			target, ok := w.resolve(p.target, p.protocol)
			if !ok {
				continue
			}
			c := w.listener(target)
			wait, known := w.wait(c)
			if !known || wait >= farewell {
				continue
			}
			w.report(Finding{
				Code:     "GEN-09",
				Severity: diagnostic.Warning,
				Subject:  c.subject("shutdown", "delaySeconds"),
				Field:    c.at("lifecycle") + ".preStop",
				Message: fmt.Sprintf("container %s stops %ds after its pod has left %s, and for at least %ds some nodes still send it requests",
					c.name, wait, svc.id, farewell),
				Hint: fmt.Sprintf("let it wait in preStop: shutdown.delaySeconds, of %d or more", farewell),
			})
		}
	}
}

// wait is how many seconds pass before c is told to stop: a sidecar waits for
// the others.
func (w *workload) wait(c container) (seconds int, known bool) {
	seconds, known = preStopSleep(c.in("lifecycle", "preStop"))
	if c.stage != sidecar {
		return seconds, known
	}
	for _, other := range w.containers {
		if other.stage == running {
			wait, sure := preStopSleep(other.in("lifecycle", "preStop"))
			seconds, known = max(seconds, wait), known && sure
		}
	}
	return seconds, known
}
