package generator

import (
	"slices"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// Environments are edits of the syntax tree, made before anything is evaluated:
// where an environment sets a field, the base's own value of that field is
// blanked, and the environment's struct becomes part of the file. So references
// follow as if the user had edited the base, and every position stays that of
// the user's file.

// environmentsField is the top-level field that holds the edits.
const environmentsField = "environments"

// environmentNames returns the names below environments, in the order written.
func environmentNames(files []*ast.File) ([]string, diagnostic.List) {
	var names []string
	var list diagnostic.List
	for _, file := range files {
		for _, field := range fieldsCalled(file.Decls, environmentsField) {
			edits, ok := field.Value.(*ast.StructLit)
			if !ok {
				list = append(list, diagnostic.Diagnostic{
					Code:     "PC1101",
					Position: position(field.Value.Pos()),
					Path:     environmentsField,
					Message:  "is not written as a struct",
					Hint:     "write `environments: prod: {...}`: environments are known before the spec is evaluated",
				})
				continue
			}
			for _, decl := range edits.Elts {
				name, ok := plainLabel(decl)
				if !ok {
					list = append(list, diagnostic.Diagnostic{
						Code:     "PC1101",
						Position: position(decl.Pos()),
						Path:     environmentsField,
						Message:  "holds something other than plainly named environments",
						Hint:     "what several environments share goes into a hidden field beside `environments`",
					})
					continue
				}
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names, list
}

// An edition is the syntax of a spec with one environment's edits made, or none.
type edition struct {
	files []*ast.File
	// edits are the environment's own structs, now part of the files.
	edits []ast.Expr
	// problems are edits that can't be made.
	problems diagnostic.List
}

// edit strips the environments off files and makes the edits of one of them;
// the base is called "".
func edit(files []*ast.File, environment string) edition {
	e := edition{files: files}
	type place struct {
		file *ast.File
		edit ast.Expr
	}
	var places []place
	for _, file := range files {
		for _, field := range fieldsCalled(file.Decls, environmentsField) {
			if edits, ok := field.Value.(*ast.StructLit); ok {
				for _, f := range fieldsCalled(edits.Elts, environment) {
					places = append(places, place{file, f.Value})
				}
			}
		}
		file.Decls = slices.DeleteFunc(file.Decls, func(d ast.Decl) bool {
			name, ok := plainLabel(d)
			return ok && name == environmentsField
		})
	}
	if environment != "" {
		for _, p := range places {
			var bodies []*body
			for _, file := range files {
				bodies = append(bodies, &body{&file.Decls})
			}
			e.merge(p.edit, bodies, nil)
			p.file.Decls = append(p.file.Decls, &ast.EmbedDecl{Expr: p.edit})
			e.edits = append(e.edits, p.edit)
		}
	}
	for _, file := range files {
		resolveAgain(file)
	}
	return e
}

// isEdit reports whether decl is an environment's struct, made part of a file.
func (e *edition) isEdit(decl ast.Decl) bool {
	embed, ok := decl.(*ast.EmbedDecl)
	return ok && slices.Contains(e.edits, embed.Expr)
}

// A body is a list of declarations that can be edited.
type body struct{ decls *[]ast.Decl }

// merge edits the declarations in bodies, which all describe the value at path,
// so that they agree with edit.
func (e *edition) merge(edit ast.Expr, bodies []*body, path []string) {
	for _, lit := range structsOf(edit) {
		lit.Elts = slices.DeleteFunc(lit.Elts, func(decl ast.Decl) bool {
			field, ok := decl.(*ast.Field)
			return ok && isNull(field.Value) && e.remove(field, bodies, path)
		})
	}
	for _, lit := range e.literals(edit, 0) {
		for _, decl := range lit.Elts {
			name, ok := plainLabel(decl)
			if !ok {
				continue
			}
			value := decl.(*ast.Field).Value
			declared := declarations(bodies, name)
			if len(e.literals(value, 0)) == 0 {
				for _, d := range declared {
					d.field.Value = &ast.Ident{Name: "_", NamePos: d.field.Value.Pos()}
				}
				continue
			}
			var inner []*body
			for _, d := range declared {
				inner = append(inner, bodiesOf(d.field.Value)...)
			}
			e.merge(value, inner, append(slices.Clone(path), name))
		}
	}
}

// remove takes a field that an environment sets to null out of the base.
func (e *edition) remove(field *ast.Field, bodies []*body, path []string) bool {
	name, ok := plainLabel(field)
	if !ok {
		return false
	}
	declared := declarations(bodies, name)
	if len(declared) == 0 {
		e.problems = append(e.problems, diagnostic.Diagnostic{
			Code:     "PC1103",
			Position: position(field.Pos()),
			Path:     joinPath(append(slices.Clone(path), name)),
			Message:  "null removes a field of the base, and the base doesn't have this one",
		})
	}
	for _, d := range declared {
		*d.body.decls = slices.DeleteFunc(*d.body.decls, func(other ast.Decl) bool { return other == ast.Decl(d.field) })
	}
	return true
}

// maxReferences ends a chain of references that leads back to itself.
const maxReferences = 32

// literals returns the struct literals that expr stands for: its own, and those
// behind references to the spec's fields, definitions and let clauses.
func (e *edition) literals(expr ast.Expr, depth int) []*ast.StructLit {
	if depth > maxReferences {
		return nil
	}
	switch x := expr.(type) {
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			return append(e.literals(x.X, depth+1), e.literals(x.Y, depth+1)...)
		}
	case *ast.ParenExpr:
		return e.literals(x.X, depth+1)
	case *ast.Ident:
		var found []*ast.StructLit
		for _, file := range e.files {
			found = append(found, e.named(file.Decls, x.Name, depth)...)
		}
		return found
	case *ast.SelectorExpr:
		name, _, err := ast.LabelName(x.Sel)
		if err != nil {
			return nil
		}
		var found []*ast.StructLit
		for _, lit := range e.literals(x.X, depth+1) {
			found = append(found, e.named(lit.Elts, name, depth)...)
		}
		return found
	}
	return structsOf(expr)
}

// named returns the struct literals that the declaration called name stands for.
func (e *edition) named(decls []ast.Decl, name string, depth int) []*ast.StructLit {
	var found []*ast.StructLit
	for _, decl := range decls {
		switch d := decl.(type) {
		case *ast.Field:
			if label, _, err := ast.LabelName(d.Label); err == nil && label == name {
				found = append(found, e.literals(d.Value, depth+1)...)
			}
		case *ast.LetClause:
			if d.Ident.Name == name {
				found = append(found, e.literals(d.Expr, depth+1)...)
			}
		}
	}
	return found
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
// hidden nor computed.
func plainLabel(decl ast.Decl) (string, bool) {
	field, ok := decl.(*ast.Field)
	if !ok {
		return "", false
	}
	label := field.Label
	if alias, ok := label.(*ast.Alias); ok {
		if l, ok := alias.Expr.(ast.Label); ok {
			label = l
		}
	}
	switch l := label.(type) {
	case *ast.Ident:
		return l.Name, l.Name != "" && l.Name[0] != '_' && l.Name[0] != '#'
	case *ast.BasicLit:
		name, err := literal.Unquote(l.Value)
		return name, err == nil
	}
	return "", false
}

func isNull(expr ast.Expr) bool {
	lit, ok := expr.(*ast.BasicLit)
	return ok && lit.Kind == token.NULL
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
