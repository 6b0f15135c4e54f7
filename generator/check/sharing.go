package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// sharing reports containers of a pod that get in each other's way in a volume,
// and mounts that have no place in another.
func sharing(s *system) {
	for _, w := range s.workloads {
		mounts := readMounts(w)
		checkWriters(w, mounts)
		checkNesting(s, w, mounts)
	}
}

// A mount is where a container sees a volume.
type mount struct {
	node
	container container
	volume    node
	// at is its path in the container, and part what it shows of the volume.
	at, part string
	readOnly bool
}

// readOnlySources are the kinds of volume that no container can write to.
var readOnlySources = []string{"configMap", "secret", "projected", "downwardAPI", "image"}

func readMounts(w *workload) []mount {
	volumes := map[string]node{}
	for _, v := range w.volumes {
		volumes[v.text("name")] = v
	}
	var mounts []mount
	for _, c := range w.containers {
		for _, n := range c.children("volumeMounts") {
			v := volumes[n.text("name")]
			mounts = append(mounts, mount{
				node:      n,
				container: c,
				volume:    v,
				at:        path.Clean("/" + n.text("mountPath")),
				part:      path.Clean("/" + n.text("subPath") + n.text("subPathExpr")),
				readOnly: n.flag("readOnly") || slices.ContainsFunc(readOnlySources, v.has) ||
					v.child("persistentVolumeClaim").flag("readOnly") || v.child("csi").flag("readOnly"),
			})
		}
	}
	return mounts
}

// checkWriters looks for volumes that several containers write to while the pod
// runs. Init containers that end before have written already.
func checkWriters(w *workload, mounts []mount) {
	writing := func(m mount) bool { return m.container.lasting() && !m.readOnly }
	for i, m := range mounts {
		name := m.text("name")
		first := func(other mount) bool { return writing(other) && other.text("name") == name }
		if !writing(m) || slices.IndexFunc(mounts, first) != i {
			continue
		}
		var writers []string
		for _, a := range mounts {
			clashes := func(b mount) bool {
				return first(b) && b.container.name != a.container.name && (within(a.part, b.part) || within(b.part, a.part))
			}
			if first(a) && !slices.Contains(writers, a.container.name) && slices.ContainsFunc(mounts, clashes) {
				writers = append(writers, a.container.name)
			}
		}
		if len(writers) > 1 {
			w.report(Finding{
				Code:     "SC-03",
				Severity: diagnostic.Warning,
				Subject:  []string{"volumes", name},
				Field:    m.path,
				Message: fmt.Sprintf("%d containers write to volume %q while the pod runs, each over what the others write: %s",
					len(writers), name, strings.Join(writers, ", ")),
				Hint: "let all but one mount it with readOnly: true, or each a subPath of its own",
			})
		}
	}
}

// within reports whether the path inner is outer, or lies in it.
func within(outer, inner string) bool {
	return inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/")
}

// checkNesting looks for mounts inside of a mount that is read-only: the place
// to mount at has to be there already, since it can't be made.
func checkNesting(s *system, w *workload, mounts []mount) {
	for _, inner := range mounts {
		for _, outer := range mounts {
			if outer.container.name != inner.container.name || !outer.readOnly || inner.at == outer.at || !within(outer.at, inner.at) {
				continue
			}
			f := Finding{
				Code:     "SC-03",
				Severity: diagnostic.Warning,
				Subject:  inner.container.subject("mounts", inner.at),
				Field:    inner.path,
				Message: fmt.Sprintf("container %s mounts %s inside of %s, where volume %q is read-only: it starts only if the volume has something there",
					inner.container.name, inner.at, outer.at, outer.text("name")),
				Hint: "mount it elsewhere, or the outer volume's files one by one with subPath",
			}
			switch has, known := s.holds(w, outer, inner); {
			case known && has:
				continue
			case known:
				f.Severity = diagnostic.Error
				f.Message = fmt.Sprintf("container %s mounts %s inside of %s, where volume %q is read-only and has nothing: the container can't start",
					inner.container.name, inner.at, outer.at, outer.text("name"))
			}
			w.report(f)
		}
	}
}

// holds reports whether the volume of outer has something where inner is
// mounted; known is false where the volume's content is not the system's.
func (s *system) holds(w *workload, outer, inner mount) (has, known bool) {
	source := outer.volume.child("configMap")
	config := s.byKey[w.sibling(configMap, source.text("name"))]
	if !source.exists() || config == nil || source.has("items") {
		return false, false
	}
	file := path.Join(outer.part, strings.TrimPrefix(inner.at, outer.at))
	key := strings.TrimPrefix(file, "/")
	return config.root.child("data").has(key) || config.root.child("binaryData").has(key), true
}
