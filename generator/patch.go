package generator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/overlay"
)

// patchesField is the field of an instance that holds the user's patches.
const patchesField = "patches"

// patch applies the user's patches to the objects of an instance.
func (s *System) patch(objects []manifest.Map, instance Instance) ([]manifest.Map, diagnostic.List) {
	patches, _ := manifest.Lookup(instance.Fields, patchesField).(manifest.Map)
	var list diagnostic.List
	for _, f := range patches {
		patch, ok := f.Value.(manifest.Map)
		if !ok {
			continue
		}
		report := func(code, message, hint string, path ...string) {
			d := diagnostic.Diagnostic{Code: code, Message: message, Hint: hint}
			d.Position, d.Path = s.locate(append([]string{instance.Kind, instance.Name, patchesField, f.Key}, path...)...)
			list = append(list, d)
		}
		matched := false
		for i, object := range objects {
			if object == nil || !matches(object, patch) {
				continue
			}
			matched = true
			changed, problems := overlay.Merge(object, patch)
			for _, p := range problems {
				report("PC1502", p.Message, p.Hint, p.Path...)
			}
			if len(problems) == 0 {
				objects[i] = changed
			}
		}
		if !matched {
			report("PC1501", "matches no object of the instance", nearestObject(patch, objects))
		}
	}
	return slices.DeleteFunc(objects, func(o manifest.Map) bool { return o == nil }), list
}

// matches reports whether a patch is meant for object: the fields by which it
// names an object say the same.
func matches(object, patch manifest.Map) bool {
	is, meant := manifest.IDOf(object), manifest.IDOf(patch)
	return meant.Kind == is.Kind &&
		(meant.APIVersion == "" || meant.APIVersion == is.APIVersion) &&
		(meant.Name == "" || meant.Name == is.Name)
}

// nearestObject suggests what a patch that matches nothing was meant for.
func nearestObject(patch manifest.Map, objects []manifest.Map) string {
	var kinds []string
	for _, object := range objects {
		kinds = append(kinds, manifest.IDOf(object).Kind)
	}
	kind := manifest.IDOf(patch).Kind
	if hint := didYouMean(kind, kinds); hint != "" && !slices.Contains(kinds, kind) {
		return hint
	}
	return "the instance has " + strings.Join(names(objects), ", ")
}

func names(objects []manifest.Map) []string {
	var all []string
	for _, object := range objects {
		if object != nil {
			all = append(all, fmt.Sprint(manifest.IDOf(object)))
		}
	}
	return all
}
