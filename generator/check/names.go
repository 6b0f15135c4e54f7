package check

import (
	"fmt"
	"strconv"
	"strings"
)

// names reports names, labels and annotations that the API server refuses, and
// names so long that what Kubernetes derives from them is refused later.
func names(s *system) {
	for _, o := range s.objects {
		metadata := o.root.child("metadata")
		metadata.text("namespace")
		checkName(o, metadata.text("name"))
		checkMetadata(metadata)
	}
	for _, w := range s.workloads {
		if w.kind != barePod {
			checkMetadata(w.template.child("metadata"))
		}
		checkDerivedNames(w)
		for _, v := range w.volumes {
			checkItemName(v, "volume", dnsLabel)
		}
		for _, c := range w.containers {
			checkItemName(c.node, "container", dnsLabel)
			for _, p := range c.ports {
				if p.name != "" {
					checkItemName(p.node, "port", portName)
				}
			}
			for _, e := range c.env {
				checkItemName(e, "variable", variableName)
			}
		}
	}
}

// A rule says what is wrong with a name, or nothing.
type rule func(name string) string

// nameRules holds the kinds whose names are narrower than a DNS subdomain.
var nameRules = map[string]rule{
	serviceKind:                             serviceName,
	namespaceKind:                           dnsLabel,
	role:                                    pathSegment,
	roleBinding:                             pathSegment,
	"rbac.authorization.k8s.io/ClusterRole": pathSegment,
	"rbac.authorization.k8s.io/ClusterRoleBinding": pathSegment,
}

func checkName(o *object, name string) {
	valid := nameRules[o.kind]
	if valid == nil {
		valid = dnsSubdomain
	}
	if wrong := valid(name); wrong != "" {
		o.report(Finding{
			Code:    "GEN-16",
			Field:   "metadata.name",
			Message: fmt.Sprintf("name %q %s", shorten(name), wrong),
			Hint:    "rename the instance",
		})
	}
}

// checkDerivedNames looks at the names that w's controller makes from w's own.
func checkDerivedNames(w *workload) {
	derived := func(format string, args ...any) {
		w.report(Finding{
			Code:    "GEN-16",
			Field:   "metadata.name",
			Message: fmt.Sprintf(format, args...),
			Hint:    "give the instance a shorter name",
		})
	}
	name := w.id.Name
	last := name + "-" + strconv.Itoa(w.lastNumber())
	switch {
	case w.kind == cronJob && len(name) > 52:
		derived("name of %d characters leaves no room for the %d that a CronJob adds to its jobs: at most 52", len(name), 11)
	case w.kind == statefulSet && len(name) > 52:
		derived("name of %d characters leaves no room for the %d of the label %s: at most 52", len(name), 11, revisionLabel)
	case w.numbered() && len(last) > 63:
		derived("pod name %q is %d characters long: at most 63", last, len(last))
	case w.kind == job && len(name) > 63:
		derived("name of %d characters does not fit the label %s: at most 63", len(name), jobNameLabel)
	}
}

// lastNumber is lastOrdinal, or 0 where pods have no numbers.
func (w *workload) lastNumber() int {
	if !w.numbered() {
		return 0
	}
	return w.lastOrdinal()
}

func checkItemName(n node, what string, valid rule) {
	name := n.text("name")
	if wrong := valid(name); wrong != "" {
		n.object.report(Finding{
			Code:    "GEN-16",
			Subject: []string{name},
			Field:   n.at("name"),
			Message: fmt.Sprintf("%s name %q %s", what, shorten(name), wrong),
			Hint:    "rename the " + what,
		})
	}
}

func checkMetadata(metadata node) {
	for _, field := range []string{"labels", "annotations"} {
		pairs := metadata.child(field)
		for _, f := range pairs.fields {
			key := f.Key
			if field == "annotations" {
				key = strings.ToLower(key) // as the API server does
			}
			wrong := qualifiedName(key)
			if wrong != "" {
				wrong = fmt.Sprintf("key %q %s", f.Key, wrong)
			}
			value, ok := f.Value.(string)
			switch {
			case !ok:
				pairs.malformed(pairs.path+"["+f.Key+"]", f.Value, "a string")
			case wrong == "" && field == "labels":
				if wrong = labelValue(value); wrong != "" {
					wrong = fmt.Sprintf("label %s: value %q %s", f.Key, shorten(value), wrong)
				}
			}
			if wrong != "" {
				metadata.object.report(Finding{
					Code:    "GEN-16",
					Subject: []string{f.Key},
					Field:   pairs.path + "[" + f.Key + "]",
					Message: wrong,
					Hint:    "a label's value has at most 63 letters, digits, '-', '_' and '.', a key may have a DNS name and '/' in front",
				})
			}
		}
	}
}

func dnsSubdomain(name string) string {
	if len(name) > 253 {
		return tooLong(name, 253)
	}
	for part := range strings.SplitSeq(name, ".") {
		if !alphanumericEnds(part, lowerOrDigit, "-") {
			return "is not a DNS name: lower case letters, digits, '-' and '.', with a letter or digit at each end"
		}
	}
	return ""
}

func dnsLabel(name string) string {
	if len(name) > 63 {
		return tooLong(name, 63)
	}
	if !alphanumericEnds(name, lowerOrDigit, "-") {
		return "is not a DNS label: lower case letters, digits and '-', with a letter or digit at each end"
	}
	return ""
}

func serviceName(name string) string {
	if wrong := dnsLabel(name); wrong != "" {
		return wrong
	}
	if digit(name[0]) {
		return "begins with a digit, which a Service's may not"
	}
	return ""
}

func pathSegment(name string) string {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/%") {
		return "is not a path segment"
	}
	return ""
}

func portName(name string) string {
	if len(name) > 15 {
		return tooLong(name, 15)
	}
	if !alphanumericEnds(name, lowerOrDigit, "-") || strings.Contains(name, "--") || !strings.ContainsFunc(name, func(r rune) bool { return 'a' <= r && r <= 'z' }) {
		return "is not a port name: lower case letters, digits and single '-', with at least one letter"
	}
	return ""
}

func variableName(name string) string {
	if name == "" {
		return "is empty"
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] > '~' || name[i] == '=' {
			return "has a character that is no printable ASCII, or '='"
		}
	}
	return ""
}

func labelValue(value string) string {
	if len(value) > 63 {
		return tooLong(value, 63)
	}
	if value != "" && !alphanumericEnds(value, letterOrDigit, "-_.") {
		return "is not letters, digits, '-', '_' and '.', with a letter or digit at each end"
	}
	return ""
}

func qualifiedName(key string) string {
	prefix, name, prefixed := strings.Cut(key, "/")
	if !prefixed {
		prefix, name = "", key
	} else if wrong := dnsSubdomain(prefix); wrong != "" {
		return "has a prefix that " + wrong
	}
	if name == "" {
		return "is empty"
	}
	return labelValue(name)
}

func tooLong(name string, most int) string {
	return fmt.Sprintf("is %d characters long: at most %d", len(name), most)
}

// alphanumericEnds reports whether s consists of alphanumerics and the bytes
// of inner, which may not come first or last; s is not empty.
func alphanumericEnds(s string, alphanumeric func(byte) bool, inner string) bool {
	for i := range len(s) {
		if !alphanumeric(s[i]) && (i == 0 || i == len(s)-1 || strings.IndexByte(inner, s[i]) < 0) {
			return false
		}
	}
	return s != ""
}

func digit(c byte) bool         { return '0' <= c && c <= '9' }
func lowerOrDigit(c byte) bool  { return digit(c) || 'a' <= c && c <= 'z' }
func letterOrDigit(c byte) bool { return lowerOrDigit(c) || 'A' <= c && c <= 'Z' }
