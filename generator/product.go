package generator

import (
	"fmt"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/manifest"
)

// A product is what a template makes of an instance.
type product struct {
	objects []manifest.Map
	checks  []manifest.Map
}

// evaluate makes the product of an instance. Its errors are about the template.
func (r *renderer) evaluate(kind string, input manifest.Map) (product, error) {
	value, err := r.system.packages.Template(kind)
	if err != nil {
		return product{}, err
	}
	t := newTemplate(kind, r.system.packages, value, input)
	var result product
	if result.checks, err = t.checks(); err != nil {
		return product{}, err
	}
	if slices.ContainsFunc(result.checks, func(c manifest.Map) bool { return !isWarning(c) }) {
		return result, nil
	}
	result.objects, err = t.objects(&exporter{orders: r.orders, trees: map[cue.Value]any{}})
	return result, err
}

// A template is that of a kind, unified with an instance.
type template struct {
	kind     string
	packages *catalogue.Packages
	value    cue.Value
}

func newTemplate(kind string, packages *catalogue.Packages, value cue.Value, input manifest.Map) template {
	return template{kind, packages, value.Unify(packages.Context.Encode(fields(input)))}
}

// optional returns a field and whether the template has it, be it with an error.
func (t template) optional(name string) (cue.Value, bool) {
	v := t.value.LookupPath(cue.MakePath(cue.Str(name)))
	return v, v.Exists() || v.Pos() != token.NoPos
}

// field returns a field that every template has.
func (t template) field(name string) (cue.Value, error) {
	v, ok := t.optional(name)
	if !ok {
		return v, errors.Newf(t.packages.TemplatePos(t.kind), "the template of %s has no field %q", t.kind, name)
	}
	return v, nil
}

// flaw says what is wrong with what a template has at path, or lacks there.
func (t template) flaw(path []cue.Selector, problem string) errors.Error {
	pos := token.NoPos
	for n := len(path); n > 0 && !pos.IsValid(); n-- {
		pos = t.value.LookupPath(cue.MakePath(path[:n]...)).Pos()
	}
	return errors.Newf(pos, "the template of %s: %s %s", t.kind, cue.MakePath(path...), problem)
}

// objects returns the objects of a template. Each of its fields is an object, a
// list of objects, a struct of such fields, or null for what an instance lacks.
func (t template) objects(e *exporter) ([]manifest.Map, error) {
	v, err := t.field("objects")
	if err != nil {
		return nil, err
	}
	tree, err := e.export(v)
	if err != nil {
		return nil, err
	}
	return t.collect(nil, tree, []cue.Selector{cue.Str("objects")})
}

func (t template) collect(objects []manifest.Map, tree any, path []cue.Selector) ([]manifest.Map, error) {
	var err error
	switch x := tree.(type) {
	case nil:
	case []any:
		for i, item := range x {
			if objects, err = t.collect(objects, item, append(path, cue.Index(i))); err != nil {
				return nil, err
			}
		}
	case manifest.Map:
		if isObject(x) {
			return append(objects, x), t.identified(x, path)
		}
		for _, f := range x {
			if objects, err = t.collect(objects, f.Value, append(path, cue.Str(f.Key))); err != nil {
				return nil, err
			}
		}
	default:
		return nil, t.flaw(path, fmt.Sprintf("is %v, which is no object", x))
	}
	return objects, nil
}

// isObject tells an object from a struct of objects.
func isObject(m manifest.Map) bool {
	_, versioned := m.Get("apiVersion")
	_, kind := m.Get("kind")
	return versioned || kind
}

// identified returns an error unless object says which it is.
func (t template) identified(object manifest.Map, path []cue.Selector) error {
	for _, field := range [][]string{{"apiVersion"}, {"kind"}, {"metadata", "name"}} {
		if manifest.String(object, field...) != "" {
			continue
		}
		for _, name := range field {
			path = append(path, cue.Str(name))
		}
		if value := manifest.Lookup(object, field...); value != nil {
			return t.flaw(path, fmt.Sprintf("is %v, which is no name", value))
		}
		return t.flaw(path, "is missing")
	}
	return nil
}
