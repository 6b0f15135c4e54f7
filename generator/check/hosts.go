package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A host is a name in the cluster's DNS, as found in text.
type host struct {
	// text is the name as it stands there.
	text string
	// pod is the first label of a pod's own name, else empty.
	pod, service, namespace string
	// domain is what follows "svc", often nothing.
	domain string
	// port follows the name, or its URL's scheme implies it, else it is 0.
	port int
}

// A mention is a host in the text of an object.
type mention struct {
	host
	in      *object
	field   string
	subject []string
}

// readMentions finds the hosts in ConfigMaps and in what containers are told.
func (s *system) readMentions() {
	for _, o := range s.objects {
		if o.kind != configMap {
			continue
		}
		data := o.root.child("data")
		for _, f := range data.fields {
			text, _ := f.Value.(string)
			s.mentionsOf[o.key()] = append(s.mentionsOf[o.key()],
				s.mentionsIn(o, data.path+"["+f.Key+"]", []string{f.Key}, text)...)
		}
	}
	for _, w := range s.workloads {
		for _, c := range w.containers {
			for _, e := range c.env {
				w.mentions = append(w.mentions, s.mentionsIn(w.object, e.at("value"), c.subject("env", e.text("name")), e.text("value"))...)
			}
			for _, field := range []string{"command", "args"} {
				for i, text := range c.texts(field) {
					w.mentions = append(w.mentions, s.mentionsIn(w.object, fmt.Sprintf("%s[%d]", c.at(field), i), c.subject(field), text)...)
				}
			}
		}
	}
}

func (s *system) mentionsIn(o *object, field string, subject []string, text string) []mention {
	var mentions []mention
	for _, h := range findHosts(text, s.facts.ClusterDomain) {
		if m := (mention{h, o, field, subject}); s.owns(h.namespace) && !slices.ContainsFunc(mentions, func(n mention) bool { return n.host == h }) {
			mentions = append(mentions, m)
		}
	}
	return mentions
}

// findHosts finds names of the form [pod.]service.namespace.svc[.domain]. It
// leaves out those that a variable completes in front.
func findHosts(text, domain string) []host {
	const mark = ".svc"
	var found []host
	for from := 0; ; {
		i := strings.Index(text[from:], mark)
		if i < 0 {
			return found
		}
		start, end := from+i, from+i+len(mark)
		for start > from && hostByte(text[start-1]) {
			start--
		}
		for end < len(text) && hostByte(text[end]) {
			end++
		}
		if h, ok := parseHost(text[start:end], domain); ok && (start == 0 || text[start] == '.' || !strings.ContainsRune("}$)%>", rune(text[start-1]))) {
			h.port = portAfter(text[:start], text[end:])
			found = append(found, h)
		}
		from = end
	}
}

func hostByte(c byte) bool { return letterOrDigit(c) || c == '-' || c == '.' || c == '_' }

func parseHost(text, domain string) (host, bool) {
	text = strings.Trim(text, ".")
	before, after, found := strings.Cut(text, ".svc")
	rest, dotted := strings.CutPrefix(after, ".")
	if !found || after != "" && !dotted || rest != "" && rest != domain && rest != "cluster.local" {
		return host{}, false
	}
	parts := strings.Split(before, ".")
	if len(parts) < 2 {
		return host{}, false
	}
	n := len(parts)
	h := host{text: text, service: parts[n-2], namespace: parts[n-1], domain: rest}
	if n == 3 {
		h.pod = parts[0]
	}
	valid := dnsLabel(h.service) == "" && dnsLabel(h.namespace) == "" && (h.pod == "" || dnsLabel(h.pod) == "")
	return h, valid
}

func portAfter(before, after string) int {
	if rest, ok := strings.CutPrefix(after, ":"); ok {
		end := 0
		for end < len(rest) && digit(rest[end]) {
			end++
		}
		port, err := strconv.Atoi(rest[:end])
		if err != nil || port > 65535 {
			return 0
		}
		return port
	}
	switch {
	case strings.HasSuffix(before, "http://"):
		return 80
	case strings.HasSuffix(before, "https://"):
		return 443
	default:
		return 0
	}
}

// hosts reports names that the cluster's DNS won't have (GEN-17).
func hosts(s *system) {
	for _, w := range s.workloads {
		if w.kind == statefulSet {
			checkGoverningService(s, w)
		}
		for _, m := range w.mentions {
			checkHost(s, m)
		}
	}
	for _, o := range s.objects {
		for _, m := range s.mentionsOf[o.key()] {
			if m.in == o {
				checkHost(s, m)
			}
		}
	}
}

func unknownHost(o *object, subject []string, field, message, hint string) {
	o.report(Finding{Code: "GEN-17", Subject: subject, Field: field, Message: message, Hint: hint})
}

func checkGoverningService(s *system, w *workload) {
	spec := w.root.child("spec")
	name := spec.text("serviceName")
	if name == "" {
		return
	}
	svc := s.serviceOf[w.sibling(serviceKind, name)]
	switch {
	case svc == nil:
		unknownHost(w.object, nil, spec.at("serviceName"), fmt.Sprintf("there is no Service %q to name the pods under", name), "name the StatefulSet's headless Service")
	case !svc.headless:
		unknownHost(w.object, nil, spec.at("serviceName"), fmt.Sprintf("%s is not headless, so the pods get no names of their own", svc.id), "set clusterIP: None in the Service")
	case !slices.Contains(svc.pods, w):
		unknownHost(w.object, nil, spec.at("serviceName"), fmt.Sprintf("%s does not select these pods, so they get no names of their own", svc.id), "select the labels of the pod template in the Service")
	}
}

func checkHost(s *system, m mention) {
	unknown := func(hint, format string, args ...any) {
		unknownHost(m.in, m.subject, m.field, m.text+": "+fmt.Sprintf(format, args...), hint)
	}
	if m.domain != "" && m.domain != s.facts.ClusterDomain {
		unknown("end the name with ."+s.facts.ClusterDomain, "the cluster's domain is %s", s.facts.ClusterDomain)
		return
	}
	svc := s.serviceOf[key{serviceKind, m.namespace, m.service}]
	if svc == nil {
		unknown("name a Service of the system", "there is no Service %q in namespace %s", m.service, m.namespace)
		return
	}
	if m.pod != "" {
		if wrong := s.wrongPod(m.host, svc); wrong != "" {
			unknown("name a pod of a StatefulSet as <name>-<number>.<its serviceName>", "%s", wrong)
			return
		}
	}
	if m.port != 0 && !svc.answers(m.port) {
		unknown("name a port that is listened on", "%s has no port %d, only %s", svc.id, m.port, svc.offers())
	}
}

// wrongPod says why no pod has the name h, or nothing.
func (s *system) wrongPod(h host, svc *service) string {
	if slices.ContainsFunc(svc.pods, func(w *workload) bool { return w.spec.text("hostname") == h.pod && w.subdomain() == h.service }) {
		return ""
	}
	name, ordinal, _ := cutOrdinal(h.pod)
	w := s.numberedWorkload(h.namespace, name)
	switch {
	case w == nil:
		return fmt.Sprintf("no StatefulSet or Indexed Job names a pod %q", h.pod)
	case w.subdomain() != h.service:
		return fmt.Sprintf("%s names its pods under Service %q, not %q", w.id, w.subdomain(), h.service)
	case !w.hasOrdinal(ordinal):
		return fmt.Sprintf("the pods of %s go from %d to %d", w.id, w.firstOrdinal(), w.lastOrdinal())
	}
	return ""
}

func (s *system) numberedWorkload(namespace, name string) *workload {
	for _, kind := range []string{statefulSet, job} {
		if w := s.workloadOf[key{kind, namespace, name}]; w != nil && w.numbered() {
			return w
		}
	}
	return nil
}

// subdomain is the Service under which DNS knows w's pods by name.
func (w *workload) subdomain() string {
	if w.kind == statefulSet {
		return w.root.child("spec").text("serviceName")
	}
	return w.spec.text("subdomain")
}

// answers reports whether something listens on the port of the Service. DNS
// leads past a headless Service to the pods, so there it's their ports that
// count.
func (svc *service) answers(port int) bool {
	if svc.headless && len(svc.pods) > 0 {
		return slices.ContainsFunc(svc.pods, func(w *workload) bool {
			return slices.ContainsFunc(w.containers, func(c container) bool {
				return c.lasting() && slices.ContainsFunc(c.ports, func(p containerPort) bool { return p.number == port })
			})
		})
	}
	return slices.ContainsFunc(svc.ports, func(p servicePort) bool { return p.number == port })
}

// offers lists the ports that answers knows.
func (svc *service) offers() string {
	if svc.headless && len(svc.pods) > 0 {
		return svc.pods[0].listening()
	}
	numbers := make([]string, len(svc.ports))
	for i, p := range svc.ports {
		numbers[i] = strconv.Itoa(p.number)
	}
	if len(numbers) == 0 {
		return "none"
	}
	return strings.Join(numbers, ", ")
}
