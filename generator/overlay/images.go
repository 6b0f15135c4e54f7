package overlay

import (
	"regexp"
	"slices"

	"github.com/patternctl/patternctl/generator/manifest"
)

// An image is one entry of `images:` in a kustomization: every image of that
// name becomes the one called newName, with the given tag and digest.
type image struct {
	name, newName, newTag, digest string
}

// imagePattern takes apart what kustomize takes for an image: a name, whose
// first part may have a port, a tag and a digest.
var imagePattern = regexp.MustCompile(`^((?:[\w.:-]+/)?[\w./-]+)(?::([\w.{}-]*))?(?:@([A-Za-z0-9]+(?:[.+_-][A-Za-z0-9]+)*:[\w.{}-]*))?$`)

// splitAsKustomize takes ref apart, if kustomize would.
func splitAsKustomize(ref string) (name, tag, digest string, ok bool) {
	parts := imagePattern.FindStringSubmatch(ref)
	if parts == nil {
		return "", "", "", false
	}
	return parts[1], parts[2], parts[3], true
}

// apply returns what kustomize makes of an image of the entry's name.
func (i image) apply(ref string) string {
	name, tag, digest, _ := splitAsKustomize(ref)
	if i.newName != "" {
		name = i.newName
	}
	if i.newTag != "" || i.digest != "" {
		tag, digest = i.newTag, i.digest
	}
	if tag != "" {
		name += ":" + tag
	}
	if digest != "" {
		name += "@" + digest
	}
	return name
}

// entry returns the entry that turns images of a name into the one given.
func entry(name, to string) (i image, ok bool) {
	i.name = name
	i.newName, i.newTag, i.digest, ok = splitAsKustomize(to)
	if i.newName == name {
		i.newName = ""
	}
	return i, ok
}

// imageUses is what is known of the images of one name.
type imageUses struct {
	// target is an image of that name which the environment has, if any.
	target string
	// becomes is what images of that name turn into, if they change.
	becomes string
	// split is set when one entry can't do justice to all of them.
	split bool
}

// findImages returns the entries that bring about the images that changed: all
// images of a name must become one and the same, in every container.
func findImages(changes []change) []image {
	var names []string
	uses := map[string]*imageUses{}
	of := func(name string) *imageUses {
		u := uses[name]
		if u == nil {
			u = &imageUses{}
			uses[name], names = u, append(names, name)
		}
		return u
	}
	for _, c := range changes {
		target := map[string]string{}
		regular := eachImage(c.to, func(container, ref string) {
			target[container] = ref
			if name, _, _, ok := splitAsKustomize(ref); ok {
				u := of(name)
				u.split = u.split || container == "" || u.target != "" && u.target != ref
				u.target = ref
			}
		})
		regular = regular && eachImage(c.from, func(container, ref string) {
			name, _, _, ok := splitAsKustomize(ref)
			if !ok {
				return
			}
			u := of(name)
			u.split = u.split || container == ""
			if to, ok := target[container]; ok && to != ref {
				i, ok := entry(name, to)
				u.split = u.split || !ok || i.apply(ref) != to || u.becomes != "" && u.becomes != to
				u.becomes = to
			}
		})
		if !regular {
			return nil
		}
	}
	lengths := map[int][]string{}
	for _, name := range names {
		lengths[len(name)] = append(lengths[len(name)], name)
	}
	var entries []image
	for _, name := range names {
		u := uses[name]
		if u.becomes == "" || u.split || slices.ContainsFunc(lengths[len(name)], func(other string) bool { return lookalike(name, other) }) {
			continue
		}
		if i, _ := entry(name, u.becomes); u.target == "" || i.apply(u.target) == u.target {
			entries = append(entries, i)
		}
	}
	return entries
}

// lookalike reports whether kustomize, which reads names as regular expressions,
// takes an image called other, of the same length, for one called name.
func lookalike(name, other string) bool {
	for i := range len(name) {
		if name[i] != other[i] && name[i] != '.' {
			return false
		}
	}
	return name != other
}

// eachImage visits the images of object where kustomize looks for them: with
// the name of their container and a slash, or with "" for those that are
// volumes. It reports false for objects in which kustomize would trip over a
// container that is no map or an image that is no string.
func eachImage(object manifest.Map, visit func(container, ref string)) (regular bool) {
	for _, path := range podSpecs {
		for _, volume := range manifest.Maps(object, slices.Concat(path, []string{"volumes"})...) {
			if ref := manifest.String(volume, "image", "reference"); ref != "" {
				visit("", ref)
			}
		}
	}
	regular = true
	mapContainers(object, func(item any) (any, bool) {
		container, isMap := item.(manifest.Map)
		image, has := container.Get("image")
		ref, isString := image.(string)
		regular = regular && isMap && (isString || !has)
		if isString {
			visit(manifest.String(container, "name")+"/", ref)
		}
		return nil, false
	})
	return regular
}

// podSpecs are the paths at which kustomize looks for the images of volumes.
var podSpecs = [][]string{{"spec"}, {"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"}}

// setImages returns object with the entries, which are given by name, applied.
func setImages(object manifest.Map, entries map[string]image) manifest.Map {
	changed, some := mapContainers(object, func(item any) (any, bool) {
		ref := manifest.String(item, "image")
		name, _, _, _ := splitAsKustomize(ref)
		i, ok := entries[name]
		if !ok {
			return nil, false
		}
		return item.(manifest.Map).With("image", i.apply(ref)), true
	})
	if !some {
		return object
	}
	return changed.(manifest.Map)
}

// mapContainers replaces the items of each list that is called containers or
// initContainers, wherever it is in tree. It copies what changes and no more;
// if nothing does, it returns false.
func mapContainers(tree any, replace func(item any) (any, bool)) (any, bool) {
	switch tree := tree.(type) {
	case manifest.Map:
		var changed manifest.Map
		for i, f := range tree {
			value, some := mapContainers(f.Value, replace)
			if !some {
				value = f.Value
			}
			if list, ok := value.([]any); ok && (f.Key == "containers" || f.Key == "initContainers") {
				if items, ok := mapItems(list, replace); ok {
					value, some = items, true
				}
			}
			if some {
				if changed == nil {
					changed = slices.Clone(tree)
				}
				changed[i].Value = value
			}
		}
		return changed, changed != nil
	case []any:
		return mapItems(tree, func(item any) (any, bool) { return mapContainers(item, replace) })
	default:
		return nil, false
	}
}

// mapItems is mapContainers for the items of one list.
func mapItems(list []any, replace func(item any) (any, bool)) ([]any, bool) {
	var changed []any
	for i, item := range list {
		if value, ok := replace(item); ok {
			if changed == nil {
				changed = slices.Clone(list)
			}
			changed[i] = value
		}
	}
	return changed, changed != nil
}

// imagesTree is `images:` of kustomization.yaml.
func (t transformers) imagesTree() []any {
	var list []any
	for _, i := range t.images {
		entry := manifest.Map{{Key: "name", Value: i.name}}
		for _, f := range (manifest.Map{{Key: "newName", Value: i.newName}, {Key: "newTag", Value: i.newTag}, {Key: "digest", Value: i.digest}}) {
			if f.Value != "" {
				entry = append(entry, f)
			}
		}
		list = append(list, entry)
	}
	return list
}
