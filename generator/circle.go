package generator

import (
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// circles finds fields that refer to each other and to nothing else. CUE gives
// them the schema's default, if there is one, which nobody wrote.
func (d *diagnosis) circles() {
	for _, file := range d.files {
		d.circlesIn(file.Decls, nil)
	}
}

func (d *diagnosis) circlesIn(decls []ast.Decl, path []string) {
	for _, decl := range decls {
		if embed, ok := decl.(*ast.EmbedDecl); ok {
			d.circleIn(embed.Expr, path)
		} else if name, ok := plainLabel(decl); ok {
			d.circleIn(decl.(*ast.Field).Value, append(path[:len(path):len(path)], name))
		}
	}
}

func (d *diagnosis) circleIn(expr ast.Expr, path []string) {
	for _, lit := range structsOf(expr) {
		d.circlesIn(lit.Elts, path)
	}
	if _, isReference := expr.(*ast.SelectorExpr); !isReference || d.covered(path) || lookup(d.user, path).IsConcrete() {
		return
	}
	if circle := d.circle(path); circle != "" {
		d.refersToItself(path, circle)
	}
}

func (d *diagnosis) refersToItself(path []string, circle string) {
	d.add("PC1207", path, token.NoPos, "refers to itself: "+circle, "break the circle: one of the values has to be written out")
}

// maxReferences is how long a circle is that is told in full.
const maxReferences = 32

// circle follows the references from path, and returns the way if it leads back.
func (d *diagnosis) circle(path []string) string {
	way := []string{joinPath(path)}
	for at := lookup(d.user, path); len(way) <= maxReferences; {
		next := referencePath(at)
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
		at = d.user.LookupPath(next)
	}
	return ""
}
