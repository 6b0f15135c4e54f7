package generator

import (
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

// A body is a list of declarations that can be edited.
type body struct{ decls *[]ast.Decl }

// bodiesOf returns the struct literals that an expression unifies.
func bodiesOf(expr ast.Node) []*body {
	var bodies []*body
	if e, ok := expr.(ast.Expr); ok {
		for _, lit := range structsOf(e) {
			bodies = append(bodies, &body{&lit.Elts})
		}
	}
	return bodies
}

func structsOf(expr ast.Expr) []*ast.StructLit {
	switch x := expr.(type) {
	case *ast.StructLit:
		return []*ast.StructLit{x}
	case *ast.ParenExpr:
		return structsOf(x.X)
	case *ast.Alias:
		return structsOf(x.Expr)
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			return append(structsOf(x.X), structsOf(x.Y)...)
		}
	}
	return nil
}

type declaration struct {
	body  *body
	field *ast.Field
}

// declarations finds the fields called name, as far as the syntax shows them.
func declarations(bodies []*body, name string) []declaration {
	var found []declaration
	for _, b := range bodies {
		for _, f := range fieldsCalled(*b.decls, name) {
			found = append(found, declaration{b, f})
		}
		for _, decl := range *b.decls {
			switch d := decl.(type) {
			case *ast.EmbedDecl:
				found = append(found, declarations(bodiesOf(d.Expr), name)...)
			case *ast.Comprehension:
				found = append(found, declarations(bodiesOf(d.Value), name)...)
			}
		}
	}
	return found
}

func fieldsCalled(decls []ast.Decl, name string) []*ast.Field {
	var fields []*ast.Field
	for _, decl := range decls {
		if label, ok := plainLabel(decl); ok && label == name {
			fields = append(fields, decl.(*ast.Field))
		}
	}
	return fields
}

// plainLabel returns the name of a field that is written as such: neither
// computed nor a constraint on a field that may be written elsewhere.
func plainLabel(decl ast.Decl) (string, bool) {
	field, ok := decl.(*ast.Field)
	if !ok || field.Constraint != token.ILLEGAL {
		return "", false
	}
	return labelName(field)
}

// labelName returns the name of a field, unless it is computed.
func labelName(field *ast.Field) (string, bool) {
	label := field.Label
	if alias, ok := label.(*ast.Alias); ok {
		if l, ok := alias.Expr.(ast.Label); ok {
			label = l
		}
	}
	switch l := label.(type) {
	case *ast.Ident:
		return l.Name, l.Name != ""
	case *ast.BasicLit:
		name, err := literal.Unquote(l.Value)
		return name, err == nil
	}
	return "", false
}

// isScalar reports whether the syntax of expr shows that it is no struct.
func isScalar(expr ast.Expr) bool {
	switch expr.(type) {
	case *ast.BasicLit, *ast.ListLit, *ast.Interpolation:
		return true
	}
	return false
}

func isNull(expr ast.Expr) bool {
	lit, ok := expr.(*ast.BasicLit)
	return ok && lit.Kind == token.NULL
}

// isHidden reports whether name is that of a hidden field or a definition.
func isHidden(name string) bool {
	return strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#")
}

// resolveAgain makes the identifiers of an edited file mean what they mean
// after the edit.
func resolveAgain(file *ast.File) {
	ast.Walk(file, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok {
			ident.Node, ident.Scope = nil, nil
		}
		return true
	}, nil)
	file.Unresolved = nil
	astutil.Resolve(file, func(token.Pos, string, ...any) {})
}
