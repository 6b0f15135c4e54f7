package overlay

import (
	"encoding/json"

	"github.com/patternctl/patternctl/generator/manifest"
)

// transformers are the parts of a kustomization that hold for many objects at
// once. kustomize applies them after all patches and to every object, which is
// why each of them leaves the environment's own objects as they are: a patch
// need only bring about what they don't.
type transformers struct {
	move     move
	labels   []labels
	replicas []replicas
	images   []image

	counts  map[string]json.Number // replicas by name
	entries map[string]image       // images by name
}

func findTransformers(m move, changes []change) transformers {
	t := transformers{move: m, counts: map[string]json.Number{}, entries: map[string]image{}}
	t.labels = findLabels(changes)
	t.replicas = findReplicas(changes)
	for _, r := range t.replicas {
		t.counts[r.name] = r.count
	}
	t.images = findImages(changes)
	for _, i := range t.images {
		t.entries[i.name] = i
	}
	return t
}

// apply returns object as the transformers, in kustomize's order, leave it.
func (t transformers) apply(object manifest.Map) manifest.Map {
	object = t.move.apply(object)
	for _, l := range t.labels {
		object = l.apply(object)
	}
	if count, ok := t.counts[manifest.String(object, "metadata", "name")]; ok && hasReplicas(object) {
		object = with(object, count, "spec", "replicas")
	}
	if len(t.entries) > 0 {
		object = setImages(object, t.entries)
	}
	return object
}

// with returns m with the value at a path set, making the maps that lead there.
func with(m manifest.Map, value any, path ...string) manifest.Map {
	if len(path) > 1 {
		inner, _ := manifest.Lookup(m, path[0]).(manifest.Map)
		value = with(inner, value, path[1:]...)
	}
	return m.With(path[0], value)
}
