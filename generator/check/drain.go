package check

import (
	"math"
	"regexp"
	"strconv"
	"time"
)

// A drainDirective is how a server's configuration says how long it may take to
// finish its requests once it was told to stop.
type drainDirective struct {
	name    string
	pattern *regexp.Regexp
	// unit is that of a number without one.
	unit string
}

var drainDirectives = []drainDirective{
	// HAProxy
	{"hard-stop-after", regexp.MustCompile(`(?m)^[ \t]*hard-stop-after[ \t]+(\d{1,9})(us|ms|s|m|h|d)?[ \t]*(?:#.*)?$`), "ms"},
	// nginx
	{"worker_shutdown_timeout", regexp.MustCompile(`(?m)^[ \t]*worker_shutdown_timeout[ \t]+(\d{1,9})(ms|s|m|h|d)?[ \t]*;`), "s"},
}

var timeUnits = map[string]time.Duration{
	"us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// seconds is what d says in the files that c finds in ConfigMaps, rounded up;
// of several the longest, and 0 if it says nothing.
func (d drainDirective) seconds(s *system, w *workload, c container) int {
	longest := 0
	for _, text := range s.configFiles(w, c) {
		for _, m := range d.pattern.FindAllStringSubmatch(text, -1) {
			unit := m[2]
			if unit == "" {
				unit = d.unit
			}
			number, err := strconv.ParseFloat(m[1], 64)
			if err == nil {
				longest = max(longest, int(math.Ceil(number*timeUnits[unit].Seconds())))
			}
		}
	}
	return longest
}

// configFiles are the texts of the system's ConfigMaps that c mounts.
func (s *system) configFiles(w *workload, c container) []string {
	var texts []string
	for _, m := range c.children("volumeMounts") {
		for _, v := range w.volumes {
			if v.text("name") != m.text("name") {
				continue
			}
			sources := []node{v.child("configMap")}
			for _, source := range v.child("projected").children("sources") {
				sources = append(sources, source.child("configMap"))
			}
			for _, source := range sources {
				if o := s.byKey[w.sibling(configMap, source.text("name"))]; source.exists() && o != nil {
					for _, f := range o.root.child("data").fields {
						if text, ok := f.Value.(string); ok {
							texts = append(texts, text)
						}
					}
				}
			}
		}
	}
	return texts
}
