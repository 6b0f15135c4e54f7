package generator

import (
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

// joinPath writes a path as CUE does: with quotes where a name needs them.
func joinPath(path []string) string {
	var b strings.Builder
	for i, name := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		if ast.IsValidIdent(name) {
			b.WriteString(name)
		} else {
			b.WriteString(quote(name))
		}
	}
	return b.String()
}

// An outline knows where the fields of an edition are written.
type outline struct {
	// fields holds the label of each field, by its joined path.
	fields map[string]token.Pos
	// ranges are the places of the environment's edits.
	ranges []span
	prefix string
}

type span struct{ from, to token.Pos }

// newOutline walks the syntax of an edition. What an environment writes wins
// over what the base writes in the same place.
func newOutline(e edition, environment string) *outline {
	o := &outline{fields: map[string]token.Pos{}}
	if environment != "" {
		o.prefix = joinPath([]string{environmentsField, environment})
	}
	for _, expr := range e.edits {
		o.ranges = append(o.ranges, span{expr.Pos(), expr.End()})
		o.addExpr(expr, nil)
	}
	for _, file := range e.files {
		o.add(file.Decls, nil)
	}
	return o
}

func (o *outline) add(decls []ast.Decl, path []string) {
	for _, decl := range decls {
		switch d := decl.(type) {
		case *ast.Field:
			name, ok := plainLabel(d)
			if !ok {
				continue
			}
			at := append(path[:len(path):len(path)], name)
			key := joinPath(at)
			if _, known := o.fields[key]; !known {
				o.fields[key] = d.Label.Pos()
			}
			o.addExpr(d.Value, at)
		case *ast.EmbedDecl:
			o.addExpr(d.Expr, path)
		case *ast.Comprehension:
			if lit, ok := d.Value.(*ast.StructLit); ok {
				o.add(lit.Elts, path)
			}
		}
	}
}

func (o *outline) addExpr(expr ast.Expr, path []string) {
	for _, lit := range structsOf(expr) {
		o.add(lit.Elts, path)
	}
}

// locate returns where path is written, or else the nearest enclosing field
// that is written.
func (o *outline) locate(path []string) token.Pos {
	for n := len(path); n > 0; n-- {
		if pos, ok := o.fields[joinPath(path[:n])]; ok {
			return pos
		}
	}
	return token.NoPos
}

// written reports whether path is written as such.
func (o *outline) written(path []string) bool {
	_, ok := o.fields[joinPath(path)]
	return ok
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
