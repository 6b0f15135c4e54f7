package generator

import (
	"slices"

	"cuelang.org/go/cue/ast"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// Environments are edits of the syntax tree, made before anything is evaluated:
// where an environment sets a field, the base's own value of that field is
// blanked, and the environment's struct becomes part of the file. So references
// follow as if the user had edited the base, and every position stays that of
// the user's file.

// An edition is the syntax of a spec with one environment's edits made, or none.
type edition struct {
	// prefix is the path of the environment; it is empty for the base.
	prefix []string
	files  []*ast.File
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
	if environment != "" {
		e.prefix = []string{environmentsField, environment}
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

// remove takes a field that an environment sets to null out of the base. It
// leaves the null where it is one of a patch, which takes a field out of an object.
func (e *edition) remove(field *ast.Field, bodies []*body, path []string) bool {
	name, ok := plainLabel(field)
	if !ok {
		return false
	}
	at := joinPath(append(path[:len(path):len(path)], name))
	declared := declarations(bodies, name)
	_, again := e.removed[at]
	if len(declared) == 0 && !again {
		if inPatch(path) {
			return false
		}
		e.problems = append(e.problems, diagnostic.Diagnostic{
			Code:     "PC1103",
			Position: position(field.Pos()),
			Path:     joinPath(slices.Concat(e.prefix, path, []string{name})),
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

// inPatch reports whether the fields at path are those of a user's patch.
func inPatch(path []string) bool { return len(path) > 3 && path[2] == patchesField }
