package overlay

import (
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/filters/imagetag"
	labelfilter "sigs.k8s.io/kustomize/api/filters/labels"
	"sigs.k8s.io/kustomize/api/filters/namespace"
	"sigs.k8s.io/kustomize/api/filters/patchstrategicmerge"
	"sigs.k8s.io/kustomize/api/filters/replicacount"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/patternctl/patternctl/generator/manifest"
)

// yields reports whether kustomize's own code makes to of from, given a patch's
// filter, if there is one, and the transformers.
func (t transformers) yields(from, to manifest.Map, patch kio.Filter) bool {
	filters := t.filters(from, to)
	if patch != nil {
		filters = append([]kio.Filter{patch}, filters...)
	}
	nodes := []*yaml.RNode{yaml.NewRNode(toNode(from))}
	for _, f := range filters {
		var err error
		if nodes, err = f.Filter(nodes); err != nil || len(nodes) != 1 {
			return false
		}
	}
	// What follows references comes after all filters and is kustomize's alone.
	built, _ := fromNode(nodes[0].YNode(), canonical).(manifest.Map)
	built = t.move.apply(built)
	return manifest.Equal(built, to) || manifest.Equal(built, fromNode(toNode(to), canonical))
}

// filters are the transformers as kustomize's filters, without the images and
// replicas that are about neither of the objects.
func (t transformers) filters(from, to manifest.Map) []kio.Filter {
	var filters []kio.Filter
	if t.move.to != "" {
		filters = append(filters, namespace.Filter{
			Namespace: t.move.to,
			FsSlice:   types.FsSlice{{Path: "metadata/name", Gvk: resid.Gvk{Kind: "Namespace"}, CreateIfNotPresent: true}},
		})
	}
	for _, l := range t.labels {
		pairs := map[string]string{}
		for _, f := range l.pairs {
			pairs[f.Key], _ = f.Value.(string)
		}
		paths := types.FsSlice{{Path: "metadata/labels", CreateIfNotPresent: true}}
		if l.templates {
			for _, path := range templateLabels(to) {
				paths = append(paths, types.FieldSpec{Path: strings.Join(path, "/"), CreateIfNotPresent: true})
			}
		}
		filters = append(filters, labelfilter.Filter{Labels: pairs, FsSlice: paths})
	}
	name := manifest.String(to, "metadata", "name")
	if count, ok := t.counts[name]; ok && hasReplicas(to) {
		n, _ := strconv.ParseInt(string(count), 10, 64)
		filters = append(filters, replicacount.Filter{
			Replica:   types.Replica{Name: name, Count: n},
			FieldSpec: types.FieldSpec{Path: "spec/replicas", CreateIfNotPresent: true},
		})
	}
	seen := map[string]bool{}
	for _, object := range []manifest.Map{from, to} {
		eachImage(object, func(_, ref string) {
			name, _, _, _ := splitAsKustomize(ref)
			i, ok := t.entries[name]
			if !ok || seen[name] {
				return
			}
			seen[name] = true
			filters = append(filters, imagetag.LegacyFilter{
				ImageTag: types.Image{Name: i.name, NewName: i.newName, NewTag: i.newTag, Digest: i.digest},
			})
		})
	}
	return filters
}

// strategic is the filter of a strategic-merge patch as it stands in a file.
func strategic(patch []byte) (kio.Filter, error) {
	node, err := yaml.Parse(string(patch))
	if err != nil {
		return nil, err
	}
	return patchstrategicmerge.Filter{Patch: node}, nil
}
