package generator

import (
	"slices"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
)

// CUE refuses imports, let clauses and aliases that nothing refers to. An edit
// can be what leaves them behind: what only one environment uses is not used in
// the base.

// lose notes the names that node refers to, before it is taken out of the files.
func (e *edition) lose(node ast.Node) {
	for name := range references(node) {
		e.lost[name] = true
	}
}

// references returns the names of the declarations that node refers to, as far
// as they are in the same file.
func references(node ast.Node) map[string]bool {
	names := map[string]bool{}
	ast.Walk(node, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok && ident.Node != nil {
			names[ident.Name] = true
		}
		return true
	}, nil)
	return names
}

// prune takes imports, let clauses and aliases out of file that were lost the
// last reference to. Those that never had one stay, for CUE to complain about.
func (e *edition) prune(file *ast.File) {
	for pruned := len(e.lost) > 0; pruned; {
		pruned = false
		used := references(file)
		unused := func(name string) bool {
			if !e.lost[name] || used[name] {
				return false
			}
			pruned = true
			return true
		}
		drop := func(decls []ast.Decl) []ast.Decl {
			return slices.DeleteFunc(decls, func(decl ast.Decl) bool {
				let, ok := decl.(*ast.LetClause)
				if !ok || !unused(let.Ident.Name) {
					return false
				}
				e.lose(let.Expr)
				return true
			})
		}
		file.Decls = drop(file.Decls)
		ast.Walk(file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.StructLit:
				x.Elts = drop(x.Elts)
			case *ast.Field:
				if alias, ok := x.Label.(*ast.Alias); ok && unused(alias.Ident.Name) {
					x.Label = alias.Expr.(ast.Label)
				}
				if alias, ok := x.Value.(*ast.Alias); ok && unused(alias.Ident.Name) {
					x.Value = alias.Expr
				}
			case *ast.ImportDecl:
				x.Specs = slices.DeleteFunc(x.Specs, func(spec *ast.ImportSpec) bool {
					info, err := astutil.ParseImportSpec(spec)
					return err == nil && unused(info.Ident)
				})
			}
			return true
		}, nil)
	}
}
