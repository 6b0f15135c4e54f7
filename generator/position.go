package generator

import (
	"slices"
	"strconv"
	"strings"

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

// An outline knows where the fields of an edition are written.
type outline struct {
	// base and edits hold the label of each field, by its joined path: those
	// that the base writes, and those that the environment writes.
	base, edits places
	// ranges are where the environment's edits are.
	ranges []span
	// prefix is the path of the environment; it is empty for the base.
	prefix string
}

type span struct{ from, to token.Pos }

func newOutline(e edition, environment string) *outline {
	o := &outline{base: places{}, edits: places{}}
	if environment != "" {
		o.prefix = joinPath([]string{environmentsField, environment})
	}
	for _, expr := range e.edits {
		o.ranges = append(o.ranges, span{expr.Pos(), expr.End()})
		o.edits.addExpr(expr, nil)
	}
	for _, file := range e.files {
		o.base.add(slices.DeleteFunc(slices.Clone(file.Decls), e.isEdit), nil)
	}
	return o
}

// places holds the label of each field, by its joined path.
type places map[string]token.Pos

func (p places) add(decls []ast.Decl, path []string) {
	for _, decl := range decls {
		switch d := decl.(type) {
		case *ast.Field:
			name, ok := plainLabel(d)
			if !ok {
				continue
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
	name := joinPath(path)
	if pos, ok := o.edits[name]; ok {
		return pos, true
	}
	pos, ok := o.base[name]
	return pos, ok
}

// environmentOnly reports whether only the environment writes path.
func (o *outline) environmentOnly(path []string) bool {
	name := joinPath(path)
	_, edited := o.edits[name]
	_, based := o.base[name]
	return edited && !based
}

// baseInstances returns the names of the instances of a kind in the base.
func (o *outline) baseInstances(kind string) []string {
	var names []string
	for path := range o.base {
		if name, ok := strings.CutPrefix(path, kind+"."); ok && !strings.Contains(name, ".") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
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

// place returns position and path as a diagnostic shows them: what an
// environment writes is named with the environment in front.
func (o *outline) place(pos token.Pos, path []string) (diagnostic.Position, string) {
	name := joinPath(path)
	for _, r := range o.ranges {
		if pos.IsValid() && pos.File() == r.from.File() && pos.Offset() >= r.from.Offset() && pos.Offset() < r.to.Offset() {
			name = o.prefix + "." + name
			break
		}
	}
	return position(pos), name
}
