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
	tree, err := export(v)
	if err != nil {
		return nil, err
	}
	path := []cue.Selector{cue.Str("checks")}
	items, ok := tree.([]any)
	if !ok {
		return nil, t.flaw(path, "is not a list")
	}
	checks := make([]manifest.Map, len(items))
	var flaws errors.Error
	for i, item := range items {
		checks[i], _ = item.(manifest.Map)
		flaws = errors.Append(flaws, t.misjudged(checks[i], i))
	}
	if flaws != nil {
		return nil, flaws
	}
	return checks, nil
}

// misjudged returns an error unless check i says what #Check does, has a code
// that is explained somewhere, and blames a field that a spec can have.
func (t template) misjudged(c manifest.Map, i int) errors.Error {
	path := []cue.Selector{cue.Str("checks"), cue.Index(i)}
	definition, err := t.packages.Check()
	if err != nil {
		return errors.Promote(err, "")
	}
	item := t.value.LookupPath(cue.MakePath(path...))
	if err := item.Unify(definition).Validate(cue.Concrete(true)); err != nil {
		return t.misshapen(path, err)
	}
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

// misshapen tells how the check at path is no #Check.
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
