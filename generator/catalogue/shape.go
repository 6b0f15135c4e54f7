package catalogue

import (
	"cmp"
	"fmt"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"
)

// A Shape is a schema as data: what may be written at one place of a spec. It
// is what validation compares a spec with, what explain prints, and what tells
// which optional fields a template has to be told about.
type Shape struct {
	// Doc is the schema's own comment: that on the definition, where a struct has
	// one.
	Doc string
	// Kind is what may be written here: a struct, a list, a string and so on.
	Kind cue.Kind
	// Fields are the fields of a struct, in the schema's order.
	Fields []Field
	// Elem is what the values of a map or the items of a list look like; it is
	// nil for a struct without a pattern and for a list of anything.
	Elem *Shape
	// Open says that a struct may have fields that the schema doesn't name.
	Open bool
	// Values are the choices, if the schema lists them.
	Values []string
	// Constraint is the schema itself. It belongs to the context of the
	// Packages that the shape was made from.
	Constraint cue.Value
}

// A Field is one field of a struct.
type Field struct {
	Name string
	// Doc is the comment on the field, or on the definition that it uses.
	Doc string
	// Required fields must be written, Optional ones may be absent; a field
	// that is neither has a default.
	Required, Optional bool
	// Output fields are computed from the others and can't be written.
	Output bool
	// Pattern fields are patterns inside others.
	Pattern bool
	// Existing is the kind of object that the field names, if it names one that
	// has to be in the cluster already.
	Existing string
	// Timeout fields say for how many seconds one try of a request takes at
	// most, and Retries fields how often it is tried again: each to the addresses
	// in the same struct.
	Timeout, Retries bool
	// Answers is the component of the pattern that answers within as many seconds
	// as the field says, if it says that of one.
	Answers string
	// Probe is what a field asks whether a container is, if it asks that:
	// "startup", "readiness" or "liveness".
	Probe string
	// Default is the field's value when it isn't written, as CUE; it is empty
	// where that depends on other fields.
	Default string
	Shape   *Shape
}

// maxShapeDepth ends the walk through a schema that contains itself.
const maxShapeDepth = 16

// Kind returns the shape of one instance of a pattern kind.
func (p *Packages) Kind(kind string) (*Shape, bool) {
	system, err := p.System()
	if err != nil {
		return nil, false
	}
	field, ok := system.Field(kind)
	if !ok || field.Shape.Elem == nil || !slices.Contains(p.library.kinds, kind) {
		return nil, false
	}
	return field.Shape.Elem, true
}

// System returns the shape of a whole spec. It is an error if a kind has no
// schema or no template: what a spec says of it would have no effect.
func (p *Packages) System() (*Shape, error) {
	if p.system == nil {
		definition, err := p.Definition()
		if err != nil {
			return nil, err
		}
		system := shapeOf(definition, 0)
		if err := p.library.complete(system); err != nil {
			return nil, err
		}
		p.system = system
	}
	return p.system, nil
}

// settings are the fields of #System that are no kinds.
var settings = []string{"name", "namespace", "labels", "annotations", "cluster", "engines", "environments"}

// complete returns an error unless the library has a schema and a template for
// each kind.
func (l *Library) complete(system *Shape) error {
	for _, field := range system.Fields {
		if !slices.Contains(settings, field.Name) && !slices.Contains(l.kinds, field.Name) {
			return errors.Newf(field.Shape.Constraint.Pos(), "%s has a schema, but no template: templates/%[1]s is missing", field.Name)
		}
	}
	for _, kind := range l.kinds {
		if field, ok := system.Field(kind); !ok || field.Shape.Elem == nil {
			return errors.Newf(token.NoPos, "%s has a template, but no schema: #System has no map of instances called %[1]s", kind)
		}
	}
	return nil
}

// Definition returns #System, which a whole spec is unified with.
func (p *Packages) Definition() (cue.Value, error) {
	schemas, err := p.Schemas()
	if err != nil {
		return cue.Value{}, err
	}
	definition := schemas.LookupPath(cue.MakePath(cue.Def("System")))
	// A definition that doesn't exist would unify with everything.
	if !definition.Exists() {
		return cue.Value{}, fmt.Errorf("the library has no definition #System")
	}
	return definition, definition.Err()
}

// Field returns the field called name.
func (s *Shape) Field(name string) (Field, bool) {
	i := slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return s.Fields[i], true
}

// At returns the field at path, which leads through the shape's fields and the
// names and indices of its maps and lists. What is in a map or a list is a field
// that has nothing but a shape.
func (s *Shape) At(path []string) (Field, bool) {
	at := Field{Shape: s}
	for _, name := range path {
		field, ok := at.Shape.Field(name)
		if !ok {
			field = Field{Shape: at.Shape.Elem}
		}
		if field.Shape == nil {
			return Field{}, false
		}
		at = field
	}
	return at, true
}

// Names returns the names of the fields that a user may write.
func (s *Shape) Names() []string {
	var names []string
	for _, f := range s.Fields {
		if !f.Output {
			names = append(names, f.Name)
		}
	}
	return names
}

// Map reports whether the shape is a map from names that the user chooses.
func (s *Shape) Map() bool { return s.Kind == cue.StructKind && len(s.Fields) == 0 && s.Elem != nil }

func shapeOf(v cue.Value, depth int) *Shape {
	s := &Shape{
		Doc:        doc(v),
		Kind:       kindOf(v),
		Constraint: v,
	}
	if depth > maxShapeDepth {
		return s
	}
	switch s.Kind {
	case cue.StructKind:
		s.Fields = fieldsOf(v, depth)
		if elem := v.LookupPath(cue.MakePath(cue.AnyString)); elem.Exists() {
			s.Elem = shapeOf(elem, depth+1)
			s.Elem.Doc = cmp.Or(s.Elem.Doc, doc(definition(elem)))
		}
		s.Open = s.Elem == nil && v.Allows(cue.AnyString)
	case cue.ListKind:
		if elem := itemOf(v); elem.Exists() {
			s.Elem = shapeOf(elem, depth+1)
			s.Elem.Doc = cmp.Or(s.Elem.Doc, doc(definition(elem)))
		}
	case cue.StringKind:
		s.Values = choices(v)
	}
	return s
}

// kindOf is the kind of v. That of a value which can't be computed yet is what
// its definition says beside the computation.
func kindOf(v cue.Value) cue.Kind {
	if kind := v.IncompleteKind(); kind != cue.BottomKind {
		return kind
	}
	op, operands := v.Expr()
	switch op {
	case cue.InterpolationOp:
		return cue.StringKind
	case cue.AndOp:
		for _, operand := range operands {
			if kind := kindOf(operand); kind != cue.BottomKind {
				return kind
			}
		}
	}
	return cue.BottomKind
}

func fieldsOf(v cue.Value, depth int) []Field {
	it, err := v.Fields(cue.Optional(true))
	if err != nil {
		return nil
	}
	var fields []Field
	for it.Next() {
		value := it.Value()
		constraint := it.Selector().ConstraintType()
		field := Field{
			Name:     it.Selector().Unquoted(),
			Required: constraint == cue.RequiredConstraint,
			Optional: constraint == cue.OptionalConstraint,
			Output:   hasAttribute(value, "output"),
			Pattern:  hasAttribute(value, "pattern"),
			Existing: attribute(value, "existing"),
			Timeout:  hasAttribute(value, "timeout"),
			Retries:  hasAttribute(value, "retries"),
			Answers:  attribute(value, "answers"),
			Probe:    attribute(value, "probe"),
			Shape:    shapeOf(value, depth+1),
		}
		field.Doc = field.Shape.Doc
		if len(field.Shape.Fields) > 0 {
			field.Shape.Doc = doc(definition(value))
		}
		if d, ok := value.Default(); ok && value.IncompleteKind()&(cue.StructKind|cue.ListKind) == 0 && d.IsConcrete() {
			field.Default = fmt.Sprint(d)
		}
		fields = append(fields, field)
	}
	// What a definition says itself comes before what it embeds from elsewhere.
	if len(fields) == 0 {
		return nil
	}
	file := func(f Field) string { return f.Shape.Constraint.Pos().Filename() }
	own := file(fields[0])
	slices.SortStableFunc(fields, func(a, b Field) int {
		switch {
		case file(a) == own && file(b) != own:
			return -1
		case file(a) != own && file(b) == own:
			return 1
		}
		return 0
	})
	return fields
}

// attribute returns the argument of the attribute @name(argument).
func attribute(v cue.Value, name string) string {
	for _, a := range v.Attributes(cue.FieldAttr) {
		if a.Name() == name {
			return a.Contents()
		}
	}
	return ""
}

func hasAttribute(v cue.Value, name string) bool {
	return slices.ContainsFunc(v.Attributes(cue.FieldAttr), func(a cue.Attribute) bool { return a.Name() == name })
}

// itemOf returns what the items of a list look like. The list may have a default
// beside it.
func itemOf(v cue.Value) cue.Value {
	item := v.LookupPath(cue.MakePath(cue.AnyIndex))
	if item.Exists() {
		return item
	}
	if op, operands := v.Expr(); op == cue.AndOp {
		for _, operand := range operands {
			if item = itemOf(operand); item.Exists() {
				break
			}
		}
	}
	return item
}

// choices returns the strings of a disjunction of nothing but strings.
func choices(v cue.Value) []string {
	op, args := cue.Dereference(v).Expr()
	switch op {
	case cue.OrOp:
		var all []string
		for _, arg := range args {
			switch s, err := arg.String(); {
			case err == nil:
				all = append(all, s)
			case arg.IncompleteKind() == cue.BottomKind:
				// The disjunct is the schema's own message.
			default:
				return nil
			}
		}
		return all
	case cue.AndOp:
		for _, arg := range args {
			if all := choices(arg); all != nil {
				return all
			}
		}
	}
	return nil
}
