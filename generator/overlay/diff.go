package overlay

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/patternctl/patternctl/generator/manifest"
)

// directive is the key by which a strategic-merge patch says what else than to
// merge: the whole of a map or list is replaced, or an item or object deleted.
const directive = "$patch"

// strategicPatch returns the strategic-merge patch, without the fields that say
// what it patches, that turns from into to. It fails where such a patch can't
// say it, as for a null.
//
// kustomize merges a list that has a merge key item by item, and puts the items
// that a patch names first, in the patch's order. So to change the third
// environment variable and keep it there, a patch names the first two as well.
// With replaceLists no list is merged: the patch holds the whole of those that change.
func strategicPatch(from, to manifest.Map, replaceLists bool) (manifest.Map, bool) {
	d := differ{replaceLists: replaceLists}
	patch := d.maps(from, to, openapi.SchemaForResourceType(yaml.TypeMeta{
		APIVersion: manifest.String(to, "apiVersion"),
		Kind:       manifest.String(to, "kind"),
	}))
	return patch, !d.failed
}

type differ struct {
	replaceLists bool
	failed       bool
}

func (d *differ) maps(from, to manifest.Map, schema *openapi.ResourceSchema) manifest.Map {
	patch := manifest.Map{}
	for _, f := range to {
		old, had := from.Get(f.Key)
		switch {
		case !had:
			d.failed = d.failed || hasNull(f.Value)
			patch = append(patch, f)
		case !manifest.Equal(old, f.Value):
			patch = append(patch, manifest.Field{Key: f.Key, Value: d.values(old, f.Value, field(schema, f.Key))})
		}
	}
	for _, f := range from {
		if _, kept := to.Get(f.Key); !kept {
			patch = append(patch, manifest.Field{Key: f.Key})
		}
	}
	return patch
}

func (d *differ) values(from, to any, schema *openapi.ResourceSchema) any {
	switch to := to.(type) {
	case manifest.Map:
		if from, ok := from.(manifest.Map); ok {
			return d.maps(from, to, schema)
		}
		d.failed = true
	case []any:
		if from, ok := from.([]any); ok {
			return d.lists(from, to, schema)
		}
		d.failed = true
	case nil:
		d.failed = true
	}
	return to
}

func (d *differ) lists(from, to []any, schema *openapi.ResourceSchema) any {
	d.failed = d.failed || hasNull(to)
	if schema == nil {
		return to
	}
	strategy, keys := schema.PatchStrategyAndKeyList()
	if !slices.Contains(strings.Split(strategy, ","), "merge") {
		return to
	}
	old, ok := keyed(from, keys)
	if wanted, also := keyed(to, keys); ok && also && !d.replaceLists {
		if patch, ok := d.items(old, wanted, schema.Elements()); ok {
			return patch
		}
	}
	return append([]any{manifest.Map{{Key: directive, Value: "replace"}}}, to...)
}

// items returns the patch of a list that is merged item by item. It fails if no
// item stays, when a list that replaces the other says it better.
func (d *differ) items(from, to []item, schema *openapi.ResourceSchema) ([]any, bool) {
	places := map[string]int{}
	for i, old := range from {
		places[old.id] = i
	}
	// What the patch need not name are the last items, if they are unchanged and in the old order.
	named, next := len(to), len(from)
	for named > 0 {
		place, had := places[to[named-1].id]
		if !had || place >= next || !manifest.Equal(from[place].value, to[named-1].value) {
			break
		}
		named, next = named-1, place
	}
	patch, stays := []any{}, named < len(to)
	for _, wanted := range to[:named] {
		place, had := places[wanted.id]
		if had {
			stays = true
			patch = append(patch, slices.Concat(wanted.key, d.maps(from[place].value, wanted.value, schema)))
		} else {
			patch = append(patch, wanted.value)
		}
	}
	kept := map[string]bool{}
	for _, wanted := range to {
		kept[wanted.id] = true
	}
	for _, old := range from {
		if !kept[old.id] {
			patch = append(patch, old.key.With(directive, "delete"))
		}
	}
	return patch, stays
}

// An item is one of a list that has a merge key.
type item struct {
	value manifest.Map
	key   manifest.Map
	id    string
}

// keyed returns the items of a list, if each is told from the others by its
// merge keys alone. Where there are several keys, as for ports, items either all
// have them all or all have only the first: kustomize mixes up the rest.
func keyed(list []any, keys []string) ([]item, bool) {
	items := make([]item, 0, len(list))
	seen := map[string]bool{}
	for _, value := range list {
		m, ok := value.(manifest.Map)
		if !ok {
			return nil, false
		}
		i := item{value: m}
		for n, key := range keys {
			value, has := m.Get(key)
			if !has && n > 0 {
				continue
			}
			switch value := value.(type) {
			case string:
				if value == "" { // to kustomize as if it weren't there
					return nil, false
				}
				i.id += strconv.Quote(value)
			case json.Number:
				i.id += string(value)
			default:
				return nil, false
			}
			i.key = append(i.key, manifest.Field{Key: key, Value: value})
		}
		all, first := len(i.key) == len(keys), len(i.key) == 1
		if seen[i.id] || !all && !first || len(items) > 0 && len(items[0].key) != len(i.key) {
			return nil, false
		}
		seen[i.id] = true
		items = append(items, i)
	}
	return items, true
}

// field is the schema of a field, if it is known.
func field(schema *openapi.ResourceSchema, key string) *openapi.ResourceSchema {
	if schema == nil {
		return nil
	}
	return schema.Field(key)
}

// hasNull reports whether tree holds a null, which in a patch would mean something else.
func hasNull(tree any) bool {
	switch tree := tree.(type) {
	case manifest.Map:
		for _, f := range tree {
			if hasNull(f.Value) {
				return true
			}
		}
	case []any:
		for _, item := range tree {
			if hasNull(item) {
				return true
			}
		}
	case nil:
		return true
	}
	return false
}
