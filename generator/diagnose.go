package generator

import (
	"slices"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
)

// A diagnosis explains why a spec is not valid. CUE reports one kind of mistake
// at a time and points into the schema, so the spec is first compared with the
// schema's shape, field by field; what only CUE can know comes second.
type diagnosis struct {
	shape         *catalogue.Shape
	outline       *outline
	files         []*ast.File
	user, unified cue.Value
	library       *catalogue.Library
	environments  []string

	// selections and declared are made of files when they are first needed.
	selections func() selections
	declared   func() []string
	// names are those of the fields that there are, by what they are in.
	names map[string][]string
	// compared is how many names others were compared with.
	compared int

	list      diagnostic.List
	explained explained
	// derived are mistakes that most likely follow from others. They are told
	// if there are no others.
	derived diagnostic.List
}

func newDiagnosis(s *Spec, shape *catalogue.Shape, edition edition, outline *outline) *diagnosis {
	return &diagnosis{
		shape:        shape,
		outline:      outline,
		files:        edition.files,
		library:      s.options.Library,
		environments: s.environments,
		selections:   sync.OnceValue(func() selections { return selectionsIn(edition.files) }),
		declared:     sync.OnceValue(func() []string { return declaredIn(edition.files) }),
		names:        map[string][]string{},
		list:         edition.problems,
		explained:    explained{paths: map[string]bool{}, parents: map[string]bool{}},
	}
}

// explain returns everything that is wrong. err is what CUE says about the
// whole; if it is not nil, there is a diagnostic for it.
func (d *diagnosis) explain(err error) diagnostic.List {
	d.compare(d.user, d.shape, nil)
	d.translate(err, false)
	if len(d.list) == 0 {
		d.list = d.derived
	}
	if len(d.list) == 0 && err != nil {
		d.translate(err, true)
	}
	return d.told().Sorted()
}

// told leaves out what is told again, at the same place, with its path or with
// the path that is written there: others refer to that.
func (d *diagnosis) told() diagnostic.List {
	type statement struct {
		position      diagnostic.Position
		code, message string
	}
	const unnamed, named, written = 1, 2, 3
	rank := func(a diagnostic.Diagnostic) int {
		switch {
		case a.Path == "":
			return unnamed
		case d.outline.writes(a.Path, a.Position):
			return written
		}
		return named
	}
	best := map[statement]int{}
	for _, a := range d.list {
		s := statement{a.Position, a.Code, a.Message}
		best[s] = max(best[s], rank(a))
	}
	return slices.DeleteFunc(slices.Clone(d.list), func(a diagnostic.Diagnostic) bool {
		return rank(a) < best[statement{a.Position, a.Code, a.Message}]
	})
}

func (d *diagnosis) add(code string, path []string, pos token.Pos, message, hint string, notes ...diagnostic.Note) {
	d.list = append(d.list, d.diagnostic(code, path, pos, message, hint, notes...))
	d.explained.add(path)
}

func (d *diagnosis) derive(code string, path []string, pos token.Pos, message, hint string) {
	d.derived = append(d.derived, d.diagnostic(code, path, pos, message, hint))
}

// diagnostic tells of a mistake at path. It is shown at pos, if that is valid,
// and else where path is written.
func (d *diagnosis) diagnostic(code string, path []string, pos token.Pos, message, hint string, notes ...diagnostic.Note) diagnostic.Diagnostic {
	if !pos.IsValid() {
		pos = d.outline.locate(path)
	}
	at, name := d.outline.place(pos, path)
	if at.File == "" && len(d.files) > 0 {
		at.File = d.files[0].Filename
	}
	return diagnostic.Diagnostic{Code: code, Position: at, Path: name, Message: message, Hint: hint, Notes: notes}
}

// covered reports whether path, something around it or something in it has been
// explained: what CUE says about it would say the same again.
func (d *diagnosis) covered(path []string) bool { return d.explained.at(path) || d.explained.in(path) }

// explained are the paths that have a diagnostic. The spec as a whole is none.
type explained struct {
	// paths holds each of them, and parents what is around them.
	paths, parents map[string]bool
}

func (e *explained) add(path []string) {
	for n := 1; n < len(path); n++ {
		e.parents[joinPath(path[:n])] = true
	}
	e.paths[joinPath(path)] = true
}

// at reports whether path, or something around it, is explained.
func (e *explained) at(path []string) bool {
	for n := len(path); n > 0; n-- {
		if e.paths[joinPath(path[:n])] {
			return true
		}
	}
	return false
}

// in reports whether something in path is explained.
func (e *explained) in(path []string) bool { return e.parents[joinPath(path)] }
