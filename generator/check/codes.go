package check

// A Code explains one kind of finding to someone who has just met it.
type Code struct {
	// Code is stable: it is never given to another kind of finding.
	Code string
	// Title says what is wrong, Why what comes of it, Fix what to do.
	Title, Why, Fix string
	// Source is where Kubernetes documents the behaviour.
	Source string
}

// Codes returns every code that Objects reports, in order.
func Codes() []Code {
	return []Code{
		{
			Code:  "GEN-01",
			Title: "a selector selects no pod",
			Why: "A Service without pods answers nobody, a budget without pods protects nothing, a policy without pods isolates nothing, " +
				"and none of them says so: everything looks healthy. A workload whose selector misses its own template is refused.",
			Fix:    "Make the selector a subset of the pod template's labels.",
			Source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
		},
		{
			Code:   "GEN-02",
			Title:  "two workloads select the same pods",
			Why:    "Each controller counts, adopts and deletes the pods that its selector matches. Two that match the same pods fight over them.",
			Fix:    "Add a label to the selectors that only one workload's pods have, such as app.kubernetes.io/component.",
			Source: "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector",
		},
		{
			Code:   "GEN-03",
			Title:  "a pod has two disruption budgets",
			Why:    "The eviction API refuses to evict a pod that more than one budget selects, so its node can never be drained.",
			Fix:    "Leave one of the budgets out, or narrow its selector.",
			Source: "https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors",
		},
		{
			Code:  "GEN-04",
			Title: "a disruption budget never allows an eviction",
			Why: "With r the replicas, or the autoscaler's minimum, an eviction needs r - minAvailable ≥ 1 or maxUnavailable ≥ 1. Percentages round up, " +
				"both ways: 67% of 3 is 3. Otherwise draining a node waits for ever. Jobs have no scale to take a percentage of.",
			Fix:    "Use maxUnavailable: 1, or raise the replicas above minAvailable.",
			Source: "https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages",
		},
		{
			Code:  "GEN-05",
			Title: "ports clash, or lead nowhere",
			Why: "All containers of a pod share one address, so two cannot listen on one port. A Service, a route or a probe that leads to a port " +
				"which no container declares fails at run time, if not at once.",
			Fix:    "Declare the port under the container's ports, once, and refer to it by name.",
			Source: "https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports",
		},
		{
			Code:  "GEN-06",
			Title: "liveness restarts what readiness would have spared",
			Why: "When both probes ask the same and liveness gives up no later than readiness, an overloaded container is killed instead of getting a rest. " +
				"Its load moves on to the others, and they follow.",
			Fix:    "Let liveness bear failure longer (failureThreshold × periodSeconds), or let it ask only whether the process lives.",
			Source: "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
		},
		{
			Code:  "GEN-07",
			Title: "probes don't leave the time that a container needs",
			Why: "Liveness restarts a container that does not answer for failureThreshold × periodSeconds. Without a startup probe it has no more than that, and " +
				"initialDelaySeconds, to start in: where it is too short the container never comes up. A threshold of 1 restarts it for one slow answer, and a " +
				"timeout longer than the period stretches all of it. Starting that takes as long as progressDeadlineSeconds (600 unless set) makes a rollout fail that is fine.",
			Fix:    "Give the container a startup probe that bears the slowest start, liveness a failureThreshold of 2 or more, and each probe a timeout within its period.",
			Source: "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
		},
		{
			Code:  "GEN-09",
			Title: "a pod stops while requests still come, or is killed before it has stopped",
			Why: "Nodes learn only after some seconds that a pod has left its Services, and send it requests until then: its containers have to wait that long. " +
				"The grace period begins with that wait, not after it: it has to cover the preStop sleep, what the server's own configuration grants to the last requests " +
				"(HAProxy's hard-stop-after, nginx's worker_shutdown_timeout), and the same of the sidecars, which stop after the others, one by one.",
			Fix:    "Sleep for 5 seconds or more in preStop, and set terminationGracePeriodSeconds to all of it together and a few seconds more.",
			Source: "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
		},
		{
			Code:  "GEN-10",
			Title: "a rolling update cannot take a step",
			Why: "With maxUnavailable and maxSurge both 0 no pod may go before a new one is there, and none may come. maxUnavailable rounds down: " +
				"where 25% of 3 comes to 0 and maxSurge is 0, Kubernetes takes one pod down against the letter of the spec.",
			Fix:    "Set maxSurge or maxUnavailable to at least 1.",
			Source: "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable",
		},
		{
			Code:  "GEN-11",
			Title: "an image is not pinned, or abandoned",
			Why: "Without a version, or with latest, two pods of one workload may run different programs, and there is nothing to roll back to. " +
				"Some registries keep serving images that get no fixes, until they don't.",
			Fix:    "Name a version, or better a digest, from the project's own registry.",
			Source: "https://kubernetes.io/docs/concepts/containers/images/#image-names",
		},
		{
			Code:  "GEN-12",
			Title: "a pod is not restricted",
			Why: "A namespace that enforces the restricted Pod Security Standard refuses the pod. The workload is accepted all the same, " +
				"so it shows only as replicas that never come. Init and ephemeral containers count as well.",
			Fix: "For every container: runAsNonRoot, allowPrivilegeEscalation: false, capabilities drop ALL, seccompProfile RuntimeDefault; " +
				"nothing of the node's.",
			Source: "https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
		},
		{
			Code:  "GEN-13",
			Title: "resources are missing, or impossible",
			Why: "Without requests the scheduler places pods blindly and an autoscaler on utilization has nothing to divide by. Without a memory limit " +
				"a leak takes the neighbours down. A request above its limit is refused. Utilization over a whole pod is diluted by its sidecars.",
			Fix:    "Set requests for CPU and memory and a limit for memory; scale on a ContainerResource metric where there are sidecars.",
			Source: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
		},
		{
			Code:  "GEN-14",
			Title: "an autoscaler and its target disagree",
			Why: "An autoscaler whose target doesn't exist scales nothing. A target that also sets spec.replicas is set back at every apply. " +
				"Two autoscalers for one target undo each other.",
			Fix:    "Leave replicas out where something scales, and let one object scale each workload.",
			Source: "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling",
		},
		{
			Code:  "GEN-15",
			Title: "a spread constraint does not count its own pods, or leaves some without a place",
			Why: "Pods are spread by counting those that the constraint's selector matches. If it misses the pods themselves, all may land on one node. " +
				"With DoNotSchedule a domain may have maxSkew pods more than the one with the fewest: if that one stays empty, because there are fewer than minDomains " +
				"or because it counts although the pods can't go there, then domains × maxSkew pods run and the others wait for ever.",
			Fix:    "Make the constraint's labelSelector a subset of the pod template's labels, and let the pods go to as many domains as it counts.",
			Source: "https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#spread-constraint-definition",
		},
		{
			Code:  "GEN-16",
			Title: "a name is invalid, or too long for what is derived from it",
			Why: "Names become DNS labels and label values of at most 63 characters. A StatefulSet appends an ordinal to make pod names and an 11 character " +
				"hash to make a label, an Indexed Job an index, a CronJob 11 characters: names that are valid by themselves then fail when pods are made.",
			Fix:    "Use lower case letters, digits and '-', and shorter names.",
			Source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/",
		},
		{
			Code:  "GEN-17",
			Title: "a host name will not resolve",
			Why: "Pods of a StatefulSet have names of the form <name>-<ordinal>.<serviceName>.<namespace>.svc.<domain>, only if the Service exists, is headless and " +
				"selects them. Any other spelling is a name that DNS never learns, and a port that the Service lacks is refused.",
			Fix:    "Take hosts from the outputs of the instance that they belong to.",
			Source: "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/",
		},
		{
			Code:  "GEN-18",
			Title: "a policy stops a connection that the configuration asks for",
			Why: "Once any policy isolates a pod in one direction, only what some policy allows gets through: the client's policies must let the connection out, " +
				"the server's must let it in, and the client must reach DNS. What is stopped shows as a timeout.",
			Fix:    "Allow the connection on both sides, by the port of the pod, not that of the Service.",
			Source: "https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation",
		},
		{
			Code:   "GEN-19",
			Title:  "a field is newer than the cluster",
			Why:    "An older API server refuses the field or drops it without a word, and the system behaves differently from what was written.",
			Fix:    "Leave the field out, or raise cluster.version if every cluster is that new.",
			Source: "https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/",
		},
		{
			Code:  "GEN-21",
			Title: "a secret stands in plain text",
			Why: "ConfigMaps, variables and command lines are read by far more people and programs than Secrets are, and the manifests " +
				"are committed to Git, where nothing is ever forgotten.",
			Fix:    "Put it into a Secret outside of the spec, refer to it with container.secrets or a volume, and replace the leaked one.",
			Source: "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
		},
		{
			Code:   "GEN-22",
			Title:  "a field has the wrong type",
			Why:    "The API server refuses the object, and the checks cannot look behind the field.",
			Fix:    "Correct the patch, or the template, that sets the field.",
			Source: "https://kubernetes.io/docs/reference/kubernetes-api/",
		},
		{
			Code:   "GEN-23",
			Title:  "an object exists twice",
			Why:    "In a cluster there is one object of a kind and name in a namespace: the later of the two would overwrite the earlier.",
			Fix:    "Rename one of the instances, or leave one of the objects out.",
			Source: "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names",
		},
		{
			Code:  "GEN-24",
			Title: "a reference leads to an object that nobody makes",
			Why: "A pod waits for ever for its ConfigMap, its claim or its service account, a route without a Service answers 500. " +
				"What may be in the cluster already is a warning; Secrets are not asked for, since they are never part of a spec.",
			Fix:    "Correct the name, or make the object before the system.",
			Source: "https://kubernetes.io/docs/concepts/configuration/configmap/",
		},
		{
			Code:   "GEN-25",
			Title:  "volumes and mounts disagree",
			Why:    "A mount of a volume that the pod doesn't have is refused, as are two mounts at one path. A volume that nobody mounts is a leftover.",
			Fix:    "Add the volume, or leave the mount out.",
			Source: "https://kubernetes.io/docs/concepts/storage/volumes/",
		},
		{
			Code:   "GEN-26",
			Title:  "an item of a list is there twice",
			Why:    "Containers, volumes and variables are told apart by name. Of two with one name the API server refuses the second, or the last one wins silently.",
			Fix:    "Leave one of them out, or rename it.",
			Source: "https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy",
		},
		{
			Code:   "GEN-27",
			Title:  "an object is too large",
			Why:    "A ConfigMap holds at most 1 MiB. Above 256 KiB kubectl apply fails as well, because it keeps a copy of the object in an annotation.",
			Fix:    "Put large content into an image, a volume or an object store.",
			Source: "https://kubernetes.io/docs/concepts/configuration/configmap/#motivation",
		},
		{
			Code:  "REP-03",
			Title: "pods get requests before they can serve",
			Why: "A Service sends requests to pods that are ready, and without a readiness probe a pod is ready as soon as its containers run: " +
				"each start and each update answers some requests with errors.",
			Fix:    "Give the container that serves a readiness probe, which answers when it can serve.",
			Source: "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#readiness-probe",
		},
		{
			Code:  "REP-05",
			Title: "requests stay in a zone that has too few pods",
			Why: "With trafficDistribution the pods of a zone take all requests from it, however many they are. What a zone's only pod can't take does not go to the others, " +
				"and an autoscaler, which looks at the mean, does not see it.",
			Fix:    "Let pods run, and spread, in every zone that has clients, or leave trafficDistribution out.",
			Source: "https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-distribution",
		},
		{
			Code:  "SC-03",
			Title: "containers of a pod get in each other's way in a volume",
			Why: "Two containers that write to one volume overwrite each other's files, unless both know of it. And a mount inside of a read-only one needs a place " +
				"that is there already: ConfigMaps, Secrets and read-only mounts can't be given one, and the container does not start.",
			Fix:    "Let one container write and the others mount the volume readOnly, or give each a subPath; mount nothing inside of what is read-only.",
			Source: "https://kubernetes.io/docs/concepts/storage/volumes/",
		},
		{
			Code:  "SC-04",
			Title: "the containers of a pod need more than there is for them",
			Why: "A pod needs what its containers and sidecars request together, or what the largest init container does beside the sidecars, if that is more; a pod that " +
				"requests less for itself is refused. What a container writes to a volume in memory counts as memory of its own, and it is killed at its limit.",
			Fix:    "Leave the pod's own resources out, or raise them to the sum; keep volumes in memory smaller than the memory limit of who writes to them.",
			Source: "https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers",
		},
	}
}
