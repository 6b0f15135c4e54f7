package overlay

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// A Problem is a reason why a patch can't be applied.
type Problem struct {
	// Path leads to the part of the patch that is to blame, with items of lists
	// by their index from 0. It is empty where that is the patch as a whole.
	Path []string
	// Message is lower case, without a full stop; Hint says what to do.
	Message, Hint string
}

// A fitter compares a patch with the schema of its kind. The schema, which is
// kustomize's, may be older than the cluster: fields that it doesn't know are
// mistakes only where it has one of nearly the same name.
type fitter struct {
	kind     string
	schema   *openapi.ResourceSchema
	problems []Problem
}

func (f *fitter) report(path []string, message, hint string) {
	f.problems = append(f.problems, Problem{slices.Clone(path), message, hint})
}

func (f *fitter) fields(patch manifest.Map, schema *openapi.ResourceSchema, path []string) {
	for _, field := range patch {
		at := append(path[:len(path):len(path)], field.Key)
		inner := schema.Field(field.Key)
		switch {
		case field.Key == directive:
		case inner == nil:
			known := slices.AppendSeq(newFields(), maps.Keys(schema.Schema.Properties))
			if near := diagnostic.Nearest(field.Key, known); near != "" && !slices.Contains(newFields(), near) {
				f.report(at, "is not a field of a "+f.kind, fmt.Sprintf("did you mean %q?", near))
			}
		case field.Value == nil, isQuantity(schema, field.Key) && isNumber(field.Value):
		default:
			f.value(field.Value, inner, at)
		}
	}
}

// newFields are those that Kubernetes has, kustomize's schemas don't, and whose
// names are near to others.
func newFields() []string {
	return []string{"dataSourceRef", "hostIPs", "seLinuxChangePolicy", "supplementalGroupsPolicy"}
}

func (f *fitter) value(value any, schema *openapi.ResourceSchema, path []string) {
	want, ok := wanted(schema, value)
	if !ok {
		f.report(path, "is "+describe(value)+", not "+want, f.explain(path))
		return
	}
	switch value := value.(type) {
	case manifest.Map:
		f.fields(value, schema, path)
	case []any:
		f.items(value, schema, path)
	}
}

func (f *fitter) items(items []any, schema *openapi.ResourceSchema, path []string) {
	element := schema.Elements()
	if element == nil {
		return
	}
	keys := mergeKeys(schema, element)
	if slices.ContainsFunc(items, replaces) {
		keys = nil
	}
	for i, item := range items {
		at := append(path[:len(path):len(path)], strconv.Itoa(i))
		f.value(item, element, at)
		fields, isMap := item.(manifest.Map)
		if !isMap {
			continue
		}
		for _, key := range keys {
			if manifest.Lookup(fields, key) == nil {
				f.report(at, "has no "+key, fmt.Sprintf(
					`items are found by their %s; write it, or put {"$patch": "replace"} first to replace the list`, strings.Join(keys, " and ")))
				break
			}
		}
	}
}

// explain is the hint to ask kubectl what a field is.
func (f *fitter) explain(path []string) string {
	names := []string{strings.ToLower(f.kind)}
	at := f.schema
	for _, name := range path {
		if elements := at.Elements(); elements != nil {
			at = elements
			continue
		}
		if _, named := at.Schema.Properties[name]; !named {
			break
		}
		names = append(names, name)
		at = at.Field(name)
	}
	return fmt.Sprintf("`kubectl explain %s` says what it is", strings.Join(names, "."))
}

// mergeKeys are the fields that an item of a patch's list has to have in order
// to be merged. kustomize does without those of several that are optional.
func mergeKeys(list, element *openapi.ResourceSchema) []string {
	strategy, keys := list.PatchStrategyAndKeyList()
	if !strings.Contains(strategy, "merge") || len(keys) < 2 {
		return keys
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return !slices.Contains(element.Schema.Required, key)
	})
}

// wanted says what a field takes, and whether value is that.
func wanted(schema *openapi.ResourceSchema, value any) (want string, ok bool) {
	_, isText := value.(string)
	number, _ := value.(json.Number)
	isWhole := number != "" && isInteger(number)
	if schema.Schema.Format == "int-or-string" {
		return "a whole number or a string", isText || isWhole
	}
	if len(schema.Schema.Type) != 1 {
		return "", true
	}
	switch schema.Schema.Type[0] {
	case "object":
		_, ok = value.(manifest.Map)
		return "a map", ok
	case "array":
		_, ok = value.([]any)
		return "a list", ok
	case "string":
		return "a string", isText
	case "boolean":
		_, ok = value.(bool)
		return "true or false", ok
	case "integer":
		return "a whole number", isWhole
	case "number":
		return "a number", number != ""
	}
	return "", true
}

// isQuantity reports whether a field holds an amount of a resource, which may be
// a number although its schema is that of a string.
func isQuantity(schema *openapi.ResourceSchema, key string) bool {
	field, ok := schema.Schema.Properties[key]
	if rest := schema.Schema.AdditionalProperties; !ok && rest != nil && rest.Schema != nil {
		field = *rest.Schema
	}
	return strings.HasSuffix(field.Ref.String(), ".Quantity")
}

func isNumber(value any) bool {
	_, ok := value.(json.Number)
	return ok
}

func describe(value any) string {
	switch value := value.(type) {
	case manifest.Map, []any:
		return "a " + shape(value)
	case string:
		return strconv.Quote(value)
	case nil:
		return "null"
	default:
		return fmt.Sprint(value)
	}
}

// missing returns the paths of the fields that tree, by its schema, has to have
// and doesn't, or has as an empty list. Items of lists go by their name if they have one, by their index
// otherwise.
func missing(tree any, schema *openapi.ResourceSchema, path string) []string {
	if schema == nil {
		return nil
	}
	var all []string
	switch tree := tree.(type) {
	case manifest.Map:
		for _, key := range schema.Schema.Required {
			value := manifest.Lookup(tree, key)
			list, isList := value.([]any)
			if value == nil || isList && len(list) == 0 {
				all = append(all, join(path, key))
			}
		}
		for _, f := range tree {
			all = append(all, missing(f.Value, schema.Field(f.Key), join(path, f.Key))...)
		}
	case []any:
		for i, item := range tree {
			name := manifest.String(item, "name")
			if name == "" {
				name = strconv.Itoa(i)
			}
			all = append(all, missing(item, schema.Elements(), path+"["+name+"]")...)
		}
	}
	return all
}
