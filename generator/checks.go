package generator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/check"
	"github.com/patternctl/patternctl/generator/manifest"
)

// checks returns what a template finds wrong with an instance: each item is a
// #Check of the templates.
func (t template) checks() ([]manifest.Map, error) {
	v, err := t.field("checks")
	if err != nil {
		return nil, err
	}
	checks, err := t.list("checks", v, t.packages.Check)
	if err != nil {
		return nil, err
	}
	var flaws errors.Error
	for i, c := range checks {
		flaws = errors.Append(flaws, t.misjudged(c, i))
	}
	if flaws != nil {
		return nil, flaws
	}
	return checks, nil
}

// list returns the items of v, the field of a template called name, each of
// which is what the definition says.
func (t template) list(name string, v cue.Value, define func() (cue.Value, error)) ([]manifest.Map, error) {
	tree, err := export(v)
	if err != nil {
		return nil, err
	}
	path := []cue.Selector{cue.Str(name)}
	items, ok := tree.([]any)
	if !ok {
		return nil, t.flaw(path, "is not a list")
	}
	list := make([]manifest.Map, len(items))
	var flaws errors.Error
	for i, item := range items {
		definition, err := define()
		if err != nil {
			return nil, err
		}
		at := append(path, cue.Index(i))
		if err := t.value.LookupPath(cue.MakePath(at...)).Unify(definition).Validate(cue.Concrete(true)); err != nil {
			flaws = errors.Append(flaws, t.misshapen(at, err))
		}
		list[i], _ = item.(manifest.Map)
	}
	if flaws != nil {
		return nil, flaws
	}
	return list, nil
}

// misjudged returns an error unless check i has a code that is explained
// somewhere, and blames a field that a spec can have.
func (t template) misjudged(c manifest.Map, i int) errors.Error {
	path := []cue.Selector{cue.Str("checks"), cue.Index(i)}
	code, field := manifest.String(c, "code"), manifest.String(c, "field")
	known := func(k check.Code) bool { return k.Code == code }
	if !t.packages.Explains(code) && !slices.ContainsFunc(check.Codes(), known) {
		return t.flaw(append(path, cue.Str("code")), fmt.Sprintf("is %s, which codes of the schema don't explain", quote(code)))
	}
	if shape, ok := t.packages.Kind(t.kind); ok && field != "" && !knows(shape, strings.Split(field, ".")) {
		return t.flaw(append(path, cue.Str("field")), fmt.Sprintf("is %s, which no %s has", quote(field), t.kind))
	}
	return nil
}

// misshapen tells how the item at path is not what its definition says.
func (t template) misshapen(path []cue.Selector, err error) errors.Error {
	var flaws errors.Error
	for _, e := range errors.Errors(err) {
		// The error's own path begins wherever the check comes from.
		names := e.Path()
		names = names[slices.Index(names, strconv.Itoa(path[1].Index()))+1:]
		at := slices.Clone(path)
		for _, name := range names {
			at = append(at, cue.Str(name))
		}
		flaws = errors.Append(flaws, t.flaw(at, "is wrong: "+messageOf(e)))
	}
	return flaws
}

// knows reports whether a spec of this shape may have a field at path.
func knows(shape *catalogue.Shape, path []string) bool {
	for _, name := range path {
		if shape == nil || shape.Open {
			return true
		}
		field, ok := shape.Field(name)
		switch {
		case ok:
			shape = field.Shape
		case shape.Elem != nil:
			shape = shape.Elem
		default:
			return false
		}
	}
	return true
}
