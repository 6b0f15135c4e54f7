package generator

import (
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/diagnostic"
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
		d.add("PC1207", path, token.NoPos, "refers to itself: "+circle, "break the circle: one of the values has to be written out")
		return
	}
	if group := errors.Errors(err); len(group[0].Path()) > len(path) {
		d.translate(err, false)
	} else {
		d.translateOne(path, group)
	}
}

// maxReferences is how long a circle is that is told in full.
const maxReferences = 32

// circle follows the references from path, and returns the way if it leads back.
func (d *diagnosis) circle(path []string) string {
	way := []string{joinPath(path)}
	for at := lookup(d.user, path); len(way) <= maxReferences; {
		_, next := at.ReferencePath()
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

// undefined explains a reference to a field that isn't there.
func (d *diagnosis) undefined(path []string, pos token.Pos, name string) {
	if unquoted, err := strconv.Unquote(name); err == nil {
		name = unquoted
	}
	message, hint := "there is no "+quote(name), ""
	if base := d.referenceBase(pos); base != nil {
		if text, err := format.Node(base); err == nil {
			message += " in " + string(text)
			hint = d.suggest(cue.ParsePath(string(text)), name)
		}
	}
	d.add("PC1206", path, pos, message, hint)
}

func (d *diagnosis) suggest(base cue.Path, name string) string {
	it, err := d.unified.LookupPath(base).Fields()
	if err != nil {
		return ""
	}
	var names []string
	for it.Next() {
		names = append(names, it.Selector().Unquoted())
	}
	if near := diagnostic.Nearest(name, names); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	if len(names) == 0 || len(names) > 20 {
		return ""
	}
	return "there are: " + strings.Join(names, ", ")
}

// referenceBase finds what a selector at pos selects from.
func (d *diagnosis) referenceBase(pos token.Pos) ast.Expr {
	var base ast.Expr
	for _, file := range d.files {
		ast.Walk(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && (sel.Sel.Pos() == pos || base == nil && sel.Pos() == pos) {
				base = sel.X
			}
			return true
		}, nil)
	}
	return base
}

// undeclared explains an identifier that nothing declares.
func (d *diagnosis) undeclared(path []string, pos token.Pos, name string) {
	var names []string
	for _, file := range d.files {
		for _, decl := range file.Decls {
			if field, ok := decl.(*ast.Field); ok {
				if label, _, err := ast.LabelName(field.Label); err == nil {
					names = append(names, label)
				}
			}
		}
	}
	hint := ""
	if name == environmentsField || slices.Contains(d.environments, name) {
		hint = "environments can't refer to each other: what they share goes into a hidden field beside `environments`"
	} else if slices.Contains(names, name) {
		hint = "write the field " + name + " without quotes: a name in quotes can't be referred to"
	} else if near := diagnostic.Nearest(name, names); near != "" {
		hint = "did you mean " + quote(near) + "?"
	} else if slices.Contains(d.library.Kinds(), name) {
		hint = "the spec has no " + name + " instances"
	} else {
		hint = "text is written in quotes: " + quote(name)
	}
	d.add("PC1206", path, pos, "there is no "+quote(name)+" to refer to", hint)
}

func undeclaredName(text string) (string, bool) {
	quoted, isReference := strings.CutPrefix(text, "reference ")
	quoted, notFound := strings.CutSuffix(quoted, " not found")
	name, err := strconv.Unquote(quoted)
	return name, isReference && notFound && err == nil
}
