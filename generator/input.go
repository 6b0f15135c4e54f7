package generator

import (
	"encoding/json"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/manifest"
)

// input is what a template is told: see templates/shared/shared.cue.
func (s *System) input(instance Instance, base *System, edges map[string]*edge) manifest.Map {
	e := edges[instance.Path()]
	in := manifest.Map{
		{Key: "kind", Value: instance.Kind},
		{Key: "name", Value: instance.Name},
		{Key: "system", Value: manifest.Map{
			{Key: "name", Value: s.Name},
			{Key: "namespace", Value: s.Namespace},
			{Key: "domain", Value: s.Domain()},
			{Key: "minor", Value: number(s.Minor())},
			{Key: "addons", Value: orEmptyList(manifest.Lookup(s.Settings, "cluster", "addons"))},
			{Key: "labels", Value: orEmptyMap(manifest.Lookup(s.Settings, "labels"))},
			{Key: "annotations", Value: orEmptyMap(manifest.Lookup(s.Settings, "annotations"))},
			{Key: "engines", Value: orEmptyMap(manifest.Lookup(s.Settings, "engines"))},
		}},
		{Key: "clients", Value: peers(e.clients, edges)},
		{Key: "servers", Value: peers(e.servers, edges)},
	}
	if base != nil {
		if before, ok := base.Instance(instance.Kind, instance.Name); ok {
			in = append(in, manifest.Field{Key: "base", Value: s.complete(before)})
		}
	}
	return manifest.Map{{Key: "in", Value: in}, {Key: "spec", Value: s.complete(instance)}}
}

// complete adds the optional fields that the user left out, as null, {} or [],
// so that a template can name every field of its schema.
func (s *System) complete(instance Instance) any {
	shape, ok := s.packages.Kind(instance.Kind)
	if !ok {
		return instance.Fields
	}
	return complete(instance.Fields, shape)
}

func complete(tree any, shape *catalogue.Shape) any {
	switch t := tree.(type) {
	case manifest.Map:
		if len(shape.Fields) == 0 && shape.Elem == nil {
			return t
		}
		out := make(manifest.Map, 0, len(t)+len(shape.Fields))
		for _, f := range t {
			inner := shape.Elem
			if field, ok := shape.Field(f.Key); ok {
				inner = field.Shape
			}
			if inner != nil {
				f.Value = complete(f.Value, inner)
			}
			out = append(out, f)
		}
		for _, field := range shape.Fields {
			if _, present := t.Get(field.Name); !present {
				out = append(out, manifest.Field{Key: field.Name, Value: absent(field.Shape)})
			}
		}
		return out
	case []any:
		if shape.Elem == nil {
			return t
		}
		out := make([]any, len(t))
		for i, item := range t {
			out[i] = complete(item, shape.Elem)
		}
		return out
	}
	return tree
}

func absent(shape *catalogue.Shape) any {
	switch {
	case shape.Map():
		return manifest.Map{}
	case shape.Kind == cue.ListKind:
		return []any{}
	}
	return nil
}

// fields makes a value of each field of m. They are of a context of their own,
// because a context keeps everything that was ever built in it, and they are
// the fields of one file, because CUE shares those, instead of evaluating them
// again, where something refers to them.
func fields(m manifest.Map) map[string]cue.Value {
	file := &ast.File{Decls: syntax(m).(*ast.StructLit).Elts}
	built := cuecontext.New().BuildFile(file)
	values := make(map[string]cue.Value, len(m))
	for _, f := range m {
		values[f.Key] = built.LookupPath(cue.MakePath(cue.Str(f.Key)))
	}
	return values
}

// syntax writes a tree as CUE.
func syntax(tree any) ast.Expr {
	switch t := tree.(type) {
	case manifest.Map:
		decls := make([]ast.Decl, len(t))
		for i, f := range t {
			decls[i] = &ast.Field{Label: ast.NewString(f.Key), Value: syntax(f.Value)}
		}
		return &ast.StructLit{Elts: decls}
	case []any:
		items := make([]ast.Expr, len(t))
		for i, item := range t {
			items[i] = syntax(item)
		}
		return &ast.ListLit{Elts: items}
	case string:
		return ast.NewLit(token.STRING, literal.String.Quote(t))
	case json.Number:
		return numberSyntax(t.String())
	case bool:
		return ast.NewBool(t)
	}
	return ast.NewNull()
}

func numberSyntax(text string) ast.Expr {
	if positive, negative := strings.CutPrefix(text, "-"); negative {
		return &ast.UnaryExpr{Op: token.SUB, X: numberSyntax(positive)}
	}
	if strings.ContainsAny(text, ".eE") {
		return ast.NewLit(token.FLOAT, text)
	}
	return ast.NewLit(token.INT, text)
}
