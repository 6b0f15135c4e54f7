package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Labels that controllers give to pods, beyond those of the template.
const (
	podNameLabel  = "statefulset.kubernetes.io/pod-name"
	podIndexLabel = "apps.kubernetes.io/pod-index"
	jobNameLabel  = "batch.kubernetes.io/job-name"
	oldJobLabel   = "job-name"
	jobIndexLabel = "batch.kubernetes.io/job-completion-index"
	revisionLabel = "controller-revision-hash"
	templateLabel = "pod-template-hash"
)

// controllerLabels says which kinds' pods get which label at run time.
var controllerLabels = map[string][]string{
	podNameLabel:  {statefulSet},
	podIndexLabel: {statefulSet},
	jobNameLabel:  {job, cronJob},
	oldJobLabel:   {job, cronJob},
	jobIndexLabel: {job, cronJob},
	revisionLabel: {statefulSet, daemonSet},
	templateLabel: {deployment, replicaSet},
}

// nameLabels are those that hold the workload's name, or a pod's made from it.
var nameLabels = []string{podNameLabel, jobNameLabel, oldJobLabel}

// A workload is an object that makes pods, or a Pod itself.
type workload struct {
	*object
	// template is what pods are made from; spec is its pod spec.
	template, spec node
	labels         map[string]string
	containers     []container
	volumes        []node
	replicas       replicas
	scaler         *scaler
	policies       []*policy
	// configs are the ConfigMaps that the pods read, mentions the hosts that
	// their containers are told.
	configs  []reference
	mentions []mention
}

// replicas is how many pods there are while nothing is wrong, from least to
// most when something scales them. Without countable nobody can tell.
type replicas struct {
	least, most int
	countable   bool
}

// A stage is the part of a pod's life in which a container runs.
type stage int

const (
	atStart stage = iota // an init container that ends before the others start
	sidecar              // an init container that keeps running
	running              // an ordinary container
	debug                // an ephemeral container
)

// A container is one container of a pod.
type container struct {
	node
	name  string
	stage stage
	ports []containerPort
	env   []node
}

// lasting reports whether the container runs as long as the pod serves.
func (c container) lasting() bool { return c.stage == sidecar || c.stage == running }

// subject is the way to the container from the user's side.
func (c container) subject(names ...string) []string {
	return append([]string{c.name}, names...)
}

// volumeSubject is the way to a volume from the user's side.
func volumeSubject(volume node) []string { return []string{"volumes", volume.text("name")} }

// A containerPort is a port that a container says it listens on.
type containerPort struct {
	node
	name, protocol string
	number         int
}

// podTemplate finds what o makes pods from.
func podTemplate(o *object) (template node, ok bool) {
	switch o.kind {
	case deployment, statefulSet, daemonSet, replicaSet, job:
		return o.root.in("spec", "template"), true
	case cronJob:
		return o.root.in("spec", "jobTemplate", "spec", "template"), true
	case barePod:
		return o.root, true
	default:
		return node{}, false
	}
}

func readWorkload(o *object, template node) *workload {
	w := &workload{object: o, template: template, spec: template.child("spec")}
	w.labels = template.child("metadata").pairs("labels")
	w.volumes = w.spec.children("volumes")
	w.replicas = readReplicas(o)
	for _, c := range w.spec.children("initContainers") {
		st := atStart
		if c.text("restartPolicy") == "Always" {
			st = sidecar
		}
		w.containers = append(w.containers, readContainer(c, st))
	}
	for _, c := range w.spec.children("containers") {
		w.containers = append(w.containers, readContainer(c, running))
	}
	for _, c := range w.spec.children("ephemeralContainers") {
		w.containers = append(w.containers, readContainer(c, debug))
	}
	w.configs = configReferences(w)
	return w
}

func readContainer(n node, st stage) container {
	c := container{node: n, name: n.text("name"), stage: st, env: n.children("env")}
	for _, p := range n.children("ports") {
		c.ports = append(c.ports, containerPort{
			node:     p,
			name:     p.text("name"),
			protocol: protocolOf(p),
			number:   p.number("containerPort", 0),
		})
	}
	return c
}

// protocolOf reads a port's protocol, which is TCP unless it says otherwise.
func protocolOf(n node) string {
	if protocol := n.text("protocol"); protocol != "" {
		return protocol
	}
	return "TCP"
}

func readReplicas(o *object) replicas {
	spec := o.root.child("spec")
	switch o.kind {
	case deployment, statefulSet, replicaSet:
		n := spec.number("replicas", 1)
		return replicas{n, n, true}
	case job:
		n := spec.number("parallelism", 1)
		n = min(n, spec.number("completions", n))
		return replicas{n, n, true}
	case barePod:
		return replicas{1, 1, true}
	default:
		return replicas{}
	}
}

// lastOrdinal is the highest number in the name of one of w's pods; w is a
// StatefulSet or an Indexed Job.
func (w *workload) lastOrdinal() int {
	spec := w.root.child("spec")
	if w.kind == job {
		return spec.number("completions", 1) - 1
	}
	return w.firstOrdinal() + w.replicas.most - 1
}

func (w *workload) firstOrdinal() int {
	if w.kind == job {
		return 0
	}
	return w.root.in("spec", "ordinals").number("start", 0)
}

// numbered reports whether w's pods have stable numbers in their names.
func (w *workload) numbered() bool {
	return w.kind == statefulSet ||
		w.kind == job && w.root.child("spec").text("completionMode") == "Indexed"
}

// hasOrdinal reports whether one of w's pods has this number.
func (w *workload) hasOrdinal(i int) bool {
	return w.numbered() && w.firstOrdinal() <= i && i <= w.lastOrdinal()
}

// hasLabel reports whether w's pods carry the label, be it given by the
// template or by the controller.
func (w *workload) hasLabel(key string) bool {
	if _, ok := w.labels[key]; ok {
		return true
	}
	for _, kind := range controllerLabels[key] {
		if kind == w.kind {
			return true
		}
	}
	return false
}

// isLabelled reports whether at least one of w's pods has this label.
func (w *workload) isLabelled(key, value string) bool {
	if v, ok := w.labels[key]; ok {
		return v == value
	}
	if !w.hasLabel(key) {
		return false
	}
	switch key {
	case podNameLabel:
		name, i, ok := cutOrdinal(value)
		return ok && name == w.id.Name && w.hasOrdinal(i)
	case podIndexLabel, jobIndexLabel:
		i, err := strconv.Atoi(value)
		return err == nil && w.hasOrdinal(i)
	case jobNameLabel, oldJobLabel:
		return value == w.id.Name
	default:
		return false
	}
}

// cutOrdinal splits a pod's name such as "cache-3".
func cutOrdinal(pod string) (name string, ordinal int, ok bool) {
	dash := strings.LastIndexByte(pod, '-')
	if dash < 0 {
		return "", 0, false
	}
	i, err := strconv.Atoi(pod[dash+1:])
	if err != nil || strconv.Itoa(i) != pod[dash+1:] {
		return "", 0, false
	}
	return pod[:dash], i, true
}

// container returns the container called name.
func (w *workload) container(name string) (container, bool) {
	for _, c := range w.containers {
		if c.name == name {
			return c, true
		}
	}
	return container{}, false
}

// resolve returns the port of w's pods that p means.
func (w *workload) resolve(p portRef, protocol string) (containerPort, bool) {
	for _, c := range w.containers {
		if !c.lasting() {
			continue
		}
		for _, port := range c.ports {
			if port.protocol != protocol {
				continue
			}
			if p.name != "" && p.name == port.name || p.name == "" && p.number == port.number {
				return port, true
			}
		}
	}
	return containerPort{}, false
}

// listener is the container that declares p.
func (w *workload) listener(p containerPort) container {
	for _, c := range w.containers {
		if slices.ContainsFunc(c.ports, func(other containerPort) bool { return other.path == p.path }) {
			return c
		}
	}
	return container{}
}

// listening lists the ports of w's pods, to say what there is instead.
func (w *workload) listening() string {
	var list []string
	for _, c := range w.containers {
		if !c.lasting() {
			continue
		}
		for _, p := range c.ports {
			entry := strconv.Itoa(p.number)
			if p.name != "" {
				entry = fmt.Sprintf("%s (%d)", p.name, p.number)
			}
			list = append(list, entry)
		}
	}
	if len(list) == 0 {
		return "no port"
	}
	return strings.Join(list, ", ")
}
