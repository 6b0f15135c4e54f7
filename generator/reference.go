package generator

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"
)

// compareReference checks a value that depends on the rest of the spec: a
// reference to another field, most often an output.
func (d *diagnosis) compareReference(user cue.Value, path []string) {
	unified := lookup(d.unified, path)
	err := unified.Validate(cue.Concrete(true))
	if err == nil || d.covered(path) {
		return
	}
	if circle := d.circle(path); circle != "" {
		d.refersToItself(path, circle)
		return
	}
	if group := errors.Errors(err); len(group[0].Path()) > len(path) {
		d.translate(err, false)
	} else {
		d.translateOne(path, group)
	}
}

// referredTo returns the path that v is a reference to, or nothing.
func referredTo(v cue.Value) []string {
	var path []string
	for _, selector := range referencePath(v).Selectors() {
		if selector.LabelType() == cue.StringLabel {
			path = append(path, selector.Unquoted())
		} else {
			path = append(path, selector.String())
		}
	}
	return path
}

// referencePath returns the path that v is a reference to, which an environment
// may have put in the place of what the base says.
func referencePath(v cue.Value) cue.Path {
	_, path := v.ReferencePath()
	if op, parts := v.Expr(); op == cue.AndOp {
		for _, part := range parts {
			if _, other := part.ReferencePath(); len(other.Selectors()) > 0 {
				path = other
			}
		}
	}
	return path
}

// undefined explains a reference to a field that isn't there.
func (d *diagnosis) undefined(path []string, pos token.Pos, name string) {
	if unquoted, err := strconv.Unquote(name); err == nil {
		name = unquoted
	}
	message, hint := "there is no "+quote(name), ""
	if base, ok := d.selections().base(pos); ok {
		if text, err := format.Node(base); err == nil {
			message += " in " + string(text)
			hint = d.suggest(string(text), name)
		}
	}
	d.add("PC1206", path, pos, message, hint)
}

// suggest says what to refer to in base instead of name.
func (d *diagnosis) suggest(base, name string) string {
	names, known := d.names[base]
	if !known {
		if it, err := d.unified.LookupPath(cue.ParsePath(base)).Fields(); err == nil {
			for it.Next() {
				names = append(names, it.Selector().Unquoted())
			}
		}
		d.names[base] = names
	}
	hint := d.didYouMean(name, names)
	if hint == "" && 0 < len(names) && len(names) <= 20 {
		hint = "there are: " + strings.Join(names, ", ")
	}
	return hint
}

// maxCompared is how many names the names that nothing is called are compared
// with: of thousands of mistakes, the first get a hint.
const maxCompared = 200_000

// didYouMean is the hint to write the one of names that is near, if any is.
func (d *diagnosis) didYouMean(name string, names []string) string {
	if d.compared += len(names); d.compared > maxCompared {
		return ""
	}
	return didYouMean(name, names)
}

// selections are the expressions that the spec selects something from, by where
// the name of that is written, and by where the whole is.
type selections struct{ byName, byStart map[token.Pos]ast.Expr }

// selectionsIn finds them in files.
func selectionsIn(files []*ast.File) selections {
	s := selections{map[token.Pos]ast.Expr{}, map[token.Pos]ast.Expr{}}
	for _, file := range files {
		ast.Walk(file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				s.byName[selector.Sel.Pos()] = selector.X
				if _, outer := s.byStart[selector.Pos()]; !outer {
					s.byStart[selector.Pos()] = selector.X
				}
			}
			return true
		}, nil)
	}
	return s
}

// base is what is selected from at pos.
func (s selections) base(pos token.Pos) (ast.Expr, bool) {
	if base, ok := s.byName[pos]; ok {
		return base, true
	}
	base, ok := s.byStart[pos]
	return base, ok
}

// undeclared explains an identifier that nothing declares.
func (d *diagnosis) undeclared(path []string, pos token.Pos, name string) {
	names := d.declared()
	hint := ""
	if name == environmentsField || slices.Contains(d.environments, name) {
		hint = "environments can't refer to each other: what they share goes into a hidden field beside `environments`"
	} else if slices.Contains(names, name) {
		hint = "write the field " + name + " without quotes: a name in quotes can't be referred to"
	} else if near := d.didYouMean(name, names); near != "" {
		hint = near
	} else if slices.Contains(d.library.Kinds(), name) {
		hint = "the spec has no " + name + " instances"
	} else {
		hint = "text is written in quotes: " + quote(name)
	}
	d.add("PC1206", path, pos, "there is no "+quote(name)+" to refer to", hint)
}

// declaredIn returns the names of the fields at the top of files.
func declaredIn(files []*ast.File) []string {
	names := map[string]bool{}
	for _, file := range files {
		for _, decl := range file.Decls {
			if field, ok := decl.(*ast.Field); ok {
				if name, ok := labelName(field); ok {
					names[name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// undeclaredName returns the name that, as text says, nothing declares.
func undeclaredName(text string) (string, bool) {
	quoted, isReference := strings.CutPrefix(text, "reference ")
	quoted, notFound := strings.CutSuffix(quoted, " not found")
	name, err := strconv.Unquote(quoted)
	return name, isReference && notFound && err == nil
}
