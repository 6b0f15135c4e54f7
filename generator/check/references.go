package check

import (
	"fmt"
	"slices"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// A reference is one object naming another, and maybe keys in its data.
type reference struct {
	target  key
	field   string
	subject []string
	keys    []dataKey
	// optional references may lead nowhere.
	optional bool
}

// A dataKey is a key in a ConfigMap's data, and the field that names it.
type dataKey struct{ name, field string }

// builtIn objects are made by Kubernetes itself in every namespace.
func builtIn(k key) bool {
	return k.kind == configMap && k.name == "kube-root-ca.crt" ||
		k.kind == serviceAccount && k.name == "default"
}

// oftenExisting are the kinds that people make by other means for a system to
// use. That one is missing can be as intended.
var oftenExisting = []string{configMap, claim, serviceAccount}

// references reports names of objects that nobody makes. Secrets are not
// asked for: they are never rendered.
func references(s *system) {
	for _, w := range s.workloads {
		for _, r := range slices.Concat(w.configs, otherReferences(w)) {
			checkReference(s, w.object, r)
		}
	}
	for _, o := range s.objects {
		for _, b := range backends(o) {
			checkReference(s, o, reference{target: b.service, field: b.field})
		}
		for _, r := range bindings(s, o) {
			checkReference(s, o, r)
		}
	}
}

func checkReference(s *system, o *object, r reference) {
	if r.target.name == "" || r.optional || s.existing[r.target] || builtIn(r.target) {
		return
	}
	target := s.byKey[r.target]
	if target == nil {
		f := Finding{
			Code:    "GEN-24",
			Subject: r.subject,
			Field:   r.field,
			Message: fmt.Sprintf("the system has no %s in namespace %s", show(r.target), r.target.namespace),
			Hint:    "name an object of the system",
		}
		if slices.Contains(oftenExisting, r.target.kind) {
			f.Severity = diagnostic.Warning
			f.Hint = "make sure that it is in the cluster, or name an object of the system"
		}
		o.report(f)
		return
	}
	for _, k := range r.keys {
		if !target.root.child("data").has(k.name) && !target.root.child("binaryData").has(k.name) {
			o.report(Finding{
				Code:    "GEN-24",
				Subject: r.subject,
				Field:   k.field,
				Message: fmt.Sprintf("%s has no key %q", target.id, k.name),
				Hint:    "name a key of its data, or mark the reference optional",
			})
		}
	}
}

// configReferences are the ConfigMaps that w's pods read.
func configReferences(w *workload) []reference {
	var refs []reference
	add := func(n node, subject []string) {
		if !n.exists() {
			return
		}
		r := reference{
			target:   w.sibling(configMap, n.text("name")),
			field:    n.at("name"),
			subject:  subject,
			optional: n.flag("optional"),
		}
		if n.has("key") {
			r.keys = append(r.keys, dataKey{n.text("key"), n.at("key")})
		}
		for _, item := range n.children("items") {
			r.keys = append(r.keys, dataKey{item.text("key"), item.at("key")})
		}
		refs = append(refs, r)
	}
	for _, v := range w.volumes {
		subject := volumeSubject(v)
		add(v.child("configMap"), subject)
		for _, source := range v.child("projected").children("sources") {
			add(source.child("configMap"), subject)
		}
	}
	for _, c := range w.containers {
		for _, from := range c.children("envFrom") {
			add(from.child("configMapRef"), c.subject())
		}
		for _, e := range c.env {
			add(e.in("valueFrom", "configMapKeyRef"), c.subject("env", e.text("name")))
		}
	}
	return refs
}

func otherReferences(w *workload) []reference {
	refs := []reference{{
		target: w.sibling(serviceAccount, w.spec.text("serviceAccountName")),
		field:  w.spec.at("serviceAccountName"),
	}}
	for _, v := range w.volumes {
		pvc := v.child("persistentVolumeClaim")
		refs = append(refs, reference{
			target:  w.sibling(claim, pvc.text("claimName")),
			field:   pvc.at("claimName"),
			subject: volumeSubject(v),
		})
	}
	return refs
}

// bindings are the Role and the accounts that a RoleBinding joins, as far as
// they would be rendered.
func bindings(s *system, o *object) []reference {
	if o.kind != roleBinding {
		return nil
	}
	var refs []reference
	if ref := o.root.child("roleRef"); ref.text("kind") == "Role" {
		refs = append(refs, reference{target: o.sibling(role, ref.text("name")), field: ref.at("name")})
	}
	for _, subject := range o.root.children("subjects") {
		namespace := subject.text("namespace")
		if namespace == "" {
			namespace = o.id.Namespace
		}
		if subject.text("kind") == "ServiceAccount" && s.owns(namespace) {
			refs = append(refs, reference{target: key{serviceAccount, namespace, subject.text("name")}, field: subject.at("name")})
		}
	}
	return refs
}

// A backend is where an Ingress or a route sends requests.
type backend struct {
	service key
	port    portRef
	field   string
}

func backends(o *object) []backend {
	switch o.kind {
	case ingress:
		return ingressBackends(o)
	case httpRoute, grpcRoute:
		return routeBackends(o)
	default:
		return nil
	}
}

func ingressBackends(o *object) []backend {
	spec := o.root.child("spec")
	sources := []node{spec.child("defaultBackend")}
	for _, rule := range spec.children("rules") {
		for _, path := range rule.child("http").children("paths") {
			sources = append(sources, path.child("backend"))
		}
	}
	var backends []backend
	for _, source := range sources {
		svc := source.child("service")
		if !svc.exists() {
			continue
		}
		port := svc.child("port")
		backends = append(backends, backend{
			service: o.sibling(serviceKind, svc.text("name")),
			port:    portRef{number: port.number("number", 0), name: port.text("name")},
			field:   svc.path,
		})
	}
	return backends
}

func routeBackends(o *object) []backend {
	var backends []backend
	for _, rule := range o.root.child("spec").children("rules") {
		for _, ref := range rule.children("backendRefs") {
			kind, namespace := ref.text("kind"), ref.text("namespace")
			if kind != "" && kind != "Service" || namespace != "" && namespace != o.id.Namespace {
				continue
			}
			backends = append(backends, backend{
				service: o.sibling(serviceKind, ref.text("name")),
				port:    ref.port("port"),
				field:   ref.path,
			})
		}
	}
	return backends
}
