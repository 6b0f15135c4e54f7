package generator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/catalogue"
)

// object is one struct of a random spec. Encoded as JSON it is CUE.
type object = map[string]any

// A randomizer makes valid specs of whatever the schemas have. Its guide is their
// shape: a field that is new there joins by itself, with values that fit it. What
// has a meaning besides, or depends on other fields, is in values and mends.
type randomizer struct {
	*rand.Rand
	packages *catalogue.Packages
	system   *catalogue.Shape
	fitting  map[string][]any
	port     int
}

func newRandomizer(t testing.TB) *randomizer {
	t.Helper()
	library, err := catalogue.Open()
	if err != nil {
		t.Fatal(err)
	}
	r := &randomizer{packages: catalogue.NewPackages(library), fitting: map[string][]any{}}
	if r.system, err = r.packages.System(); err != nil {
		t.Fatal(err)
	}
	return r
}

// kinds are the fields of a system that hold instances.
func (r *randomizer) kinds() []string {
	return slices.DeleteFunc(r.system.Names(), func(name string) bool { _, is := r.packages.Kind(name); return !is })
}

// spec returns a system of n instances, a hub and a ring besides, which the
// others may refer to and no environment changes, and two environments.
func (r *randomizer) spec(seed uint64, n int) object {
	r.Rand = rand.New(rand.NewPCG(seed, 1))
	spec := r.fields("", r.system, r.kinds())
	in(spec, "cluster")["addons"] = []any{"gateway"}
	spec["replicated"] = object{"hub": object{"container": object{"image": "hub:1", "port": 8080}}}
	spec["sharded"] = object{"ring": object{"container": object{"image": "ring:1", "port": 8080}, "shards": 2, "hash": object{"header": "X-User"}}}
	for i := range n {
		kind, instance := r.instance()
		in(spec, kind)[fmt.Sprintf("i%d", i)] = instance
	}
	spec["environments"] = object{"dev": r.environment(spec), "prod": r.environment(spec)}
	return spec
}

func in(spec object, kind string) object {
	instances, ok := spec[kind].(object)
	if !ok {
		instances = object{}
		spec[kind] = instances
	}
	return instances
}

func (r *randomizer) instance() (string, object) {
	kinds := r.kinds()
	kind := kinds[r.IntN(len(kinds))]
	shape, _ := r.packages.Kind(kind)
	r.port = 1023
	return kind, r.value(kind+".*", shape).(object)
}

// environment edits some instances of spec, adds one and takes one away.
func (r *randomizer) environment(spec object) object {
	edits := object{}
	if r.IntN(2) == 0 {
		edits["namespace"] = "elsewhere"
	}
	if r.IntN(2) == 0 {
		edits["labels"] = object{"team": "c", "tier": "1"}
	}
	for _, kind := range r.kinds() {
		instances, _ := spec[kind].(object)
		for _, name := range slices.Sorted(maps.Keys(instances)) {
			if name == "hub" || name == "ring" {
				continue
			}
			switch r.IntN(5) {
			case 0:
				in(edits, kind)[name] = nil
			case 1, 2:
				in(edits, kind)[name] = r.edit(kind, instances[name].(object))
			}
		}
	}
	kind, instance := r.instance()
	in(edits, kind)["added"] = instance
	return edits
}

// edit returns what makes an instance another one, which shares most with it.
func (r *randomizer) edit(kind string, instance object) object {
	shape, _ := r.packages.Kind(kind)
	edited := clone(instance).(object)
	fresh := r.value(kind+".*", shape).(object)
	for _, name := range shape.Names() {
		// A store's shards don't become fewer, and data stays where it is.
		if name == "shards" || r.IntN(3) > 0 {
			continue
		}
		if value, has := fresh[name]; has {
			edited[name] = value
		} else {
			delete(edited, name)
		}
	}
	r.port = 1023
	r.mend(kind+".*", edited)
	return difference(instance, edited)
}

// difference returns the edit that makes from what to is.
func difference(from, to object) object {
	edit := object{}
	for key, before := range from {
		after, has := to[key]
		a, isObject := before.(object)
		b, wasObject := after.(object)
		text, _ := before.(string)
		switch {
		case wasObject && strings.HasPrefix(text, "@@"):
			// What a reference leads to is not replaced by a struct, but merged.
		case !has:
			edit[key] = nil
		case isObject && wasObject:
			if d := difference(a, b); len(d) > 0 {
				edit[key] = d
			}
		case !reflect.DeepEqual(before, after):
			edit[key] = after
		}
	}
	for key, after := range to {
		if _, had := from[key]; !had {
			edit[key] = after
		}
	}
	return edit
}

func clone(tree any) any {
	m, isObject := tree.(object)
	if !isObject {
		return tree
	}
	out := object{}
	for key, value := range m {
		out[key] = clone(value)
	}
	return out
}

// value returns something that fits a shape. Its path has * for names of the
// user's.
func (r *randomizer) value(path string, shape *catalogue.Shape) any {
	if special := bySuffix(values, path); special != nil {
		return special(r)
	}
	switch {
	case shape.Map():
		m := object{}
		for range 1 + r.IntN(2) {
			m[r.key(path, shape).(string)] = r.value(path+".*", shape.Elem)
		}
		r.mend(path, m)
		return m
	case shape.Kind == cue.StructKind:
		o := r.fields(path, shape, nil)
		r.mend(path, o)
		return o
	case shape.Kind == cue.ListKind:
		var list []any
		for range 1 + r.IntN(2) {
			if item := r.value(path+".*", shape.Elem); !slices.ContainsFunc(list, func(other any) bool { return reflect.DeepEqual(item, other) }) {
				list = append(list, item)
			}
		}
		return list
	}
	return r.oneOf(r.fit(path, func(candidate any) bool {
		return shape.Constraint.Unify(r.packages.Context.Encode(candidate)).Validate(cue.Concrete(true)) == nil
	}))
}

// fields returns some of the fields of a shape, but none of those left out.
func (r *randomizer) fields(path string, shape *catalogue.Shape, without []string) object {
	o := object{}
	for _, f := range shape.Fields {
		if !f.Output && !slices.Contains(without, f.Name) && (f.Required || r.IntN(2) == 0) {
			o[f.Name] = r.value(strings.TrimPrefix(path+"."+f.Name, "."), f.Shape)
		}
	}
	return o
}

// key returns a name that a map takes.
func (r *randomizer) key(path string, shape *catalogue.Shape) any {
	return r.oneOf(r.fit(path+" key", func(candidate any) bool {
		name, isText := candidate.(string)
		if !isText || name == "" {
			return false
		}
		at := cue.MakePath(cue.Str(name))
		return shape.Constraint.FillPath(at, r.packages.Context.CompileString("_")).LookupPath(at).Err() == nil
	}))
}

// fit returns the candidates that fit, which it looks for once for each path.
func (r *randomizer) fit(path string, fits func(any) bool) []any {
	fitting, known := r.fitting[path]
	if !known {
		for _, candidate := range candidates {
			if fits(candidate) {
				fitting = append(fitting, candidate)
			}
		}
		if len(fitting) == 0 {
			panic("no candidate fits " + path)
		}
		r.fitting[path] = fitting
	}
	return fitting
}

func (r *randomizer) oneOf(choices []any) any { return choices[r.IntN(len(choices))] }

// candidates are values for fields that only their schema tells anything about.
var candidates = []any{
	true, false, 1, 2, 3, 4, 20, 60, 110, 200, "a", "b", "c-1", "A", "B_2", "X-Key", "64Mi", "1Gi", "1.31", "1.34", "1.37",
	"example.org/app:1", "example.org/app:2", "/etc/a", "/var/b", "10.0.0.0/8", "192.0.2.0/24", "null", "1e3", "two\nlines\n", "",
	"prefer", "require", "cache", "store", "reject", "spread", "gateway", "keda", "prometheus", "Exists", "Equal",
	"NoSchedule", "PreferNoSchedule", "NoExecute",
}

func bySuffix[T any](table map[string]T, path string) T {
	for {
		if found, ok := table[path]; ok {
			return found
		}
		_, rest, ok := strings.Cut(path, ".")
		if !ok {
			var none T
			return none
		}
		path = rest
	}
}

// TestRandomSpecsHaveEveryField holds that random specs write each field of the
// schemas, those that values makes included.
func TestRandomSpecsHaveEveryField(t *testing.T) {
	r := newRandomizer(t)
	written := map[string]bool{}
	for seed := range uint64(200) {
		spec := r.spec(seed, 10)
		note(written, "", r.system, spec)
		for _, environment := range spec["environments"].(object) {
			note(written, "", r.system, environment)
		}
	}
	var missing func(path string, shape *catalogue.Shape)
	missing = func(path string, shape *catalogue.Shape) {
		for _, f := range shape.Fields {
			at := strings.TrimPrefix(path+"."+f.Name, ".")
			switch {
			case f.Output, f.Shape.Constraint.Err() != nil: // nobody can write it
			case !written[at]:
				t.Errorf("no random spec has %s", at)
			default:
				missing(at, f.Shape)
			}
		}
		if shape.Elem != nil {
			missing(path+".*", shape.Elem)
		}
	}
	missing("", r.system)
}

// note marks the paths of what a spec writes.
func note(written map[string]bool, path string, shape *catalogue.Shape, tree any) {
	if tree == nil || shape == nil {
		return
	}
	written[path] = true
	switch tree := tree.(type) {
	case object:
		for name, value := range tree {
			if f, known := shape.Field(name); known {
				note(written, strings.TrimPrefix(path+"."+name, "."), f.Shape, value)
			} else {
				note(written, path+".*", shape.Elem, value)
			}
		}
	case []any:
		for _, item := range tree {
			note(written, path+".*", shape.Elem, item)
		}
	}
}

// inOneFile encodes a spec as the file of a package.
func inOneFile(spec object) generator.Sources {
	return generator.Sources{Files: []generator.Source{{Name: "spec.cue", Text: encode("", spec)}}}
}

// inManyFiles encodes a spec as a package of one file for each top-level field.
func inManyFiles(spec object) generator.Sources {
	var sources generator.Sources
	for _, key := range slices.Sorted(maps.Keys(spec)) {
		value := spec[key]
		sources.Files = append(sources.Files, generator.Source{Name: key + ".cue", Text: encode("package p\n", object{key: value})})
	}
	return sources
}

// reference stands for a CUE reference in a spec that is encoded as JSON.
func reference(path string) string { return "@@" + path + "@@" }

var (
	quotedReference = regexp.MustCompile(`"@@(.*?)@@"`)
	quotedName      = regexp.MustCompile(`(?m)^\t"(\w+)":`)
)

func encode(header string, o object) []byte {
	text, err := json.MarshalIndent(o, "", "\t")
	if err != nil {
		panic(err)
	}
	// A package's top-level fields have no braces around them.
	text = bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("{")), []byte("}"))
	// A name in quotes can't be referred to.
	text = quotedName.ReplaceAll(text, []byte("\t$1:"))
	return append([]byte(header), quotedReference.ReplaceAll(text, []byte("$1"))...)
}
