package overlay

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/filters/patchstrategicmerge"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/patternctl/patternctl/generator/manifest"
)

// Merge applies a strategic-merge patch to object and returns the result, which
// is nil if the patch deletes the object. Fields, and items of lists that have a
// merge key, keep their places, as with kubectl; those that the patch adds come
// last. Lists without a merge key, and all lists of kinds that kustomize doesn't
// know, are replaced.
//
// The patch need not say what it is for. It is a problem if it says so and means
// another object, if it gives a field another shape, such as a list for a map,
// if it removes what the object needs, if a list's item lacks the list's merge
// key, or if it has a directive other than "$patch: replace", "delete" or
// "merge", or has it where it would do nothing. With problems there is no result.
func Merge(object, patch manifest.Map) (manifest.Map, []Problem) {
	kustomize.Lock()
	defer kustomize.Unlock()
	if problem := readdressed(object, patch); problem != nil {
		return nil, []Problem{*problem}
	}
	id := manifest.IDOf(object)
	schema := openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: id.APIVersion, Kind: id.Kind})
	f := fitter{kind: id.Kind, schema: schema}
	f.directives(patch, nil)
	if schema != nil {
		f.fields(patch, schema, nil)
	} else {
		f.shapes(object, patch, nil)
	}
	if len(f.problems) > 0 {
		return nil, f.problems
	}
	filter := patchstrategicmerge.Filter{Patch: yaml.NewRNode(toNode(patch))}
	nodes, err := filter.Filter([]*yaml.RNode{yaml.NewRNode(toNode(object))})
	if err != nil {
		reason, _, _ := strings.Cut(err.Error(), ": node contents:")
		return nil, []Problem{{Message: fmt.Sprintf("doesn't fit %s: %s", id, reason)}}
	}
	if len(nodes) == 0 {
		return nil, nil
	}
	merged, _ := fromNode(nodes[0].YNode(), asWritten).(manifest.Map)
	f.applied(merged, nil)
	if manifest.IDOf(merged) != id {
		f.report(nil, "can't remove apiVersion, kind, metadata.name or metadata.namespace", "leave them out of the patch")
	}
	if manifest.Lookup(object, "spec") != nil && manifest.Lookup(merged, "spec") == nil {
		f.report([]string{"spec"}, "can't be removed", "give the fields that are to change, or delete the object with \"$patch\": \"delete\"")
	}
	was := missing(object, schema, "")
	for _, field := range missing(merged, schema, "") {
		if !slices.Contains(was, field) {
			f.report(nil, fmt.Sprintf("%s has no %s with it", id, field), "it can't be without this field; give it a value")
		}
	}
	if len(f.problems) > 0 {
		return nil, f.problems
	}
	return withoutEmptyAnnotations(inPlace(object, merged, patch, schema).(manifest.Map)), nil
}

// withoutEmptyAnnotations returns object without its annotations if there are none left,
// as kustomize builds it.
func withoutEmptyAnnotations(object manifest.Map) manifest.Map {
	annotations, ok := manifest.Lookup(object, "metadata", "annotations").(manifest.Map)
	if !ok || len(annotations) > 0 {
		return object
	}
	metadata := manifest.Lookup(object, "metadata").(manifest.Map)
	return object.With("metadata", metadata.Without("annotations"))
}

// readdressed finds a patch that would make another object of this one.
func readdressed(object, patch manifest.Map) *Problem {
	id, meant := manifest.IDOf(object), manifest.IDOf(patch)
	for _, f := range []struct{ key, is, meant string }{
		{"apiVersion", id.APIVersion, meant.APIVersion}, {"kind", id.Kind, meant.Kind},
		{"metadata.name", id.Name, meant.Name}, {"metadata.namespace", id.Namespace, meant.Namespace},
	} {
		if f.meant != "" && f.meant != f.is {
			return &Problem{strings.Split(f.key, "."), fmt.Sprintf("can't change %q to %q", f.is, f.meant), "leave it out of the patch"}
		}
	}
	return nil
}

// inPlace puts the items of merged lists back where they were: kustomize moves
// those that a patch names to the front, which for environment variables and
// init containers would change what they mean.
func inPlace(before, after, patch any, schema *openapi.ResourceSchema) any {
	switch after := after.(type) {
	case manifest.Map:
		old, wasMap := before.(manifest.Map)
		changes, isMap := patch.(manifest.Map)
		if !wasMap || !isMap || replaces(changes) {
			return after
		}
		out := slices.Clone(after)
		for i, f := range out {
			was, _ := old.Get(f.Key)
			change, _ := changes.Get(f.Key)
			out[i].Value = inPlace(was, f.Value, change, field(schema, f.Key))
		}
		return out
	case []any:
		old, wasList := before.([]any)
		changes, isList := patch.([]any)
		if wasList && isList && schema != nil && !slices.ContainsFunc(changes, replaces) {
			return itemsInPlace(old, after, changes, schema)
		}
	}
	return after
}

func replaces(patch any) bool { return manifest.String(patch, directive) == "replace" }

func itemsInPlace(before, after, patch []any, schema *openapi.ResourceSchema) []any {
	_, keys := schema.PatchStrategyAndKeyList()
	old, ok := keyed(before, keys)
	merged, also := keyed(after, keys)
	changes, too := keyed(patch, keys)
	if len(keys) == 0 || !ok || !also || !too {
		return after
	}
	find := func(items []item, id string) (manifest.Map, bool) {
		i := slices.IndexFunc(items, func(i item) bool { return i.id == id })
		if i < 0 {
			return nil, false
		}
		return items[i].value, true
	}
	out := make([]any, 0, len(after))
	for _, was := range old {
		if value, kept := find(merged, was.id); kept {
			change, _ := find(changes, was.id)
			out = append(out, inPlace(was.value, value, change, schema.Elements()))
		}
	}
	for _, i := range merged {
		if _, had := find(old, i.id); !had {
			out = append(out, i.value)
		}
	}
	return out
}

// directives finds directives of kubectl's that kustomize would take for
// fields, and values of $patch that there aren't.
func (f *fitter) directives(tree any, path []string) {
	switch tree := tree.(type) {
	case manifest.Map:
		for _, field := range tree {
			at := append(path[:len(path):len(path)], field.Key)
			kubectl := field.Key == "$retainKeys" || strings.HasPrefix(field.Key, "$setElementOrder/") || strings.HasPrefix(field.Key, "$deleteFromPrimitiveList/")
			switch {
			case kubectl:
				f.report(at, "is a directive that kustomize doesn't know", `use "$patch": "replace" or "delete"`)
			case field.Key == directive && field.Value != "replace" && field.Value != "delete" && field.Value != "merge":
				f.report(at, "is none of replace, delete and merge", `write "replace" or "delete"`)
			default:
				f.directives(field.Value, at)
			}
		}
	case []any:
		for i, item := range tree {
			f.directives(item, append(path[:len(path):len(path)], strconv.Itoa(i)))
		}
	}
}

// shapes finds a field of one shape that the patch gives another, outside lists.
func (f *fitter) shapes(object, patch manifest.Map, path []string) {
	if _, ok := patch.Get(directive); ok {
		return
	}
	for _, field := range patch {
		at := append(path[:len(path):len(path)], field.Key)
		old, _ := object.Get(field.Key)
		if is, given := shape(old), shape(field.Value); is != given && old != nil && field.Value != nil {
			f.report(at, fmt.Sprintf("is a %s in the %s, but the patch gives it a %s", is, f.kind, given),
				"give it the shape that it has in what patternctl generates without the patch")
		}
		inner, isMap := old.(manifest.Map)
		if given, ok := field.Value.(manifest.Map); ok && isMap {
			f.shapes(inner, given, at)
		}
	}
}

func shape(tree any) string {
	switch tree.(type) {
	case manifest.Map:
		return "map"
	case []any:
		return "list"
	default:
		return "single value"
	}
}

// applied finds directives that are still there after a merge.
func (f *fitter) applied(tree any, path []string) {
	switch tree := tree.(type) {
	case manifest.Map:
		for _, field := range tree {
			at := append(path[:len(path):len(path)], field.Key)
			if field.Key == directive {
				f.report(nil, strings.Join(at, ".")+" does nothing", "it deletes or replaces a map that is there, or an item of a list with a merge key")
				continue
			}
			f.applied(field.Value, at)
		}
	case []any:
		for i, item := range tree {
			f.applied(item, append(path[:len(path):len(path)], strconv.Itoa(i)))
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
