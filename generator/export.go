package generator

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/manifest"
)

// export makes a tree of a value.
func export(v cue.Value) (any, error) {
	data, err := v.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return manifest.ParseJSON(data)
}

// An exporter makes trees of what templates are evaluated to, as export does,
// but without null fields and empty lists, which say nothing in a manifest, and
// in half the time. CUE sorts the fields of each struct by where they were
// written; where that is one literal, its order is theirs. And what references
// lead to is a single value, whose tree is made once.
type exporter struct {
	// orders are the fields of each literal.
	orders map[*ast.StructLit]order
	// trees are those of what references lead to.
	trees map[cue.Value]any
}

// An order is that of the fields of a literal, if it follows from the literal.
type order struct {
	fields []field
	known  bool
}

type field struct {
	name string
	path cue.Path
	// constant is the field's tree, if the literal tells it.
	constant   any
	isConstant bool
}

func (e *exporter) export(v cue.Value) (any, error) {
	switch v.Kind() {
	case cue.StructKind, cue.ListKind:
	case cue.NullKind:
		return nil, nil
	case cue.BoolKind:
		return v.Bool()
	case cue.StringKind:
		return v.String()
	case cue.IntKind:
		if n, err := v.Int64(); err == nil {
			return json.Number(strconv.FormatInt(n, 10)), nil
		}
		return export(v)
	default:
		return export(v)
	}
	source := v.Source()
	if field, ok := source.(*ast.Field); ok {
		source = field.Value
	}
	if isReference(source) {
		if to := cue.Dereference(v); to != v && to.Kind() == v.Kind() {
			return e.exportOnce(to)
		}
	}
	if x, ok := source.(*ast.StructLit); ok {
		if order := e.order(x); order.known {
			return e.exportFields(v, order.fields)
		}
	}
	if v.Kind() == cue.ListKind {
		return e.exportList(v)
	}
	return e.exportSorted(v)
}

// isReference reports whether x leads to a value by names alone, without
// anything to evaluate.
func isReference(x ast.Node) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		return isReference(x.X)
	}
	return false
}

func (e *exporter) exportOnce(v cue.Value) (any, error) {
	if tree, ok := e.trees[v]; ok {
		return tree, nil
	}
	tree, err := e.export(v)
	e.trees[v] = tree
	return tree, err
}

func (e *exporter) exportFields(v cue.Value, fields []field) (any, error) {
	m := make(manifest.Map, 0, len(fields))
	for _, f := range fields {
		tree := f.constant
		if !f.isConstant {
			var err error
			if tree, err = e.export(v.LookupPath(f.path)); err != nil {
				return nil, err
			}
		}
		m = appendField(m, f.name, tree)
	}
	return m, nil
}

func (e *exporter) exportSorted(v cue.Value) (any, error) {
	it, err := v.Fields()
	if err != nil {
		return nil, err
	}
	m := manifest.Map{}
	for it.Next() {
		tree, err := e.export(it.Value())
		if err != nil {
			return nil, err
		}
		m = appendField(m, it.Selector().Unquoted(), tree)
	}
	return m, nil
}

func appendField(m manifest.Map, name string, tree any) manifest.Map {
	if list, isList := tree.([]any); tree == nil || isList && len(list) == 0 {
		return m
	}
	return append(m, manifest.Field{Key: name, Value: tree})
}

func (e *exporter) exportList(v cue.Value) (any, error) {
	it, err := v.List()
	if err != nil {
		return nil, err
	}
	list := []any{}
	for it.Next() {
		tree, err := e.export(it.Value())
		if err != nil {
			return nil, err
		}
		list = append(list, tree)
	}
	return list, nil
}

func (e *exporter) order(x *ast.StructLit) order {
	o, seen := e.orders[x]
	// Literals that nobody wrote are those of the user's data: each is seen once.
	if !seen && x.Pos().IsValid() {
		o = orderOf(x)
		e.orders[x] = o
	}
	return o
}

// orderOf reads the order of a literal's fields. It does not follow from a
// literal with conditions, embeddings or computed names, nor where a field is
// written twice.
func orderOf(x *ast.StructLit) order {
	var o order
	for _, decl := range x.Elts {
		switch d := decl.(type) {
		case *ast.LetClause, *ast.CommentGroup:
		case *ast.Field:
			name, isIdent, err := ast.LabelName(d.Label)
			if err != nil || d.Constraint != 0 || slices.ContainsFunc(o.fields, func(f field) bool { return f.name == name }) {
				return order{}
			}
			if isIdent && strings.HasPrefix(name, "_") || isIdent && strings.HasPrefix(name, "#") {
				continue
			}
			constant, isConstant := constantOf(d.Value)
			o.fields = append(o.fields, field{name, cue.MakePath(cue.Str(name)), constant, isConstant})
		default:
			return order{}
		}
	}
	o.known = true
	return o
}

// constantOf makes a tree of an expression that is a string, a number, a truth
// value or null.
func constantOf(x ast.Expr) (tree any, isConstant bool) {
	lit, ok := x.(*ast.BasicLit)
	if !ok {
		return nil, false
	}
	switch lit.Kind {
	case token.STRING:
		text, err := literal.Unquote(lit.Value)
		return text, err == nil && strings.HasPrefix(lit.Value, `"`)
	case token.INT:
		n, err := strconv.ParseInt(lit.Value, 10, 64)
		return json.Number(strconv.FormatInt(n, 10)), err == nil
	case token.TRUE, token.FALSE:
		return lit.Kind == token.TRUE, true
	case token.NULL:
		return nil, true
	}
	return nil, false
}
