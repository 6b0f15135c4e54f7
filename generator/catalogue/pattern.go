package catalogue

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue/token"
)

// A Pattern is an entry of the catalogue: a kind, or a field that is a pattern
// inside others, such as a proxy in a pod. Schemas mark such fields with
// @pattern().
type Pattern struct {
	// Name is the kind, or the path of the field without the names that users
	// choose on the way, and without the part of an instance that has it where
	// another kind has it without one. The kind is in front of that only if no other kind has
	// the field.
	Name string
	// In are the kinds whose instances have the field, sorted. A kind is in none.
	In []string
	// File is the schema that defines it.
	File string
	// Field is that of the kind in a spec, or the field inside it.
	Field Field
}

// Patterns returns the catalogue: kinds first, each part by name.
func (p *Packages) Patterns() ([]Pattern, error) {
	system, err := p.System()
	if err != nil {
		return nil, err
	}
	var kinds []Pattern
	fields := map[string]map[string]Field{}
	known := map[string]Field{}
	for _, kind := range p.library.Kinds() {
		field, _ := system.Field(kind)
		kinds = append(kinds, newPattern(kind, field))
		fields[kind] = marked(field.Shape)
		maps.Copy(known, fields[kind])
	}
	inside := map[string]Pattern{}
	for _, kind := range p.library.Kinds() {
		for path, field := range fields[kind] {
			name := shortest(path, field, known)
			found, ok := inside[name]
			if !ok {
				found = newPattern(name, field)
			}
			if !slices.Contains(found.In, kind) {
				found.In = append(found.In, kind)
			}
			inside[name] = found
		}
	}
	var others []Pattern
	for _, pattern := range inside {
		if len(pattern.In) == 1 {
			pattern.Name = pattern.In[0] + "." + pattern.Name
		}
		others = append(others, pattern)
	}
	slices.SortFunc(others, func(a, b Pattern) int { return cmp.Compare(a.Name, b.Name) })
	return append(kinds, others...), nil
}

func newPattern(name string, field Field) Pattern {
	return Pattern{Name: name, File: defined(field).Filename(), Field: field}
}

// defined is where the definition of a field's values is.
func defined(field Field) token.Pos {
	return definition(field.Shape.Inner().Constraint).Pos()
}

// shortest returns the shortest end of a path that leads to a field of the same
// definition in some kind: an instance may have the pattern in each of its parts.
func shortest(path string, field Field, known map[string]Field) string {
	steps := strings.Split(path, ".")
	for i := len(steps) - 1; i > 0; i-- {
		end := strings.Join(steps[i:], ".")
		if other, ok := known[end]; ok && defined(other) == defined(field) {
			return end
		}
	}
	return path
}

// marked returns the fields below a shape that are patterns, by path.
func marked(s *Shape) map[string]Field {
	fields := map[string]Field{}
	s = s.Inner()
	for _, f := range s.Fields {
		if f.Pattern {
			fields[f.Name] = f
		}
		for path, field := range marked(f.Shape) {
			fields[f.Name+"."+path] = field
		}
	}
	return fields
}

// Inner returns the shape whose fields a path goes on with: that of the values
// of a map or the items of a list.
func (s *Shape) Inner() *Shape {
	for s.Elem != nil && len(s.Fields) == 0 {
		s = s.Elem
	}
	return s
}
