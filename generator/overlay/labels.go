package overlay

import (
	"slices"

	"github.com/patternctl/patternctl/generator/manifest"
)

// labels is one entry of `labels:`.
type labels struct {
	pairs     manifest.Map
	templates bool
}

// findLabels returns the labels that all objects of the environment have and
// that are new or another in each of those that the base has too.
func findLabels(changes []change) []labels {
	var common manifest.Map
	first, kept := true, false
	for _, c := range changes {
		if c.to == nil {
			continue
		}
		own, _ := manifest.Lookup(c.to, "metadata", "labels").(manifest.Map)
		if first {
			common, first = slices.Clone(own), false
		}
		kept = kept || c.from != nil
		common = slices.DeleteFunc(common, func(f manifest.Field) bool {
			_, isString := f.Value.(string)
			value, has := own.Get(f.Key)
			return !isString || !has || value != f.Value ||
				c.from != nil && manifest.Lookup(c.from, "metadata", "labels", f.Key) == f.Value
		})
	}
	if !kept {
		return nil
	}
	objects, templates := labels{}, labels{templates: true}
	for _, f := range common {
		pair := manifest.Map{f}
		if inTemplates(changes, pair) {
			templates.pairs = append(templates.pairs, f)
		} else {
			objects.pairs = append(objects.pairs, f)
		}
	}
	return slices.DeleteFunc([]labels{objects, templates}, func(l labels) bool { return len(l.pairs) == 0 })
}

// inTemplates reports whether there are templates and all have the pair.
func inTemplates(changes []change, pair manifest.Map) bool {
	found := false
	for _, c := range changes {
		paths := templateLabels(c.to)
		if l := (labels{pairs: pair, templates: true}); len(paths) > 0 && !manifest.Equal(l.apply(c.to), c.to) {
			return false
		}
		found = found || len(paths) > 0
	}
	return found
}

// apply returns object with the labels set.
func (l labels) apply(object manifest.Map) manifest.Map {
	paths := [][]string{{"metadata", "labels"}}
	if l.templates {
		paths = append(paths, templateLabels(object)...)
	}
	for _, path := range paths {
		for _, f := range l.pairs {
			object = with(object, f.Value, slices.Concat(path, []string{f.Key})...)
		}
	}
	if l.templates {
		object = l.applyToClaims(object)
	}
	return object
}

// applyToClaims sets the labels in the claims of a StatefulSet, which
// includeTemplates means too. Claims can't be changed, so their labels are
// never meant to follow: that they would rules such labels out.
func (l labels) applyToClaims(object manifest.Map) manifest.Map {
	claims := manifest.Maps(object, "spec", "volumeClaimTemplates")
	if len(claims) == 0 {
		return object
	}
	list := make([]any, len(claims))
	for i, claim := range claims {
		for _, f := range l.pairs {
			claim = with(claim, f.Value, "metadata", "labels", f.Key)
		}
		list[i] = claim
	}
	return with(object, list, "spec", "volumeClaimTemplates")
}

// templateLabels returns the paths of the labels that includeTemplates: sets.
func templateLabels(object manifest.Map) [][]string {
	id := manifest.IDOf(object)
	pod := []string{"spec", "template", "metadata", "labels"}
	switch {
	case id.Kind == "Deployment", id.Kind == "ReplicaSet", id.Kind == "DaemonSet",
		id.Kind == "StatefulSet" && id.Group() == "apps",
		id.Kind == "Job" && id.Group() == "batch",
		id.Kind == "ReplicationController" && id.APIVersion == "v1":
		return [][]string{pod}
	case id.Kind == "CronJob" && id.Group() == "batch":
		job := []string{"spec", "jobTemplate"}
		return [][]string{{"spec", "jobTemplate", "metadata", "labels"}, slices.Concat(job, pod)}
	}
	return nil
}

// labelsTree is `labels:` of kustomization.yaml.
func (t transformers) labelsTree() []any {
	var list []any
	for _, l := range t.labels {
		entry := manifest.Map{{Key: "pairs", Value: l.pairs}}
		if l.templates {
			entry = append(entry, manifest.Field{Key: "includeTemplates", Value: true})
		}
		list = append(list, entry)
	}
	return list
}
