package generator

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

func position(pos token.Pos) diagnostic.Position {
	if !pos.IsValid() {
		return diagnostic.Position{}
	}
	p := pos.Position()
	return diagnostic.Position{File: p.Filename, Line: p.Line, Column: p.Column}
}

// joinPath writes a path as CUE does: with quotes where a name needs them. An
// item of a list goes by its index.
func joinPath(path []string) string {
	var b strings.Builder
	for i, name := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		_, err := strconv.Atoi(name)
		if isIndex := err == nil; isIndex || ast.IsValidIdent(name) {
			b.WriteString(name)
		} else {
			b.WriteString(quote(name))
		}
	}
	return b.String()
}

// lookup returns what is at path in v; an item of a list goes by its index.
func lookup(v cue.Value, path []string) cue.Value {
	for _, name := range path {
		selector := cue.Str(name)
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && v.IncompleteKind() == cue.ListKind {
			selector = cue.Index(i)
		}
		v = v.LookupPath(cue.MakePath(selector))
	}
	return v
}

// An outline knows where the fields of an edition are written.
type outline struct {
	// base and edits hold the label of each field, by its joined path: those
	// that the base writes, and those that the environment writes.
	base, edits places
	// spans are where the environment's edits are.
	spans []span
	// instances are the names of the base's instances, by kind, as far as they
	// were asked for.
	instances map[string][]string
	// prefix is the path of the environment; it is empty for the base.
	prefix []string
}

type span struct{ from, to token.Pos }

func newOutline(e edition) *outline {
	o := &outline{base: places{}, edits: places{}, instances: map[string][]string{}, spans: e.spans, prefix: e.prefix}
	maps.Copy(o.edits, e.removed)
	for _, expr := range e.edits {
		o.edits.addExpr(expr, nil)
	}
	for _, file := range e.files {
		o.base.add(slices.DeleteFunc(slices.Clone(file.Decls), e.isEdit), nil)
	}
	return o
}

// places holds the label of each field, by its joined path.
type places map[string]token.Pos

// computedName stands for all names that are not written as such.
const computedName = "*"

// find returns the place of path, of which names may be computed.
func (p places) find(path []string) (token.Pos, bool) {
	if pos, ok := p[joinPath(path)]; ok {
		return pos, true
	}
	at := slices.Clone(path)
	for i := range at {
		if _, ok := p[joinPath(at[:i+1])]; !ok {
			at[i] = computedName
		}
	}
	pos, ok := p[joinPath(at)]
	return pos, ok
}

func (p places) add(decls []ast.Decl, path []string) {
	for _, decl := range decls {
		switch d := decl.(type) {
		case *ast.Field:
			if _, isPattern := d.Label.(*ast.ListLit); isPattern || d.Constraint != token.ILLEGAL {
				continue
			}
			name, ok := labelName(d)
			if !ok {
				name = computedName
			}
			at := append(path[:len(path):len(path)], name)
			key := joinPath(at)
			if _, known := p[key]; !known {
				p[key] = d.Label.Pos()
			}
			p.addExpr(d.Value, at)
		case *ast.EmbedDecl:
			p.addExpr(d.Expr, path)
		case *ast.Comprehension:
			if lit, ok := d.Value.(*ast.StructLit); ok {
				p.add(lit.Elts, path)
			}
		}
	}
}

func (p places) addExpr(expr ast.Expr, path []string) {
	for _, lit := range structsOf(expr) {
		p.add(lit.Elts, path)
	}
	if list, ok := expr.(*ast.ListLit); ok {
		for i, item := range list.Elts {
			at := append(path[:len(path):len(path)], strconv.Itoa(i))
			p[joinPath(at)] = item.Pos()
			p.addExpr(item, at)
		}
	}
}

// at returns where path is written. What an environment writes wins over what
// the base writes in the same place.
func (o *outline) at(path []string) (token.Pos, bool) {
	if pos, ok := o.edits.find(path); ok {
		return pos, true
	}
	return o.base.find(path)
}

// environmentOnly reports whether only the environment writes path.
func (o *outline) environmentOnly(path []string) bool {
	name := joinPath(path)
	_, edited := o.edits[name]
	_, based := o.base.find(path)
	return edited && !based
}

// baseInstances returns the names of the instances of a kind in the base.
func (o *outline) baseInstances(kind string) []string {
	names, known := o.instances[kind]
	if known {
		return names
	}
	for path := range o.base {
		name, ok := strings.CutPrefix(path, kind+".")
		if unquoted, err := strconv.Unquote(name); err == nil {
			name = unquoted
		}
		if ok && environmentName.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	o.instances[kind] = names
	return names
}

// locate returns where path is written, or else the nearest enclosing field
// that is written.
func (o *outline) locate(path []string) token.Pos {
	for n := len(path); n > 0; n-- {
		if pos, ok := o.at(path[:n]); ok {
			return pos
		}
	}
	return token.NoPos
}

// writes reports whether what diagnostics call name is written at pos.
func (o *outline) writes(name string, pos diagnostic.Position) bool {
	name = strings.TrimPrefix(name, joinPath(o.prefix)+".")
	return position(o.edits[name]) == pos || position(o.base[name]) == pos
}

// inEdit reports whether pos is in what the environment writes.
func (o *outline) inEdit(pos token.Pos) bool {
	return pos.IsValid() && slices.ContainsFunc(o.spans, func(s span) bool {
		return pos.File() == s.from.File() && pos.Offset() >= s.from.Offset() && pos.Offset() < s.to.Offset()
	})
}

// place returns position and path as a diagnostic shows them: what an
// environment writes is named with the environment in front.
func (o *outline) place(pos token.Pos, path []string) (diagnostic.Position, string) {
	if o.inEdit(pos) {
		path = slices.Concat(o.prefix, path)
	}
	return position(pos), joinPath(path)
}
