package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What the API server assumes where a probe does not say.
const (
	defaultPeriod    = 10
	defaultThreshold = 3
)

// probes reports probes of a port nobody listens on (GEN-05), and liveness
// probes that kill what readiness would have spared (GEN-06).
func probes(s *system) {
	for _, w := range s.workloads {
		for _, c := range w.containers {
			for _, handler := range []node{
				c.child("startupProbe"), c.child("readinessProbe"), c.child("livenessProbe"),
				c.in("lifecycle", "postStart"), c.in("lifecycle", "preStop"),
			} {
				checkHandlerPort(w, c, handler)
			}
			checkLiveness(w, c)
		}
	}
}

// checkHandlerPort resolves the port that the kubelet dials: a name is one of
// the same container's, a number may be any container's of the pod.
func checkHandlerPort(w *workload, c container, handler node) {
	ways := slices.DeleteFunc([]string{"httpGet", "tcpSocket", "grpc", "exec"}, func(way string) bool { return !handler.has(way) })
	if len(ways) > 1 {
		portFinding(w.object, c.subject(), handler.at(ways[1]),
			"asks in several ways: "+strings.Join(ways, ", "), "leave all but one out")
	}
	for _, protocol := range []string{"httpGet", "tcpSocket", "grpc"} {
		action := handler.child(protocol)
		if !action.exists() {
			continue
		}
		port := action.port("port")
		if port == (portRef{}) {
			portFinding(w.object, c.subject(), action.at("port"),
				fmt.Sprintf("the kubelet has no port to dial: container %s listens on none", c.name),
				"say which port the probe asks, or ask with a command")
			continue
		}
		if _, ok := probedPort(w, c, port); ok {
			continue
		}
		portFinding(w.object, c.subject(), action.at("port"),
			fmt.Sprintf("the kubelet would dial port %s of container %s, but the pods listen on %s", port, c.name, w.listening()),
			"declare the port under the container's ports, or probe another")
	}
}

func probedPort(w *workload, c container, port portRef) (int, bool) {
	if port.name == "" {
		_, ok := w.resolve(port, "TCP")
		return port.number, ok
	}
	for _, p := range c.ports {
		if p.name == port.name {
			return p.number, true
		}
	}
	return 0, false
}

// checkLiveness compares how long the two probes bear the same failure.
func checkLiveness(w *workload, c container) {
	ready, live := c.child("readinessProbe"), c.child("livenessProbe")
	what := handlerKey(w, c, ready)
	if what == "" || what != handlerKey(w, c, live) {
		return
	}
	readyPeriod, readyTries := patience(ready)
	livePeriod, liveTries := patience(live)
	if livePeriod*liveTries > readyPeriod*readyTries {
		return
	}
	w.report(Finding{
		Code:    "GEN-06",
		Subject: c.subject("livenessProbe"),
		Field:   live.path,
		Message: fmt.Sprintf("liveness asks the same as readiness (%s) and gives up after %d × %ds = %ds, readiness after %d × %ds = %ds: the container is restarted instead of spared",
			what, liveTries, livePeriod, livePeriod*liveTries, readyTries, readyPeriod, readyPeriod*readyTries),
		Hint: "raise the liveness probe's failureThreshold, or let it ask for less than readiness does",
	})
}

func patience(probe node) (period, tries int) {
	return probe.number("periodSeconds", defaultPeriod), probe.number("failureThreshold", defaultThreshold)
}

// handlerKey says what a probe does, the same for probes that do the same. It
// is empty where there is no probe.
func handlerKey(w *workload, c container, probe node) string {
	dial := func(action node) string {
		port := action.port("port")
		number, ok := probedPort(w, c, port)
		if !ok {
			return port.String()
		}
		return strconv.Itoa(number)
	}
	if get := probe.child("httpGet"); get.exists() {
		path := get.text("path")
		if path == "" {
			path = "/"
		}
		scheme := get.text("scheme")
		if scheme == "" {
			scheme = "HTTP"
		}
		return scheme + " " + dial(get) + " " + path
	}
	if tcp := probe.child("tcpSocket"); tcp.exists() {
		return "TCP " + dial(tcp)
	}
	if grpc := probe.child("grpc"); grpc.exists() {
		return strings.TrimSpace("gRPC " + dial(grpc) + " " + grpc.text("service"))
	}
	if command := probe.child("exec").texts("command"); len(command) > 0 {
		return "exec " + strings.Join(command, " ")
	}
	return ""
}
