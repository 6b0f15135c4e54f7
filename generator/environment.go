package generator

import (
	"regexp"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

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
					report("PC1101", decl.Pos(), path, "holds something that is not written as `name: {...}`",
						"names of environments can't be computed; what several share goes into a hidden field beside `environments`")
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

// lateEnvironments explains environments that only evaluating the spec brings to
// light.
func (d *diagnosis) lateEnvironments(user cue.Value) {
	path := []string{environmentsField}
	if late := lookup(user, path); late.Exists() {
		d.add("PC1101", path, late.Pos(), "is not written at the top of the spec", environmentsHint)
	}
}
