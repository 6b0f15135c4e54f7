package generator

import (
	"regexp"
	"slices"
	"strings"

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

const environmentsHint = "write `environments: prod: {...}`: environments are known before the spec is evaluated"

// environmentName is what #System says about the names of environments, which
// are needed before it can be asked.
var environmentName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)

// environmentNames returns the names below environments, in the order written.
func environmentNames(files []*ast.File) ([]string, diagnostic.List) {
	var names []string
	var list diagnostic.List
	report := func(code string, pos token.Pos, path []string, message, hint string) {
		list = append(list, diagnostic.Diagnostic{Code: code, Position: position(pos), Path: joinPath(path), Message: message, Hint: hint})
	}
	path := []string{environmentsField}
	for _, file := range files {
		for _, decl := range file.Decls {
			field, ok := decl.(*ast.Field)
			if !ok || field.Constraint == token.ILLEGAL {
				continue
			}
			if name, _ := labelName(field); name == environmentsField {
				report("PC1101", field.Pos(), path, "is a constraint, which sets nothing", environmentsHint)
			}
		}
		for _, field := range fieldsCalled(file.Decls, environmentsField) {
			edits, ok := field.Value.(*ast.StructLit)
			if !ok {
				report("PC1101", field.Value.Pos(), path, "is not written as a struct", environmentsHint)
				continue
			}
			for _, decl := range edits.Elts {
				name, ok := plainLabel(decl)
				if !ok || isHidden(name) {
					report("PC1101", decl.Pos(), path, "holds something other than plainly named environments",
						"what several environments share goes into a hidden field beside `environments`")
					continue
				}
				field := decl.(*ast.Field)
				at := []string{environmentsField, name}
				if !environmentName.MatchString(name) {
					report("PC1203", field.Pos(), at,
						quote(name)+" is not a name (lower-case letters, digits and dashes, beginning with a letter, at most 40)", "")
				}
				if !isEdit(field.Value) {
					report("PC1101", field.Value.Pos(), at, "is neither a struct nor a reference to one",
						"write `"+name+": {...}`")
				}
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names, list
}

// isEdit reports whether the syntax of expr shows which fields it sets.
func isEdit(expr ast.Expr) bool {
	switch x := expr.(type) {
	case *ast.StructLit, *ast.Ident, *ast.SelectorExpr:
		return true
	case *ast.ParenExpr:
		return isEdit(x.X)
	case *ast.BinaryExpr:
		return x.Op == token.AND && isEdit(x.X) && isEdit(x.Y)
	}
	return false
}

// An edition is the syntax of a spec with one environment's edits made, or none.
type edition struct {
	files []*ast.File
	// edits are the environment's own structs, now part of the files, and spans
	// is where they are written.
	edits []ast.Expr
	spans []span
	// removed are the fields that the environment sets to null, by joined path.
	removed places
	// problems are edits that can't be made.
	problems diagnostic.List
	// lost are the names that what is no longer part of the files refers to.
	lost map[string]bool
	// meanings are the struct literals that expressions stand for.
	meanings map[ast.Expr][]*ast.StructLit
	// additions are the literals that were found to edit nothing of the base.
	additions map[*ast.StructLit]bool
}

// edit strips the environments off files and makes the edits of one of them;
// the base is called "".
func edit(files []*ast.File, environment string) edition {
	e := edition{
		files:     files,
		removed:   places{},
		lost:      map[string]bool{},
		meanings:  map[ast.Expr][]*ast.StructLit{},
		additions: map[*ast.StructLit]bool{},
	}
	added := map[*ast.File][]ast.Expr{}
	for _, file := range files {
		for _, field := range fieldsCalled(file.Decls, environmentsField) {
			e.lose(field)
			for _, f := range fieldsCalled(field.Value.(*ast.StructLit).Elts, environment) {
				added[file] = append(added[file], f.Value)
				e.edits = append(e.edits, f.Value)
				e.spans = append(e.spans, span{f.Value.Pos(), f.Value.End()})
			}
		}
		file.Decls = slices.DeleteFunc(file.Decls, func(d ast.Decl) bool {
			name, ok := plainLabel(d)
			return ok && name == environmentsField
		})
	}
	var bodies []*body
	for _, file := range files {
		bodies = append(bodies, &body{&file.Decls})
	}
	for _, expr := range e.edits {
		e.merge(expr, bodies, nil)
	}
	for _, file := range files {
		for _, expr := range added[file] {
			file.Decls = append(file.Decls, &ast.EmbedDecl{Expr: expr})
		}
		resolveAgain(file)
		e.prune(file)
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
	for _, lit := range e.literals(edit) {
		isBody := slices.ContainsFunc(bodies, func(b *body) bool { return b.decls == &lit.Elts })
		if isBody || e.additions[lit] {
			continue
		}
		e.additions[lit] = len(bodies) == 0
		lit.Elts = slices.DeleteFunc(lit.Elts, func(decl ast.Decl) bool {
			field, ok := decl.(*ast.Field)
			return ok && isNull(field.Value) && e.remove(field, bodies, path)
		})
		for _, decl := range lit.Elts {
			if embed, ok := decl.(*ast.EmbedDecl); ok {
				e.merge(embed.Expr, bodies, path)
			}
			if name, ok := plainLabel(decl); ok {
				e.set(decl.(*ast.Field).Value, declarations(bodies, name), append(path[:len(path):len(path)], name))
			}
		}
	}
}

// set edits what the base declares at path, so that it agrees with value.
func (e *edition) set(value ast.Expr, declared []declaration, path []string) {
	isStruct := len(e.literals(value)) > 0
	var inner []*body
	for _, d := range declared {
		if isStruct && !isScalar(d.field.Value) {
			inner = append(inner, bodiesOf(d.field.Value)...)
			continue
		}
		e.lose(d.field.Value)
		d.field.Value = &ast.Ident{Name: "_", NamePos: d.field.Value.Pos()}
	}
	if isStruct {
		e.merge(value, inner, path)
	}
}

// isScalar reports whether the syntax of expr shows that it is no struct.
func isScalar(expr ast.Expr) bool {
	switch expr.(type) {
	case *ast.BasicLit, *ast.ListLit, *ast.Interpolation:
		return true
	}
	return false
}

// remove takes a field that an environment sets to null out of the base.
func (e *edition) remove(field *ast.Field, bodies []*body, path []string) bool {
	name, ok := plainLabel(field)
	if !ok {
		return false
	}
	at := joinPath(append(path[:len(path):len(path)], name))
	declared := declarations(bodies, name)
	if _, again := e.removed[at]; len(declared) == 0 && !again {
		e.problems = append(e.problems, diagnostic.Diagnostic{
			Code:     "PC1103",
			Position: position(field.Pos()),
			Path:     at,
			Message:  "null removes a field of the base, and the base doesn't have this one",
		})
	}
	e.removed[at] = field.Pos()
	for _, d := range declared {
		e.lose(d.field)
		*d.body.decls = slices.DeleteFunc(*d.body.decls, func(other ast.Decl) bool { return other == ast.Decl(d.field) })
	}
	return true
}

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

// isHidden reports whether name is that of a hidden field or a definition.
func isHidden(name string) bool {
	return strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#")
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
