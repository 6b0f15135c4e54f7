package generator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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

	list diagnostic.List
	// explained are the paths that have a diagnostic.
	explained []string
}

// explain returns everything that is wrong. err is what CUE says about the
// whole, and there is always a diagnostic for it.
func (d *diagnosis) explain(err error) diagnostic.List {
	d.compare(d.user, d.shape, nil)
	d.translate(err, false)
	if len(d.list) == 0 {
		d.translate(err, true)
	}
	return d.list.Sorted()
}

// syntax explains what CUE says about files that could not be compiled.
func (d *diagnosis) syntax(err error) diagnostic.List {
	d.translate(err, true)
	return d.list.Sorted()
}

func (d *diagnosis) add(code string, path []string, pos token.Pos, message, hint string) {
	if !pos.IsValid() {
		pos = d.outline.locate(path)
	}
	at, name := d.outline.place(pos, path)
	d.list = append(d.list, diagnostic.Diagnostic{Code: code, Position: at, Path: name, Message: message, Hint: hint})
	d.explained = append(d.explained, joinPath(path))
}

// covered reports whether path, something around it or something in it has been
// explained: what CUE says about it would say the same again.
func (d *diagnosis) covered(path []string) bool {
	name := joinPath(path)
	return slices.ContainsFunc(d.explained, func(known string) bool {
		return known == name || within(known, name) || within(name, known)
	})
}

func within(outer, inner string) bool { return strings.HasPrefix(inner, outer+".") }

// compare finds unknown fields, missing fields, and values that don't fit, in
// what the user wrote at path.
func (d *diagnosis) compare(user cue.Value, shape *catalogue.Shape, path []string) {
	if shape.Kind != cue.StructKind || user.IncompleteKind() != cue.StructKind {
		d.compareValue(user, shape, path)
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
		d.add("PC1202", at, token.NoPos, "is missing", firstSentence(field.Doc))
	}
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
	if !d.outline.written(path) && !d.library.Owns(value.Pos().Filename()) {
		pos = value.Pos()
	}
	d.add("PC1201", path, pos, what, hint)
}

// compareValue checks one value that is complete without the rest of the spec.
func (d *diagnosis) compareValue(user cue.Value, shape *catalogue.Shape, path []string) {
	if shape.Kind == cue.ListKind && user.IncompleteKind() == cue.ListKind && shape.Elem != nil {
		items, err := user.List()
		if err != nil {
			return
		}
		for i := 0; items.Next(); i++ {
			d.compare(items.Value(), shape.Elem, append(slices.Clone(path), strconv.Itoa(i)))
		}
		return
	}
	if user.IncompleteKind() == cue.BottomKind || user.IncompleteKind() == cue.TopKind {
		return
	}
	if user.IncompleteKind()&shape.Kind == 0 && shape.Kind != cue.BottomKind {
		d.misfit(path, user, d.wants(shape))
		return
	}
	if !user.IsConcrete() || user.IncompleteKind() == cue.StructKind {
		return
	}
	if err := shape.Constraint.Unify(user).Err(); err != nil {
		d.misfit(path, user, d.reason(err, user, shape))
	}
}

func (d *diagnosis) misfit(path []string, user cue.Value, reason string) {
	hint := ""
	if user.IncompleteKind() == cue.NumberKind || user.IncompleteKind() == cue.IntKind || user.IncompleteKind() == cue.BoolKind {
		if strings.Contains(reason, "is not a string") {
			hint = fmt.Sprintf("quote it: %s", quote(show(user)))
		}
	}
	if i := strings.Index(reason, "\x00"); i >= 0 {
		reason, hint = reason[:i], reason[i+1:]
	}
	d.add("PC1203", path, d.valuePosition(path, user), reason, hint)
}

// valuePosition is where a value is written, if that is within the field that
// it is about; a value that comes from elsewhere is reported at its field.
func (d *diagnosis) valuePosition(path []string, v cue.Value) token.Pos {
	pos := v.Pos()
	if !pos.IsValid() || d.library.Owns(pos.Filename()) {
		return token.NoPos
	}
	label := d.outline.locate(path)
	if d.outline.written(path) && label.IsValid() && (label.File() != pos.File() || label.Line() != pos.Line()) {
		return token.NoPos
	}
	return pos
}

// wants says that a value is of the wrong kind.
func (d *diagnosis) wants(shape *catalogue.Shape) string {
	switch {
	case len(shape.Values) > 0:
		return "is not one of " + list(shape.Values)
	case shape.Kind == cue.IntKind:
		return "is not a whole number"
	case shape.Kind == cue.StructKind:
		return "is not a struct"
	case shape.Kind == cue.ListKind:
		return "is not a list"
	case shape.Kind == cue.StringKind:
		return "is not a string"
	case shape.Kind == cue.BoolKind:
		return "is not true or false"
	}
	return "is not a " + shape.Kind.String()
}

// reason says why a value of the right kind does not fit.
func (d *diagnosis) reason(err error, user cue.Value, shape *catalogue.Shape) string {
	if len(shape.Values) > 0 {
		reason := "is not one of " + list(shape.Values)
		if s, err := user.String(); err == nil {
			if near := diagnostic.Nearest(s, shape.Values); near != "" {
				reason += "\x00did you mean " + quote(near) + "?"
			}
		}
		return reason
	}
	return d.message(err)
}

// message picks what says most out of CUE's messages about one value: the
// schema's own, then a bound, then anything.
func (d *diagnosis) message(err error) string {
	best := ""
	for _, e := range errors.Errors(err) {
		text := messageOf(e)
		switch {
		case d.own(e, text):
			return text
		case best == "" || strings.Contains(text, "out of bound"):
			best = text
		}
	}
	return best
}

// own reports whether text was written in a schema, as the argument of error().
func (d *diagnosis) own(e errors.Error, text string) bool {
	return d.library.Owns(e.Position().Filename()) && (strings.HasPrefix(text, "is ") || strings.HasPrefix(text, "has "))
}

func messageOf(e errors.Error) string {
	format, args := e.Msg()
	return strings.TrimSuffix(strings.TrimSpace(fmt.Sprintf(format, args...)), ":")
}

// translate explains CUE's own errors, one for each path that has none yet.
// Errors in computed fields follow from others, and are left out unless all.
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
		path := visible(byPath[name][0].Path())
		if !all && (d.isOutput(path) || d.coveredBy(known, path)) {
			continue
		}
		d.translateOne(path, byPath[name])
	}
}

func (d *diagnosis) coveredBy(known []string, path []string) bool {
	saved := d.explained
	d.explained = known
	defer func() { d.explained = saved }()
	return d.covered(path)
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

// visible cuts a path at the first name that the user can't have written.
func visible(path []string) []string {
	for i, name := range path {
		if strings.HasPrefix(name, "#") || strings.HasPrefix(name, "_") {
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
	for _, e := range group {
		text := messageOf(e)
		if d.own(e, text) {
			d.add("PC1203", path, token.NoPos, d.describe(path)+text, "")
			return
		}
	}
	text := messageOf(group[0])
	for _, e := range group {
		if t := messageOf(e); !strings.Contains(t, "empty disjunction") {
			text = t
			break
		}
	}
	switch {
	case strings.HasPrefix(text, "undefined field: "):
		d.undefined(path, pos, strings.TrimPrefix(text, "undefined field: "))
	case strings.HasPrefix(text, "reference ") && strings.HasSuffix(text, " not found"):
		name, _ := strconv.Unquote(strings.TrimSuffix(strings.TrimPrefix(text, "reference "), " not found"))
		d.unresolved(path, pos, name)
	case strings.Contains(text, "cycle"):
		d.add("PC1207", path, pos, "refers to itself, directly or through others ("+text+")", "break the circle: one of the values has to be written out")
	case strings.HasPrefix(text, "conflicting values"), strings.Contains(text, "mismatched types"):
		d.conflict(path, pos, text, group)
	case strings.Contains(text, "incomplete value"), strings.Contains(text, "required but not present"):
		d.add("PC1202", path, pos, "is missing", "")
	case text == "field not allowed":
		d.add("PC1201", path, pos, "unknown field", "")
	default:
		d.add("PC1203", path, pos, text, "")
	}
}

// describe puts the user's value in front of a message about it.
func (d *diagnosis) describe(path []string) string {
	if !d.user.Exists() {
		return ""
	}
	v := d.user.LookupPath(makePath(path))
	if !v.Exists() || !v.IsConcrete() || v.IncompleteKind() == cue.StructKind || v.IncompleteKind() == cue.ListKind {
		if len(path) > 0 {
			return quote(path[len(path)-1]) + " "
		}
		return ""
	}
	return show(v) + " "
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

// unresolved explains an identifier that nothing declares.
func (d *diagnosis) unresolved(path []string, pos token.Pos, name string) {
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
	if near := diagnostic.Nearest(name, names); near != "" {
		hint = "did you mean " + quote(near) + "?"
	} else if slices.Contains(d.library.Kinds(), name) {
		hint = "the spec has no " + name + " instances"
	} else {
		hint = "text is written in quotes: " + quote(name)
	}
	d.add("PC1206", path, pos, "there is no "+quote(name)+" to refer to", hint)
}

// conflict explains two values for one field.
func (d *diagnosis) conflict(path []string, pos token.Pos, text string, group []errors.Error) {
	var places []token.Pos
	for _, e := range group {
		for _, p := range append([]token.Pos{e.Position()}, e.InputPositions()...) {
			if p.IsValid() && !d.library.Owns(p.Filename()) && !slices.Contains(places, p) {
				places = append(places, p)
			}
		}
	}
	d.add("PC1208", path, pos, text, "")
	last := &d.list[len(d.list)-1]
	for _, p := range places {
		if at := position(p); at != last.Position {
			last.Notes = append(last.Notes, diagnostic.Note{Position: at, Message: "the other value is here"})
			break
		}
	}
	if d.outline.prefix != "" && len(last.Notes) > 0 {
		last.Hint = "an environment replaces what the base writes in the same place, not what a shared field or a pattern adds: write the field out in the base"
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
	text := fmt.Sprint(v)
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
	return strings.TrimSuffix(sentence, ".")
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
