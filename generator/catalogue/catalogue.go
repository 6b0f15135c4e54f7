// Package catalogue is the library of patterns: the schemas that say what a
// user may write and the templates that say what it becomes. It knows nothing
// of any single pattern; kinds are found by the library's shape:
//
//	schemas/*.cue                package schemas: #System has one field per kind
//	schemas/examples/<kind>.cue  a first spec, which init writes
//	templates/shared/*.cue       package shared: what templates have in common
//	templates/<kind>/*.cue       package <kind>: from a validated instance to its
//	                             objects and checks, and in numbers.cue to its
//	                             numbers, which only explaining needs
//
// A user's own library is a folder of the same shape, stacked on the embedded
// one. Folders below that of a kind are packages that its template may import.
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

// shared is the folder of templates that is no kind.
const shared = "shared"

// A Library is a stack of schemas and templates. It is read once and then safe
// for concurrent use.
type Library struct {
	// packages holds the CUE source files of each folder.
	packages map[string][]source
	kinds    []string
}

type source struct {
	// name is the file's place in the library, and file what positions show.
	name, file string
	text       []byte
}

// A Layer is a library that is stacked on the embedded one: a folder with
// schemas/ and templates/ in it.
type Layer struct {
	// Name is what the user calls the folder; positions show it.
	Name  string
	Files fs.FS
}

// Open reads the embedded library and stacks layers on it. A layer adds files;
// one that would replace a file is an error, because two libraries that both
// mean to define it would each be half right.
func Open(layers ...Layer) (*Library, error) {
	l := &Library{packages: map[string][]source{}}
	if err := l.add(Layer{Module + "/schemas", schemas.FS}, ".", "schemas"); err != nil {
		return nil, err
	}
	if err := l.add(Layer{Module + "/templates", templates.FS}, ".", "templates"); err != nil {
		return nil, err
	}
	for _, layer := range layers {
		if err := l.stack(layer); err != nil {
			return nil, err
		}
	}
	for folder := range l.packages {
		if parent, kind := path.Split(folder); parent == "templates/" && kind != shared {
			l.kinds = append(l.kinds, kind)
		}
	}
	slices.Sort(l.kinds)
	return l, nil
}

func (l *Library) stack(layer Layer) error {
	found := false
	for _, root := range []string{"schemas", "templates"} {
		if info, err := fs.Stat(layer.Files, root); err != nil || !info.IsDir() {
			continue
		}
		found = true
		if err := l.add(layer, root, root); err != nil {
			return err
		}
	}
	if !found {
		return errors.New("no schemas or templates folder")
	}
	return nil
}

// add reads the CUE files below root of a layer into packages below the folder
// at.
func (l *Library) add(layer Layer, root, at string) error {
	return fs.WalkDir(layer.Files, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".cue" {
			return err
		}
		text, err := fs.ReadFile(layer.Files, name)
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
		l.packages[folder] = append(l.packages[folder], source{full, path.Join(layer.Name, name), text})
		slices.SortFunc(l.packages[folder], func(a, b source) int { return cmp.Compare(a.name, b.name) })
		return nil
	})
}

// Kinds returns the names of all pattern kinds, sorted: those that have a
// template.
func (l *Library) Kinds() []string { return slices.Clone(l.kinds) }

// Owns reports whether file is one of the library's own, as opposed to a
// user's: positions in it are of no help to a user.
func (l *Library) Owns(file string) bool {
	for _, sources := range l.packages {
		if slices.ContainsFunc(sources, func(s source) bool { return s.file == file }) {
			return true
		}
	}
	return false
}
