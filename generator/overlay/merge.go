package overlay

import (
	"errors"
	"fmt"
	"slices"
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
// The patch need not say what it is for. It is an error if it says so and means
// another object, if it gives a field another shape, such as a list for a map,
// or if it has a directive other than "$patch: replace", "delete" or "merge", or
// has it where it would do nothing.
func Merge(object, patch manifest.Map) (manifest.Map, error) {
	kustomize.Lock()
	defer kustomize.Unlock()
	id, meant := manifest.IDOf(object), manifest.IDOf(patch)
	for _, f := range []struct{ key, is, meant string }{
		{"apiVersion", id.APIVersion, meant.APIVersion}, {"kind", id.Kind, meant.Kind},
		{"metadata.name", id.Name, meant.Name}, {"metadata.namespace", id.Namespace, meant.Namespace},
	} {
		if f.meant != "" && f.meant != f.is {
			return nil, fmt.Errorf("a patch can't change %s, which is %q, to %q", f.key, f.is, f.meant)
		}
	}
	if err := checkDirectives(patch, ""); err != nil {
		return nil, err
	}
	if err := checkShape(object, patch, ""); err != nil {
		return nil, err
	}
	filter := patchstrategicmerge.Filter{Patch: yaml.NewRNode(toNode(patch))}
	nodes, err := filter.Filter([]*yaml.RNode{yaml.NewRNode(toNode(object))})
	if err != nil {
		reason, _, _ := strings.Cut(err.Error(), ": node contents:")
		return nil, fmt.Errorf("the patch doesn't fit %s: %s", id, reason)
	}
	if len(nodes) == 0 {
		return nil, nil
	}
	merged, _ := fromNode(nodes[0].YNode(), asWritten).(manifest.Map)
	if err := checkApplied(merged, ""); err != nil {
		return nil, err
	}
	if manifest.IDOf(merged) != id {
		return nil, errors.New("a patch can't remove apiVersion, kind, metadata.name or metadata.namespace")
	}
	schema := openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: id.APIVersion, Kind: id.Kind})
	return inPlace(object, merged, patch, schema).(manifest.Map), nil
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

// checkDirectives finds directives of kubectl's that kustomize would take for
// fields, and values of $patch that there aren't.
func checkDirectives(tree any, path string) error {
	switch tree := tree.(type) {
	case manifest.Map:
		for _, f := range tree {
			at := join(path, f.Key)
			kubectl := f.Key == "$retainKeys" || strings.HasPrefix(f.Key, "$setElementOrder/") || strings.HasPrefix(f.Key, "$deleteFromPrimitiveList/")
			if kubectl {
				return fmt.Errorf("%s: kustomize doesn't know this directive; use $patch: replace or delete", at)
			}
			if f.Key == directive && f.Value != "replace" && f.Value != "delete" && f.Value != "merge" {
				return fmt.Errorf("%s is none of replace, delete and merge", at)
			}
			if err := checkDirectives(f.Value, at); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range tree {
			if err := checkDirectives(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkShape finds a field of one shape that the patch gives another, outside lists.
func checkShape(object, patch manifest.Map, path string) error {
	if _, ok := patch.Get(directive); ok {
		return nil
	}
	for _, f := range patch {
		old, _ := object.Get(f.Key)
		if is, given := shape(old), shape(f.Value); is != given && old != nil && f.Value != nil {
			return fmt.Errorf("%s is a %s, but the patch gives it a %s", join(path, f.Key), is, given)
		}
		inner, isMap := old.(manifest.Map)
		if given, ok := f.Value.(manifest.Map); ok && isMap {
			if err := checkShape(inner, given, join(path, f.Key)); err != nil {
				return err
			}
		}
	}
	return nil
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

// checkApplied finds directives that are still there after a merge.
func checkApplied(tree any, path string) error {
	switch tree := tree.(type) {
	case manifest.Map:
		for _, f := range tree {
			if f.Key == directive {
				return fmt.Errorf("%s does nothing here; it deletes or replaces a map that is there, or an item of a list with a merge key", join(path, f.Key))
			}
			if err := checkApplied(f.Value, join(path, f.Key)); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range tree {
			if err := checkApplied(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
