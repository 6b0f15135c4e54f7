package generator

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/catalogue"
)

// compare finds unknown fields, missing fields, and values that don't fit, in
// what the user wrote at path.
func (d *diagnosis) compare(user cue.Value, shape *catalogue.Shape, path []string) {
	if shape.Kind != cue.StructKind || !isStruct(user) {
		if len(path) > 0 {
			d.compareValue(user, shape, path)
		}
		return
	}
	it, err := user.Fields()
	if err != nil {
		return
	}
	var present []string
	for it.Next() {
		name := it.Selector().Unquoted()
		present = append(present, name)
		at := append(slices.Clone(path), name)
		field, known := shape.Field(name)
		switch {
		case known && field.Output:
			d.add("PC1204", at, token.NoPos, "is computed and can't be set", "remove it; other instances can refer to it")
		case known:
			d.compare(it.Value(), field.Shape, at)
		case shape.Elem != nil:
			d.compare(it.Value(), shape.Elem, at)
		case !shape.Open:
			d.unknownField(shape, at, it.Value())
		}
	}
	for _, field := range shape.Fields {
		if !field.Required || slices.Contains(present, field.Name) {
			continue
		}
		at := append(slices.Clone(path), field.Name)
		if lookup(d.unified, at).Exists() {
			continue
		}
		if d.added(path) {
			d.unknownInstance(path)
			return
		}
		d.add("PC1202", at, token.NoPos, "is missing", lowerFirst(catalogue.FirstSentence(field.Doc)))
	}
}

// isStruct reports whether v is a struct, be it one that holds an error.
func isStruct(v cue.Value) bool {
	if v.IncompleteKind() != cue.BottomKind {
		return v.IncompleteKind() == cue.StructKind
	}
	it, err := v.Fields()
	return err == nil && it.Next()
}

// added reports whether path is an instance that only an environment writes.
func (d *diagnosis) added(path []string) bool {
	return len(path) == 2 && d.outline.environmentOnly(path)
}

// unknownInstance explains an environment's edit of an instance that the base
// doesn't have, and that is not complete by itself either.
func (d *diagnosis) unknownInstance(path []string) {
	hint := cmp.Or(d.didYouMean(path[1], d.outline.baseInstances(path[0])), "an instance that only this environment has must be written in full")
	d.add("PC1104", path, token.NoPos, "the base doesn't have it", hint)
}

func (d *diagnosis) unknownField(shape *catalogue.Shape, path []string, value cue.Value) {
	name := path[len(path)-1]
	what, names := "unknown field", shape.Names()
	if len(path) == 1 {
		what = "unknown pattern kind or field"
	}
	hint := didYouMean(name, names)
	if hint == "" && len(names) > 0 {
		hint = "known here: " + strings.Join(names, ", ")
	}
	pos := token.NoPos
	if _, written := d.outline.at(path); !written && !d.library.Owns(value.Pos().Filename()) {
		pos = value.Pos()
	}
	d.add("PC1201", path, pos, what, hint)
}

// compareValue checks one value that is not a struct.
func (d *diagnosis) compareValue(user cue.Value, shape *catalogue.Shape, path []string) {
	unfit := false
	if shape.Kind == cue.ListKind && user.IncompleteKind() == cue.ListKind && shape.Elem != nil {
		items, err := user.List()
		if err != nil {
			return
		}
		for i := 0; items.Next(); i++ {
			d.compare(items.Value(), shape.Elem, append(slices.Clone(path), strconv.Itoa(i)))
			unfit = unfit || shape.Elem.Constraint.Unify(items.Value()).Err() != nil
		}
	}
	if !user.IsConcrete() || user.Err() != nil || user.IncompleteKind() == cue.BottomKind {
		d.compareReference(user, path)
		return
	}
	err := shape.Constraint.Unify(user).Err()
	if err == nil || unfit || d.covered(path) {
		return
	}
	reason, hint := d.reason(err, user, shape)
	if d.toldAtOrigin(user, path, reason) {
		d.explained.add(path)
		return
	}
	d.add("PC1203", path, d.valuePosition(path, user), reason, hint)
}

// toldAtOrigin reports whether user, the value at path, is another field's, and
// what is wrong with it there is reason too.
func (d *diagnosis) toldAtOrigin(user cue.Value, path []string, reason string) bool {
	origin := referredTo(user)
	field, known := d.shape.At(origin)
	if !known || len(origin) == 0 || slices.Equal(origin, path) {
		return false
	}
	err := field.Shape.Constraint.Unify(user).Err()
	if err == nil {
		return false
	}
	there, _ := d.reason(err, user, field.Shape)
	return there == reason
}

// valuePosition is where a value is written, if the field that it is about is
// not, or if the environment changed what the field refers to; else a value is
// reported at its field.
func (d *diagnosis) valuePosition(path []string, v cue.Value) token.Pos {
	pos := v.Pos()
	if origin := cue.Dereference(v).Pos(); d.outline.inEdit(origin) {
		pos = origin
	}
	if !pos.IsValid() || d.library.Owns(pos.Filename()) {
		return token.NoPos
	}
	_, edited := d.outline.edits.find(path)
	if _, written := d.outline.at(path); written && (edited || !d.outline.inEdit(pos)) {
		return token.NoPos
	}
	return pos
}

// reason says why a value does not fit its schema, and what would.
func (d *diagnosis) reason(err error, user cue.Value, shape *catalogue.Shape) (reason, hint string) {
	if name, err := user.String(); err == nil {
		hint = didYouMean(name, shape.Values)
	} else if shape.Kind == cue.StringKind && user.IncompleteKind()&(cue.NumberKind|cue.BoolKind) != 0 {
		if quoted := cuecontext.New().Encode(show(user)); shape.Constraint.Unify(quoted).Err() == nil {
			hint = "quote it: " + show(quoted)
		}
	}
	for _, e := range errors.Errors(err) {
		if text, advice, own := d.own(e); own {
			return show(user) + " " + text, cmp.Or(hint, advice)
		}
	}
	if len(shape.Values) > 0 {
		return show(user) + " is not one of " + list(shape.Values), hint
	}
	if user.IncompleteKind()&shape.Kind == 0 {
		return show(user) + " is not " + kindName(shape.Kind), hint
	}
	best := ""
	for _, e := range errors.Errors(err) {
		if text := messageOf(e); best == "" || strings.Contains(text, "out of bound") {
			best = text
		}
	}
	return bound(best), ""
}
