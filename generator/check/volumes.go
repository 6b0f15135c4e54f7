package check

import (
	"fmt"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// volumes reports mounts of volumes that the pod doesn't have, two mounts at
// one path, and volumes that no container mounts.
func volumes(s *system) {
	for _, w := range s.workloads {
		checkVolumes(w)
	}
}

func checkVolumes(w *workload) {
	known := map[string]bool{}
	for _, v := range w.volumes {
		known[v.text("name")] = true
		var sources []string
		for _, source := range []string{"emptyDir", "configMap", "secret", "persistentVolumeClaim", "projected", "image", "csi", "ephemeral"} {
			if v.has(source) {
				sources = append(sources, source)
			}
		}
		if len(sources) > 1 {
			w.report(Finding{
				Code:    "GEN-25",
				Subject: volumeSubject(v),
				Field:   v.path,
				Message: fmt.Sprintf("volume %q comes from several places: %s", v.text("name"), strings.Join(sources, ", ")),
				Hint:    "leave all but one out",
			})
		}
	}
	if w.kind == statefulSet {
		for _, claim := range w.root.child("spec").children("volumeClaimTemplates") {
			known[claim.child("metadata").text("name")] = true
		}
	}
	mounted := map[string]bool{}
	for _, c := range w.containers {
		taken := map[string]string{}
		for _, field := range []string{"volumeMounts", "volumeDevices"} {
			for _, m := range c.children(field) {
				name := m.text("name")
				mounted[name] = true
				if !known[name] {
					w.report(Finding{
						Code:    "GEN-25",
						Subject: c.subject(name),
						Field:   m.path,
						Message: fmt.Sprintf("container %s mounts volume %q, which the pod does not have", c.name, name),
						Hint:    "add the volume, or leave the mount out",
					})
				}
				path := m.text(either(field == "volumeMounts", "mountPath", "devicePath"))
				if other, clash := taken[path]; clash {
					w.report(Finding{
						Code:    "GEN-25",
						Subject: c.subject(name),
						Field:   m.path,
						Message: fmt.Sprintf("container %s has volumes %q and %q both at %s", c.name, other, name, path),
						Hint:    "give one of them another path",
					})
				}
				taken[path] = name
			}
		}
	}
	for _, v := range w.volumes {
		if name := v.text("name"); !mounted[name] {
			w.report(Finding{
				Code:     "GEN-25",
				Severity: diagnostic.Warning,
				Subject:  volumeSubject(v),
				Field:    v.path,
				Message:  fmt.Sprintf("no container mounts volume %q", name),
				Hint:     "mount the volume, or leave it out",
			})
		}
	}
}
