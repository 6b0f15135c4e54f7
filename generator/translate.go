package generator

import (
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
)

// uncompiled explains what CUE says about files that could not be compiled. It
// returns the names that were referred to and are not declared: with stand-ins
// for them the rest of the spec can be looked at.
func (d *diagnosis) uncompiled(err error) (undeclared []string) {
	for _, e := range errors.Errors(err) {
		if name, ok := undeclaredName(messageOf(e)); ok {
			undeclared = append(undeclared, name)
		}
	}
	d.translate(err, true)
	return undeclared
}

// A failure is what CUE says about one path.
type failure struct {
	// whole is the path as CUE has it, and path what the user can have written
	// of it.
	whole, path []string
	errors      []errors.Error
}

// failures groups CUE's errors by path.
func failures(err error) []*failure {
	var all []*failure
	byPath := map[string]*failure{}
	for _, e := range errors.Errors(err) {
		name := strings.Join(e.Path(), "\x00")
		f, seen := byPath[name]
		if !seen {
			f = &failure{whole: e.Path(), path: visible(e.Path())}
			byPath[name] = f
			all = append(all, f)
		}
		f.errors = append(f.errors, e)
	}
	return all
}

// translate explains CUE's own errors, one for each path. What follows from what
// was explained before is left out unless all.
func (d *diagnosis) translate(err error, all bool) {
	found := failures(err)
	if !all {
		found = slices.DeleteFunc(found, d.follows)
	}
	for _, f := range found {
		d.translateOne(f.path, f.errors)
	}
}

// follows reports whether a failure follows from others: errors in what the
// schema computes do, and those where something is explained. A bad name is a
// mistake of its own, whatever is wrong with what it names; where a schema
// offers a choice, that all choices failed is not.
func (d *diagnosis) follows(f *failure) bool {
	if len(f.path) < len(f.whole) || isOutput(d.shape, f.path) || d.explained.at(f.path) {
		return true
	}
	own, choice := false, false
	for _, e := range f.errors {
		_, _, isOwn := d.own(e)
		own = own || isOwn
		choice = choice || strings.Contains(messageOf(e), "empty disjunction")
	}
	return (choice || !own) && d.explained.in(f.path)
}

// isOutput reports whether path is in a field that the schema computes.
func isOutput(shape *catalogue.Shape, path []string) bool {
	for n := range path {
		if field, known := shape.At(path[:n+1]); known && field.Output {
			return true
		}
	}
	return false
}

// visible cuts a path at the first name that the user can't have written: what
// is hidden anywhere but at the top is the library's.
func visible(path []string) []string {
	for i, name := range path {
		if i > 0 && isHidden(name) {
			return path[:i]
		}
		if unquoted, err := strconv.Unquote(name); err == nil {
			path = slices.Clone(path)
			path[i] = unquoted
		}
	}
	return path
}

func (d *diagnosis) translateOne(path []string, group []errors.Error) {
	pos := d.userPosition(group)
	if contradiction := d.contradiction(path); len(contradiction) > 0 {
		group = contradiction
	}
	for _, e := range group {
		text, hint, own := d.own(e)
		switch {
		case !own || d.elsewhere(path, e):
			continue
		case d.inherited(path, e):
			d.derive("PC1203", path, token.NoPos, "refers to a value that "+text, "")
		default:
			d.add("PC1203", path, token.NoPos, d.describe(path)+text, hint)
		}
		return
	}
	text := withCause(group[0])
	for _, e := range group {
		if t := withCause(e); !strings.Contains(t, "empty disjunction") {
			text = t
			break
		}
	}
	undeclared, isUndeclared := undeclaredName(text)
	if !pos.IsValid() {
		pos = d.importPosition(text)
	}
	switch {
	case strings.HasPrefix(text, "undefined field: "):
		d.undefined(path, pos, strings.TrimPrefix(text, "undefined field: "))
	case isUndeclared:
		d.undeclared(path, pos, undeclared)
	case strings.HasPrefix(text, "unresolved disjunction"):
		d.add("PC1207", path, token.NoPos, "can't be computed: what it refers to depends on it", "break the circle: one of the values has to be written out")
	case strings.Contains(text, "cycle"):
		d.add("PC1207", path, pos, "refers to itself, directly or through others ("+text+")", "break the circle: one of the values has to be written out")
	case strings.HasPrefix(text, "conflicting values"), strings.Contains(text, "mismatched types"):
		d.conflict(path, pos, text, group)
	case strings.HasPrefix(text, "incomplete value") && strings.Contains(text, " | "):
		d.derive("PC1209", path, pos, "could be any of "+strings.TrimPrefix(text, "incomplete value "), "write one value: of two defaults, yours and the pattern's, neither wins")
	case strings.Contains(text, "incomplete value"), strings.HasPrefix(text, "invalid interpolation"), strings.HasPrefix(text, "non-concrete value"):
		d.derive("PC1209", path, pos, "depends on something that has no value yet ("+text+")", "give a value to what it refers to")
	case strings.Contains(text, "required but not present"):
		field, _ := d.shape.At(path)
		d.add("PC1202", path, token.NoPos, "is missing", lowerFirst(catalogue.FirstSentence(field.Doc)))
	case text == "field not allowed":
		d.add("PC1201", path, pos, "unknown field", "")
	case pos.IsValid() && d.importPosition(text).IsValid():
		d.add(importCode, nil, pos, text, "")
	default:
		if d.outline.locate(path).IsValid() {
			pos = token.NoPos
		}
		d.add("PC1203", path, pos, bound(text), "")
	}
}

// importPosition is where the import is that a message quotes.
func (d *diagnosis) importPosition(text string) token.Pos {
	for _, file := range d.files {
		for spec := range file.ImportSpecs() {
			if strings.Contains(text, "import") || strings.Contains(text, "package") {
				if strings.Contains(text, spec.Path.Value) {
					return spec.Path.Pos()
				}
			}
		}
	}
	return token.NoPos
}

// contradiction is why the spec by itself makes a value of path impossible, if it
// does: it says two things about it, or the value can't be computed.
func (d *diagnosis) contradiction(path []string) []errors.Error {
	if !d.user.Exists() {
		return nil
	}
	v := lookup(d.user, path)
	if !v.Exists() || v.Err() == nil && v.IncompleteKind() != cue.BottomKind {
		return nil
	}
	// Validating passes over what has no value yet, such as outputs.
	return errors.Errors(v.Validate())
}

// describe puts what a message is about in front of it: the user's value, or
// its name if the value is good by itself.
func (d *diagnosis) describe(path []string) string {
	if !d.user.Exists() || len(path) == 0 {
		return ""
	}
	v := lookup(d.user, path)
	if v.Exists() && v.IsConcrete() && v.IncompleteKind()&(cue.StructKind|cue.ListKind) == 0 && !d.isEntry(path, v) {
		return show(v) + " "
	}
	return quote(path[len(path)-1]) + " "
}

// isEntry reports whether path is that of a good value in a map.
func (d *diagnosis) isEntry(path []string, v cue.Value) bool {
	field, known := d.shape.At(path[:len(path)-1])
	return known && field.Shape.Map() && field.Shape.Elem.Constraint.Unify(v).Err() == nil
}

// elsewhere reports whether e is no reason why path is wrong: it is what the
// schema of a map's values would say, and the value is good.
func (d *diagnosis) elsewhere(path []string, e errors.Error) bool {
	if len(path) == 0 || !d.isEntry(path, lookup(d.user, path)) {
		return false
	}
	values, _ := d.shape.At(path[:len(path)-1])
	return says(values.Shape.Elem, e)
}

// inherited reports whether e is no reason why path is wrong, but why what it
// refers to is: the schema of path would not say so.
func (d *diagnosis) inherited(path []string, e errors.Error) bool {
	field, known := d.shape.At(path)
	v := lookup(d.user, path)
	if !known || field.Shape.Kind == cue.StructKind || v.IsConcrete() {
		return false
	}
	origin := referredTo(v)
	return !says(field.Shape, e) || len(origin) > 0 && lookup(d.unified, origin).Err() != nil
}

// says reports whether e is what a schema says of values that it doesn't allow.
func says(shape *catalogue.Shape, e errors.Error) bool {
	nothing := shape.Constraint.Unify(cuecontext.New().Encode(nil))
	return slices.ContainsFunc(errors.Errors(nothing.Err()), func(other errors.Error) bool { return other.Position() == e.Position() })
}

// userPosition is the first position of group that is in the user's files.
func (d *diagnosis) userPosition(group []errors.Error) token.Pos {
	for _, e := range group {
		for _, pos := range append([]token.Pos{e.Position()}, e.InputPositions()...) {
			if pos.IsValid() && !d.library.Owns(pos.Filename()) {
				return pos
			}
		}
	}
	return token.NoPos
}

// conflict explains two values for one field. Of a base and an environment that
// contradict each other, the environment is what has to be changed.
func (d *diagnosis) conflict(path []string, pos token.Pos, text string, group []errors.Error) {
	var places []token.Pos
	for _, e := range group {
		for _, p := range append([]token.Pos{e.Position()}, e.InputPositions()...) {
			if p.IsValid() && !d.library.Owns(p.Filename()) && !slices.Contains(places, p) {
				places = append(places, p)
			}
		}
	}
	if i := slices.IndexFunc(places, d.outline.inEdit); i >= 0 {
		pos = places[i]
	}
	hint := ""
	if slices.Contains(group[0].Path(), "#name") {
		text, hint = "is another instance, name and all", "what several instances share goes into a hidden field: _shared: {...}, and then _shared & {...}"
	}
	other := slices.IndexFunc(places, func(p token.Pos) bool { return p != pos })
	if other >= 0 && d.outline.inEdit(pos) && !d.outline.inEdit(places[other]) {
		hint = "an environment replaces what the base writes in the same place, not what a shared field or a pattern adds: write the field out in the base"
	}
	var notes []diagnostic.Note
	if other >= 0 {
		notes = append(notes, diagnostic.Note{Position: position(places[other]), Message: "the other value is here"})
	}
	d.add("PC1208", path, pos, text, hint, notes...)
}

// own returns what a schema says by itself, as the argument of error(): a
// message and, on a line after it, a hint.
func (d *diagnosis) own(e errors.Error) (text, hint string, ok bool) {
	text, hint, _ = strings.Cut(messageOf(e), "\n")
	return text, hint, d.library.Owns(e.Position().Filename()) && (strings.HasPrefix(text, "is ") || strings.HasPrefix(text, "has "))
}
