package generator

import (
	"slices"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// literals returns the struct literals that expr stands for: its own, and those
// behind references to the spec's fields, definitions and let clauses.
func (e *edition) literals(expr ast.Expr) []*ast.StructLit {
	found, known := e.meanings[expr]
	if !known {
		// A reference that leads back here adds nothing.
		e.meanings[expr] = nil
		for _, lit := range e.resolve(expr) {
			if !slices.Contains(found, lit) {
				found = append(found, lit)
			}
		}
		e.meanings[expr] = found
	}
	return found
}

func (e *edition) resolve(expr ast.Expr) []*ast.StructLit {
	switch x := expr.(type) {
	case *ast.StructLit:
		return []*ast.StructLit{x}
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			return slices.Concat(e.literals(x.X), e.literals(x.Y))
		}
	case *ast.ParenExpr:
		return e.literals(x.X)
	case *ast.Alias:
		return e.literals(x.Expr)
	case *ast.Ident:
		if scope, ok := x.Scope.(*ast.StructLit); ok {
			return e.named(scope.Elts, x.Name)
		}
		var found []*ast.StructLit
		for _, file := range e.files {
			found = append(found, e.named(file.Decls, x.Name)...)
		}
		return found
	case *ast.SelectorExpr:
		name, _, err := ast.LabelName(x.Sel)
		if err != nil {
			return nil
		}
		var found []*ast.StructLit
		for _, lit := range e.literals(x.X) {
			found = append(found, e.named(lit.Elts, name)...)
		}
		return found
	}
	return nil
}

// named returns the struct literals that the declaration called name stands for.
func (e *edition) named(decls []ast.Decl, name string) []*ast.StructLit {
	var found []*ast.StructLit
	for _, decl := range decls {
		if let, ok := decl.(*ast.LetClause); ok && let.Ident.Name == name {
			found = append(found, e.literals(let.Expr)...)
		}
	}
	for _, field := range fieldsCalled(decls, name) {
		found = append(found, e.literals(field.Value)...)
	}
	return found
}
