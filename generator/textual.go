package generator

import (
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
)

// YAML and JSON have no references: what reads like one is text, and that text
// is what the pods would get.

// textualReferences warns of the texts in the spec's YAML and JSON files that
// read like a reference to an instance's output.
func (s *Spec) textualReferences(e edition, shape *catalogue.Shape, outline *outline) diagnostic.List {
	t := textual{shape: shape, outline: outline}
	for i, source := range s.sources.Files {
		if source.isYAML() || source.isJSON() {
			t.inDeclarations(e.files[i].Decls, nil)
		}
	}
	return t.list
}

type textual struct {
	shape   *catalogue.Shape
	outline *outline
	list    diagnostic.List
}

func (t *textual) inDeclarations(decls []ast.Decl, path []string) {
	for _, decl := range decls {
		switch d := decl.(type) {
		case *ast.Field:
			if name, ok := labelName(d); ok {
				t.in(d.Value, append(path[:len(path):len(path)], name))
			}
		case *ast.EmbedDecl:
			t.in(d.Expr, path)
		}
	}
}

func (t *textual) in(expr ast.Expr, path []string) {
	switch x := expr.(type) {
	case *ast.StructLit:
		t.inDeclarations(x.Elts, path)
	case *ast.ListLit:
		for i, item := range x.Elts {
			t.in(item, append(path[:len(path):len(path)], strconv.Itoa(i)))
		}
	case *ast.BasicLit:
		text, err := literal.Unquote(x.Value)
		if err != nil || x.Kind != token.STRING {
			return
		}
		at := strings.Split(text, ".")
		if _, known := t.shape.At(at); !known || !isOutput(t.shape, at) {
			return
		}
		d := diagnostic.Diagnostic{
			Code:     "PC1210",
			Severity: diagnostic.Warning,
			Message:  quote(text) + " is text, not a reference",
			Hint:     "references need a CUE spec",
		}
		d.Position, d.Path = t.outline.place(x.Pos(), path)
		t.list = append(t.list, d)
	}
}
