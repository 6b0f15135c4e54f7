package check

import (
	"fmt"
	"slices"
	"strings"
)

// security reports pods that a namespace which enforces the restricted Pod
// Security Standard refuses.
func security(s *system) {
	for _, w := range s.workloads {
		checkPodSecurity(w, s.facts)
		for _, c := range w.containers {
			checkContainerSecurity(w, c)
		}
	}
}

func insecure(w *workload, subject []string, field, message, hint string) {
	w.report(Finding{Code: "GEN-12", Subject: subject, Field: field, Message: message, Hint: hint})
}

// safeVolumes are the volume types that the standard allows.
var safeVolumes = []string{
	"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
}

// safeSysctls are the sysctls that the standard allows, with the minor version
// that began to.
var safeSysctls = map[string]int{
	"kernel.shm_rmid_forced":              0,
	"net.ipv4.ip_local_port_range":        0,
	"net.ipv4.ip_unprivileged_port_start": 0,
	"net.ipv4.ping_group_range":           0,
	"net.ipv4.tcp_syncookies":             0,
	"net.ipv4.ip_local_reserved_ports":    27,
	"net.ipv4.tcp_fin_timeout":            29,
	"net.ipv4.tcp_keepalive_intvl":        29,
	"net.ipv4.tcp_keepalive_probes":       29,
	"net.ipv4.tcp_keepalive_time":         29,
	"net.ipv4.tcp_rmem":                   32,
	"net.ipv4.tcp_wmem":                   32,
}

func checkPodSecurity(w *workload, facts Facts) {
	for _, field := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if w.spec.flag(field) {
			insecure(w, nil, w.spec.at(field), field+" shares the node with the pod", "leave "+field+" out")
		}
	}
	context := w.spec.child("securityContext")
	checkContext(w, nil, context)
	for _, sysctl := range context.children("sysctls") {
		name := sysctl.text("name")
		since, safe := safeSysctls[name]
		switch {
		case !safe:
			insecure(w, nil, sysctl.path, fmt.Sprintf("sysctl %q is not one of the safe ones", name), "leave the sysctl out")
		case facts.Minor != 0 && facts.Minor < since:
			insecure(w, nil, sysctl.path, fmt.Sprintf("sysctl %q counts as safe since 1.%d only", name, since), "leave the sysctl out")
		}
	}
	for _, v := range w.volumes {
		for _, f := range v.fields {
			if f.Key == "name" || f.Value == nil || slices.Contains(safeVolumes, f.Key) {
				continue
			}
			insecure(w, volumeSubject(v), v.at(f.Key),
				fmt.Sprintf("volume %s is of type %s, which reaches out of the pod", v.text("name"), f.Key),
				"use an emptyDir, a PersistentVolumeClaim, a ConfigMap or a Secret")
		}
	}
}

// checkContext holds for a pod's security context as for a container's.
func checkContext(w *workload, subject []string, context node) {
	if context.has("runAsUser") && context.number("runAsUser", 1) == 0 {
		insecure(w, subject, context.at("runAsUser"), "runAsUser 0 is root", "name another user")
	}
	if context.has("runAsNonRoot") && !context.flag("runAsNonRoot") {
		insecure(w, subject, context.at("runAsNonRoot"), "runAsNonRoot is false", "set runAsNonRoot to true")
	}
	if profile := context.child("seccompProfile"); profile.exists() && !safeProfile(profile.text("type")) {
		insecure(w, subject, profile.at("type"), fmt.Sprintf("seccomp profile %q filters nothing", profile.text("type")), "use RuntimeDefault")
	}
	if profile := context.child("appArmorProfile"); profile.text("type") == "Unconfined" {
		insecure(w, subject, profile.at("type"), "AppArmor is switched off", "leave appArmorProfile out")
	}
	if context.child("windowsOptions").flag("hostProcess") {
		insecure(w, subject, context.at("windowsOptions")+".hostProcess", "hostProcess shares the node with the pod", "leave hostProcess out")
	}
	options := context.child("seLinuxOptions")
	for _, field := range []string{"user", "role"} {
		if options.text(field) != "" {
			insecure(w, subject, options.at(field), "the SELinux "+field+" may not be chosen", "leave it out")
		}
	}
	if kind := options.text("type"); kind != "" && !slices.Contains([]string{"container_t", "container_init_t", "container_kvm_t", "container_engine_t"}, kind) {
		insecure(w, subject, options.at("type"), fmt.Sprintf("SELinux type %q may not be chosen", kind), "leave it out")
	}
}

func safeProfile(kind string) bool { return kind == "RuntimeDefault" || kind == "Localhost" }

func checkContainerSecurity(w *workload, c container) {
	context, podContext := c.child("securityContext"), w.spec.child("securityContext")
	checkContext(w, c.subject(), context)
	lacks := func(field, message, hint string) {
		insecure(w, c.subject(), field, fmt.Sprintf("container %s %s", c.name, message), hint)
	}
	if !context.has("runAsNonRoot") && !podContext.has("runAsNonRoot") {
		lacks(context.at("runAsNonRoot"), "may run as root", "set runAsNonRoot to true")
	}
	if !context.has("seccompProfile") && !podContext.has("seccompProfile") {
		lacks(context.at("seccompProfile"), "has no seccomp profile", "set seccompProfile to {type: RuntimeDefault}")
	}
	if !context.has("allowPrivilegeEscalation") || context.flag("allowPrivilegeEscalation") {
		lacks(context.at("allowPrivilegeEscalation"), "may gain privileges", "set allowPrivilegeEscalation to false")
	}
	if context.flag("privileged") {
		lacks(context.at("privileged"), "is privileged", "leave privileged out")
	}
	capabilities := context.child("capabilities")
	if !slices.Contains(capabilities.texts("drop"), "ALL") {
		lacks(capabilities.at("drop"), "keeps capabilities", `set capabilities to {drop: ["ALL"]}`)
	}
	if added := slices.DeleteFunc(capabilities.texts("add"), func(name string) bool { return name == "NET_BIND_SERVICE" }); len(added) > 0 {
		lacks(capabilities.at("add"), "adds the capabilities "+strings.Join(added, ", "), "only NET_BIND_SERVICE may be added")
	}
	if mount := context.text("procMount"); mount != "" && mount != "Default" {
		lacks(context.at("procMount"), fmt.Sprintf("sees /proc as %q", mount), "leave procMount out")
	}
	for _, p := range c.ports {
		if p.number != 0 && p.node.number("hostPort", 0) != 0 {
			lacks(p.at("hostPort"), "takes a port of the node", "leave hostPort out and use a Service")
		}
	}
	for _, handler := range []node{
		c.child("startupProbe"), c.child("readinessProbe"), c.child("livenessProbe"),
		c.in("lifecycle", "postStart"), c.in("lifecycle", "preStop"),
	} {
		for _, protocol := range []string{"httpGet", "tcpSocket"} {
			if action := handler.child(protocol); action.text("host") != "" {
				lacks(action.at("host"), "makes the kubelet call another host", "leave host out: the pod itself is asked")
			}
		}
	}
}
