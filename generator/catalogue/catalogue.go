// Package catalogue is the library of patterns: the schemas that say what a
// user may write and the templates that say what it becomes. It knows nothing
// of any single pattern; kinds are found by the library's shape:
//
//	schemas/*.cue                package schemas: #System has one field per kind
//	schemas/examples/<kind>.cue  a first spec, which init writes
//	templates/*.cue              package template: what pods have in common
//	templates/<kind>/*.cue       package template too: from a validated instance
//	                             to its objects
//
// A user's own library is a directory of the same shape, stacked on the
// embedded one.
package catalogue

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/patternctl/patternctl/schemas"
	"github.com/patternctl/patternctl/templates"
)

// Module is the path of the CUE module that schemas and templates belong to,
// and so the root of what a spec or a user's own library may import from it.
const Module = "github.com/patternctl/patternctl"

// A Library is a stack of schemas and templates. It is read once and then safe
// for concurrent use.
type Library struct {
	// packages holds the CUE source files of each folder.
	packages map[string][]source
	kinds    []string
}

type source struct {
	name string
	text []byte
}

// Open reads the embedded library and stacks the given ones on it, each a
// folder with schemas/ and templates/ in it. A stacked library adds files; one
// that would replace a file is an error, because two libraries that both mean
// to define it would each be half right.
func Open(stacked ...fs.FS) (*Library, error) {
	l := &Library{packages: map[string][]source{}}
	if err := l.add(schemas.FS, ".", "schemas"); err != nil {
		return nil, err
	}
	if err := l.add(templates.FS, ".", "templates"); err != nil {
		return nil, err
	}
	for _, fsys := range stacked {
		if err := l.stack(fsys); err != nil {
			return nil, err
		}
	}
	for folder := range l.packages {
		if kind, ok := strings.CutPrefix(folder, "templates/"); ok {
			l.kinds = append(l.kinds, kind)
		}
	}
	slices.Sort(l.kinds)
	return l, nil
}

func (l *Library) stack(fsys fs.FS) error {
	found := false
	for _, root := range []string{"schemas", "templates"} {
		if info, err := fs.Stat(fsys, root); err != nil || !info.IsDir() {
			continue
		}
		found = true
		if err := l.add(fsys, root, root); err != nil {
			return err
		}
	}
	if !found {
		return errors.New("no schemas or templates folder")
	}
	return nil
}

// add reads the CUE files below root of fsys into packages below the folder at.
func (l *Library) add(fsys fs.FS, root, at string) error {
	return fs.WalkDir(fsys, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".cue" {
			return err
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		full := path.Join(at, strings.TrimPrefix(name, root+"/"))
		folder := path.Dir(full)
		for _, s := range l.packages[folder] {
			if s.name == full {
				return fmt.Errorf("%s is already part of the library below", full)
			}
		}
		l.packages[folder] = append(l.packages[folder], source{full, text})
		slices.SortFunc(l.packages[folder], func(a, b source) int { return cmp.Compare(a.name, b.name) })
		return nil
	})
}

// files returns the files of the package in folder. As CUE has it, a package
// includes the files of the folders above that bear the same name; here that is
// templates, for each folder below it.
func (l *Library) files(folder string) []source {
	if path.Dir(folder) == "templates" {
		return slices.Concat(l.packages["templates"], l.packages[folder])
	}
	return l.packages[folder]
}

// Kinds returns the names of all pattern kinds, sorted.
func (l *Library) Kinds() []string { return slices.Clone(l.kinds) }

// Owns reports whether file is one of the library's own, as opposed to a
// user's: positions in it are of no help to a user.
func (l *Library) Owns(file string) bool {
	name, ok := strings.CutPrefix(file, Module+"/")
	if !ok {
		return false
	}
	return slices.ContainsFunc(l.packages[path.Dir(name)], func(s source) bool { return s.name == name })
}
