package generator

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
)

// A diagnosis explains why a spec is not valid. CUE reports one kind of mistake
// at a time and points into the schema, so the spec is first compared with the
// schema's shape, field by field; what only CUE can know comes second.
type diagnosis struct {
	shape         *catalogue.Shape
	outline       *outline
	files         []*ast.File
	user, unified cue.Value
	library       *catalogue.Library
	environments  []string

	list diagnostic.List
	// explained are the paths that have a diagnostic.
	explained []string
	// derived are mistakes that most likely follow from others. They are told
	// if there are no others.
	derived diagnostic.List
}

// explain returns everything that is wrong. err is what CUE says about the
// whole; if it is not nil, there is a diagnostic for it.
func (d *diagnosis) explain(err error) diagnostic.List {
	d.compare(d.user, d.shape, nil)
	d.translate(err, false)
	if len(d.list) == 0 {
		d.list = d.derived
	}
	if len(d.list) == 0 && err != nil {
		d.translate(err, true)
	}
	return d.told().Sorted()
}

// told leaves out what is told again, at the same place, with its path.
func (d *diagnosis) told() diagnostic.List {
	return slices.DeleteFunc(slices.Clone(d.list), func(a diagnostic.Diagnostic) bool {
		return a.Path == "" && slices.ContainsFunc(d.list, func(b diagnostic.Diagnostic) bool {
			return b.Path != "" && b.Position == a.Position && b.Code == a.Code && b.Message == a.Message
		})
	})
}

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

func undeclaredName(text string) (string, bool) {
	quoted, isReference := strings.CutPrefix(text, "reference ")
	quoted, notFound := strings.CutSuffix(quoted, " not found")
	name, err := strconv.Unquote(quoted)
	return name, isReference && notFound && err == nil
}

func (d *diagnosis) add(code string, path []string, pos token.Pos, message, hint string) {
	if !pos.IsValid() {
		pos = d.outline.locate(path)
	}
	at, name := d.outline.place(pos, path)
	if at.File == "" && len(d.files) > 0 {
		at.File = d.files[0].Filename
	}
	d.list = append(d.list, diagnostic.Diagnostic{Code: code, Position: at, Path: name, Message: message, Hint: hint})
	d.explained = append(d.explained, joinPath(path))
}

func (d *diagnosis) derive(code string, path []string, pos token.Pos, message, hint string) {
	list, explained := d.list, d.explained
	d.list = d.derived
	d.add(code, path, pos, message, hint)
	d.derived, d.list, d.explained = d.list, list, explained
}

// covered reports whether path, something around it or something in it has been
// explained: what CUE says about it would say the same again.
func (d *diagnosis) covered(path []string) bool { return d.coveredBy(d.explained, path, nil) }

func within(outer, inner string) bool { return strings.HasPrefix(inner, outer+".") }

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
		if d.unified.LookupPath(makePath(at)).Exists() {
			continue
		}
		if d.added(path) {
			d.unknownInstance(path)
			return
		}
		d.add("PC1202", at, token.NoPos, "is missing", firstSentence(field.Doc))
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

// lateEnvironments explains environments that only evaluating the spec brings to
// light.
func (d *diagnosis) lateEnvironments(user cue.Value) {
	path := []string{environmentsField}
	if late := user.LookupPath(makePath(path)); late.Exists() {
		d.add("PC1101", path, late.Pos(), "is not written at the top of the spec", environmentsHint)
	}
}

// unknownInstance explains an environment's edit of an instance that the base
// doesn't have, and that is not complete by itself either.
func (d *diagnosis) unknownInstance(path []string) {
	hint := "an instance that only this environment has must be written in full"
	if near := diagnostic.Nearest(path[1], d.outline.baseInstances(path[0])); near != "" {
		hint = "did you mean " + quote(near) + "?"
	}
	d.add("PC1104", path, token.NoPos, "the base doesn't have it", hint)
}

func (d *diagnosis) unknownField(shape *catalogue.Shape, path []string, value cue.Value) {
	name := path[len(path)-1]
	what, names := "unknown field", shape.Names()
	if len(path) == 1 {
		what = "unknown pattern kind or field"
	}
	hint := ""
	if near := diagnostic.Nearest(name, names); near != "" {
		hint = "did you mean " + quote(near) + "?"
	} else if len(names) > 0 {
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
	if shape.Kind == cue.ListKind && user.IncompleteKind() == cue.ListKind && shape.Elem != nil {
		items, err := user.List()
		if err != nil {
			return
		}
		for i := 0; items.Next(); i++ {
			d.compare(items.Value(), shape.Elem, append(slices.Clone(path), strconv.Itoa(i)))
		}
	}
	if !user.IsConcrete() || user.Err() != nil || user.IncompleteKind() == cue.BottomKind {
		d.compareReference(user, path)
		return
	}
	err := shape.Constraint.Unify(user).Err()
	if err == nil || user.IncompleteKind() == cue.ListKind && shape.Kind == cue.ListKind && shape.Elem != nil && len(d.list) > 0 && d.covered(path) {
		return
	}
	reason, hint := d.reason(err, user, shape)
	d.add("PC1203", path, d.valuePosition(path, user), reason, hint)
}

// compareReference checks a value that depends on the rest of the spec: a
// reference to another field, most often an output.
func (d *diagnosis) compareReference(user cue.Value, path []string) {
	unified := d.unified.LookupPath(makePath(path))
	err := unified.Validate(cue.Concrete(true))
	if err == nil || d.covered(path) {
		return
	}
	if circle := d.circle(path); circle != "" {
		d.add("PC1207", path, token.NoPos, "refers to itself: "+circle, "break the circle: one of the values has to be written out")
		return
	}
	if group := errors.Errors(err); len(group[0].Path()) > len(path) {
		d.translate(err, false)
	} else {
		d.translateOne(path, group)
	}
}

// maxReferences is how long a circle is that is told in full.
const maxReferences = 32

// circle follows the references from path, and returns the way if it leads back.
func (d *diagnosis) circle(path []string) string {
	way := []string{joinPath(path)}
	for at := makePath(path); len(way) <= maxReferences; {
		_, next := d.user.LookupPath(at).ReferencePath()
		if len(next.Selectors()) == 0 {
			return ""
		}
		name := next.String()
		way = append(way, name)
		if name == way[0] {
			return strings.Join(way, " → ")
		}
		if slices.Contains(way[:len(way)-1], name) {
			return ""
		}
		at = next
	}
	return ""
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
	if len(shape.Values) > 0 {
		if s, err := user.String(); err == nil {
			if near := diagnostic.Nearest(s, shape.Values); near != "" {
				hint = "did you mean " + quote(near) + "?"
			}
		}
		return show(user) + " is not one of " + list(shape.Values), hint
	}
	for _, e := range errors.Errors(err) {
		if text := messageOf(e); d.own(e, text) {
			return show(user) + " " + text, ""
		}
	}
	if user.IncompleteKind()&shape.Kind == 0 {
		if shape.Kind == cue.StringKind && user.IncompleteKind()&(cue.NumberKind|cue.BoolKind) != 0 {
			hint = "quote it: " + quote(show(user))
		}
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

// kindName is what a value of a kind is, in a user's words.
func kindName(kind cue.Kind) string {
	switch kind {
	case cue.IntKind:
		return "a whole number"
	case cue.StructKind:
		return "a struct"
	case cue.ListKind:
		return "a list"
	case cue.StringKind:
		return "a string"
	case cue.BoolKind:
		return "true or false"
	}
	return "a " + kind.String()
}

var outOfBound = regexp.MustCompile(`^invalid value (.*) \(out of bound ([<>]=?|!=)(.*)\)$`)

// bound puts CUE's message about a bound into words.
func bound(text string) string {
	m := outOfBound.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	words := map[string]string{">=": "is less than", ">": "is not more than", "<=": "is more than", "<": "is not less than", "!=": "must not be"}
	return m[1] + " " + words[m[2]] + " " + m[3]
}

// own reports whether text was written in a schema, as the argument of error().
func (d *diagnosis) own(e errors.Error, text string) bool {
	return d.library.Owns(e.Position().Filename()) && (strings.HasPrefix(text, "is ") || strings.HasPrefix(text, "has "))
}

func messageOf(e errors.Error) string {
	format, args := e.Msg()
	return strings.TrimSuffix(strings.TrimSpace(fmt.Sprintf(format, args...)), ":")
}

// withCause is what e says and, after it, the error that caused it.
func withCause(e errors.Error) string {
	text := messageOf(e)
	_, cause, _ := strings.Cut(e.Error(), text+": ")
	return strings.TrimSuffix(text+": "+cause, ": ")
}

// translate explains CUE's own errors, one for each path that has none yet.
// Errors in what the schema computes follow from others, and are left out unless
// all.
func (d *diagnosis) translate(err error, all bool) {
	known := slices.Clone(d.explained)
	byPath := map[string][]errors.Error{}
	var paths []string
	for _, e := range errors.Errors(err) {
		name := strings.Join(e.Path(), "\x00")
		if _, seen := byPath[name]; !seen {
			paths = append(paths, name)
		}
		byPath[name] = append(byPath[name], e)
	}
	for _, name := range paths {
		whole := byPath[name][0].Path()
		path := visible(whole)
		if !all && (len(path) < len(whole) || d.isOutput(path) || d.coveredBy(known, path, byPath[name])) {
			continue
		}
		d.translateOne(path, byPath[name])
	}
}

// coveredBy is covered for what was known before. A bad name is a mistake of its
// own, whatever is wrong with what it names; where a schema offers a choice,
// that all choices failed is not.
func (d *diagnosis) coveredBy(known []string, path []string, group []errors.Error) bool {
	name := joinPath(path)
	own, choice := false, false
	for _, e := range group {
		text := messageOf(e)
		own = own || d.own(e, text)
		choice = choice || strings.Contains(text, "empty disjunction")
	}
	return slices.ContainsFunc(known, func(k string) bool {
		return k == name || within(k, name) || within(name, k) && (choice || !own)
	})
}

// isOutput reports whether path is in a field that the schema computes.
func (d *diagnosis) isOutput(path []string) bool {
	shape := d.shape
	for _, name := range path {
		if shape == nil {
			return false
		}
		if field, ok := shape.Field(name); ok {
			if field.Output {
				return true
			}
			shape = field.Shape
		} else {
			shape = shape.Elem
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
		if text := messageOf(e); d.own(e, text) {
			d.add("PC1203", path, token.NoPos, d.describe(path)+text, "")
			return
		}
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
	case strings.Contains(text, "incomplete value"), strings.HasPrefix(text, "invalid interpolation"):
		d.derive("PC1209", path, pos, "depends on something that has no value yet ("+text+")", "give a value to what it refers to")
	case strings.Contains(text, "required but not present"):
		d.add("PC1202", path, pos, "is missing", "")
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
	v := d.user.LookupPath(makePath(path))
	if v.Err() == nil && v.IncompleteKind() != cue.BottomKind {
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
	v := d.user.LookupPath(makePath(path))
	if v.Exists() && v.IsConcrete() && v.IncompleteKind()&(cue.StructKind|cue.ListKind) == 0 && !d.isEntry(path, v) {
		return show(v) + " "
	}
	return quote(path[len(path)-1]) + " "
}

// isEntry reports whether path is that of a good value in a map.
func (d *diagnosis) isEntry(path []string, v cue.Value) bool {
	shape := d.shape
	for _, name := range path[:len(path)-1] {
		if field, ok := shape.Field(name); ok {
			shape = field.Shape
		} else if shape = shape.Elem; shape == nil {
			return false
		}
	}
	return shape.Map() && shape.Elem.Constraint.Unify(v).Err() == nil
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

// undefined explains a reference to a field that isn't there.
func (d *diagnosis) undefined(path []string, pos token.Pos, name string) {
	if unquoted, err := strconv.Unquote(name); err == nil {
		name = unquoted
	}
	message, hint := "there is no "+quote(name), ""
	if base := d.referenceBase(pos); base != nil {
		if text, err := format.Node(base); err == nil {
			message += " in " + string(text)
			hint = d.suggest(cue.ParsePath(string(text)), name)
		}
	}
	d.add("PC1206", path, pos, message, hint)
}

func (d *diagnosis) suggest(base cue.Path, name string) string {
	it, err := d.unified.LookupPath(base).Fields()
	if err != nil {
		return ""
	}
	var names []string
	for it.Next() {
		names = append(names, it.Selector().Unquoted())
	}
	if near := diagnostic.Nearest(name, names); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	if len(names) == 0 || len(names) > 20 {
		return ""
	}
	return "there are: " + strings.Join(names, ", ")
}

// referenceBase finds what a selector at pos selects from.
func (d *diagnosis) referenceBase(pos token.Pos) ast.Expr {
	var base ast.Expr
	for _, file := range d.files {
		ast.Walk(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && (sel.Sel.Pos() == pos || base == nil && sel.Pos() == pos) {
				base = sel.X
			}
			return true
		}, nil)
	}
	return base
}

// undeclared explains an identifier that nothing declares.
func (d *diagnosis) undeclared(path []string, pos token.Pos, name string) {
	var names []string
	for _, file := range d.files {
		for _, decl := range file.Decls {
			if field, ok := decl.(*ast.Field); ok {
				if label, _, err := ast.LabelName(field.Label); err == nil {
					names = append(names, label)
				}
			}
		}
	}
	hint := ""
	if name == environmentsField || slices.Contains(d.environments, name) {
		hint = "environments can't refer to each other: what they share goes into a hidden field beside `environments`"
	} else if slices.Contains(names, name) {
		hint = "write the field " + name + " without quotes: a name in quotes can't be referred to"
	} else if near := diagnostic.Nearest(name, names); near != "" {
		hint = "did you mean " + quote(near) + "?"
	} else if slices.Contains(d.library.Kinds(), name) {
		hint = "the spec has no " + name + " instances"
	} else {
		hint = "text is written in quotes: " + quote(name)
	}
	d.add("PC1206", path, pos, "there is no "+quote(name)+" to refer to", hint)
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
	d.add("PC1208", path, pos, text, hint)
	if other >= 0 {
		last := &d.list[len(d.list)-1]
		last.Notes = append(last.Notes, diagnostic.Note{Position: position(places[other]), Message: "the other value is here"})
	}
}

func makePath(path []string) cue.Path {
	selectors := make([]cue.Selector, len(path))
	for i, name := range path {
		selectors[i] = cue.Str(name)
	}
	return cue.MakePath(selectors...)
}

// show writes a value as the user would.
func show(v cue.Value) string {
	text := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	if r := []rune(text); len(r) > 60 {
		text = string(r[:59]) + "…"
	}
	return text
}

func quote(s string) string { return strconv.Quote(s) }

func list(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, ", ")
}

func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(strings.Join(strings.Fields(text), " "), ". ")
	sentence = strings.TrimSuffix(sentence, ".")
	if r, size := utf8.DecodeRuneInString(sentence); size > 0 && !allUpper(sentence) {
		return string(unicode.ToLower(r)) + sentence[size:]
	}
	return sentence
}

// allUpper reports whether text begins with an abbreviation.
func allUpper(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	return len(word) > 1 && strings.ToUpper(word) == word
}

// rename puts the environment in front of the paths of problems in its edits.
func (o *outline) rename(list diagnostic.List) diagnostic.List {
	for i := range list {
		list[i].Path = o.prefix + "." + list[i].Path
	}
	return list
}

func libraryError(err error) diagnostic.List {
	var list diagnostic.List
	for _, e := range errors.Errors(err) {
		list = append(list, diagnostic.Diagnostic{
			Code:     "PC1401",
			Position: position(e.Position()),
			Path:     strings.Join(e.Path(), "."),
			Message:  messageOf(e),
			Hint:     "the pattern library is broken: see --library",
		})
	}
	return list
}
