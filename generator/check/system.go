package check

import (
	"strings"

	"github.com/patternctl/patternctl/generator/manifest"
)

// The kinds that the checks know, as API group and kind: the group's version
// does not change what an object is.
const (
	configMap      = "/ConfigMap"
	namespaceKind  = "/Namespace"
	claim          = "/PersistentVolumeClaim"
	barePod        = "/Pod"
	serviceKind    = "/Service"
	serviceAccount = "/ServiceAccount"
	deployment     = "apps/Deployment"
	statefulSet    = "apps/StatefulSet"
	replicaSet     = "apps/ReplicaSet"
	daemonSet      = "apps/DaemonSet"
	job            = "batch/Job"
	cronJob        = "batch/CronJob"
	budgetKind     = "policy/PodDisruptionBudget"
	autoscaler     = "autoscaling/HorizontalPodAutoscaler"
	scaledObject   = "keda.sh/ScaledObject"
	policyKind     = "networking.k8s.io/NetworkPolicy"
	ingress        = "networking.k8s.io/Ingress"
	httpRoute      = "gateway.networking.k8s.io/HTTPRoute"
	grpcRoute      = "gateway.networking.k8s.io/GRPCRoute"
	role           = "rbac.authorization.k8s.io/Role"
	roleBinding    = "rbac.authorization.k8s.io/RoleBinding"
)

// A key is an object's identity within a cluster, whatever its version.
type key struct{ kind, namespace, name string }

// An object is one rendered object and what was found in it.
type object struct {
	root     node
	group    string
	id       manifest.ID
	kind     string
	findings []Finding
}

// report adds a finding about o.
func (o *object) report(f Finding) {
	f.Group, f.Object = o.group, o.id
	o.findings = append(o.findings, f)
}

func (o *object) key() key { return key{o.kind, o.id.Namespace, o.id.Name} }

// sibling is the key of an object in o's namespace.
func (o *object) sibling(kind, name string) key { return key{kind, o.id.Namespace, name} }

// A system is every object, read once, with what refers to what.
type system struct {
	facts      Facts
	objects    []*object
	byKey      map[key]*object
	pods       podIndex
	workloads  []*workload
	workloadOf map[key]*workload
	services   []*service
	serviceOf  map[key]*service
	budgets    []*budget
	scalers    []*scaler
	policies   []*policy
	namespaces map[string]namespaceLabels
	existing   map[key]bool
	// mentionsOf holds the hosts in each ConfigMap.
	mentionsOf map[key][]mention
}

func read(groups []manifest.Group, facts Facts) *system {
	if facts.ClusterDomain == "" {
		facts.ClusterDomain = "cluster.local"
	}
	s := &system{
		facts:      facts,
		byKey:      map[key]*object{},
		pods:       podIndex{map[string][]*workload{}, map[label][]*workload{}},
		workloadOf: map[key]*workload{},
		serviceOf:  map[key]*service{},
		namespaces: map[string]namespaceLabels{},
		existing:   map[key]bool{},
		mentionsOf: map[key][]mention{},
	}
	for _, id := range facts.Existing {
		s.existing[key{kindOf(id), id.Namespace, id.Name}] = true
	}
	for _, g := range groups {
		for _, fields := range g.Objects {
			s.add(g.Path(), fields)
		}
	}
	s.resolve()
	return s
}

func (s *system) add(group string, fields manifest.Map) {
	id := manifest.IDOf(fields)
	o := &object{group: group, id: id, kind: kindOf(id)}
	if fields == nil {
		fields = manifest.Map{}
	}
	o.root = node{object: o, fields: fields}
	s.objects = append(s.objects, o)
	if _, twice := s.byKey[o.key()]; twice {
		return
	}
	s.byKey[o.key()] = o
	if id.Namespace != "" && !s.owns(id.Namespace) {
		s.namespaces[id.Namespace] = nil
	}

	switch o.kind {
	case serviceKind:
		svc := readService(o)
		s.services = append(s.services, svc)
		s.serviceOf[o.key()] = svc
	case budgetKind:
		s.budgets = append(s.budgets, readBudget(o))
	case autoscaler, scaledObject:
		s.scalers = append(s.scalers, readScaler(o))
	case policyKind:
		s.policies = append(s.policies, readPolicy(o))
	case namespaceKind:
		s.namespaces[id.Name] = o.root.child("metadata").pairs("labels")
	default:
		if template, ok := podTemplate(o); ok {
			w := readWorkload(o, template)
			s.workloads = append(s.workloads, w)
			s.workloadOf[o.key()] = w
		}
	}
}

// resolve follows references between objects, once all are known.
func (s *system) resolve() {
	for _, x := range s.scalers {
		if w := s.workloadOf[x.target]; w != nil && w.scaler == nil {
			w.scaler = x
			w.replicas = x.replicas
		}
	}
	for _, w := range s.workloads {
		s.pods.add(w)
	}
	for _, svc := range s.services {
		if svc.selects() {
			svc.pods = s.pods.selected(svc.id.Namespace, svc.selector)
		}
	}
	for _, b := range s.budgets {
		if b.selects {
			b.pods = s.pods.selected(b.id.Namespace, b.selector)
		}
	}
	for _, p := range s.policies {
		p.pods = s.pods.selected(p.id.Namespace, p.selector)
		for _, w := range p.pods {
			w.policies = append(w.policies, p)
		}
	}
	s.readMentions()
}

// owns reports whether any rendered object is in the namespace.
func (s *system) owns(namespace string) bool {
	_, ok := s.namespaces[namespace]
	return ok
}

// kindOf is the API group and kind of id.
func kindOf(id manifest.ID) string { return id.Group() + "/" + id.Kind }

// show writes a key as kubectl does: Kind/name.
func show(k key) string {
	_, kind, _ := strings.Cut(k.kind, "/")
	return manifest.ID{Kind: kind, Name: k.name}.String()
}
