package check

import (
	"fmt"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

const zoneKey = "topology.kubernetes.io/zone"

// traffic reports Services that send requests to pods which nobody has asked
// whether they can serve (REP-03), and that keep requests in a zone which may
// have no pod to take them, or too few (REP-05).
func traffic(s *system) {
	for _, svc := range s.services {
		if !svc.selects() {
			continue
		}
		if svc.root.child("spec").text("trafficDistribution") != "" {
			checkZones(svc)
		}
		if svc.root.child("spec").flag("publishNotReadyAddresses") {
			continue
		}
		for _, w := range svc.pods {
			if w.kind != barePod && w.kind != job && w.kind != cronJob && len(w.containers) > 0 {
				checkAsked(svc, w)
			}
		}
	}
}

func checkAsked(svc *service, w *workload) {
	var last container
	for _, c := range w.containers {
		if !c.lasting() {
			continue
		}
		if c.child("readinessProbe").exists() {
			return
		}
		last = c
	}
	w.report(Finding{
		Code:     "REP-03",
		Severity: diagnostic.Warning,
		Subject:  last.subject("probes"),
		Field:    last.at("readinessProbe"),
		Message:  fmt.Sprintf("%s sends requests as soon as container %s runs: nobody asks whether it is ready", svc.id, last.name),
		Hint:     "give it a readiness probe",
	})
}

// checkZones counts the pods that keep to the zones of the clients.
func checkZones(svc *service) {
	report := func(message, hint string) {
		svc.report(Finding{
			Code:     "REP-05",
			Severity: diagnostic.Warning,
			Subject:  []string{"preferSameZone"},
			Field:    "spec.trafficDistribution",
			Message:  message,
			Hint:     hint,
		})
	}
	for _, w := range svc.pods {
		if !w.replicas.countable || w.kind == barePod {
			continue
		}
		least := w.replicas.least
		zones, spread := w.zones()
		switch {
		case least > 1 && !spread:
			report(fmt.Sprintf("nothing spreads the %d replicas of %s over zones: all may be in 1, and then its clients are the only ones that stay in theirs", least, w.id),
				"spread the pods over "+zoneKey)
		case least > 1 && least < zones:
			report(fmt.Sprintf("%d replicas of %s are fewer than the %d zones that it is to spread to: %d or more have none", least, w.id, zones, zones-least),
				fmt.Sprintf("let at least %d run", zones))
		}
	}
}

// zones is over how many zones w's pods are to be spread at least, and whether
// they are spread over zones at all.
func (w *workload) zones() (least int, spread bool) {
	for _, constraint := range w.spec.children("topologySpreadConstraints") {
		if constraint.text("topologyKey") == zoneKey {
			least, spread = max(least, constraint.number("minDomains", 1)), true
		}
	}
	return least, spread
}
