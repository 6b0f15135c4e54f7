package tree

import (
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// An Action is what becomes of a file.
type Action int

const (
	// Unchanged is a file that is as it should be.
	Unchanged Action = iota
	// Create is a file that is not there yet.
	Create
	// Update is a file that gets other content.
	Update
	// Delete is a generated file that is no longer wanted.
	Delete
)

// String returns the action as a verb, such as "create".
func (a Action) String() string {
	switch a {
	case Create:
		return "create"
	case Update:
		return "update"
	case Delete:
		return "delete"
	default:
		return "keep"
	}
}

// A Change is what becomes of one file. Old and New are the whole file, with
// header: Old is nil where no regular file is, New where none will be.
type Change struct {
	Path     string
	Action   Action
	Old, New []byte
}

// A Plan is how a directory differs from a Tree. It is data: nothing has
// happened yet.
type Plan struct {
	// Dir is the directory that was compared.
	Dir string
	// Changes has every wanted file and every deletion, by path.
	Changes []Change
	// Conflicts are the files in the way that are not the generator's to
	// replace. Apply writes nothing while there are any.
	Conflicts diagnostic.List

	insuperable diagnostic.List // those of Conflicts that force does not lift
	leftovers   []string        // temporary files of a run that was killed
	folders     []string        // existing folders, outer before inner
}

// Clean reports whether the directory is as it should be.
func (p Plan) Clean() bool {
	for _, c := range p.Changes {
		if c.Action != Unchanged {
			return false
		}
	}
	return len(p.Conflicts) == 0
}

// Check returns what --check complains about: the conflicts, and one
// diagnostic for each other file that generating would change. It is empty for
// a plan that is Clean.
func (p Plan) Check() diagnostic.List {
	list := append(diagnostic.List{}, p.Conflicts...)
	reported := map[string]bool{}
	for _, d := range p.Conflicts {
		reported[d.Position.File] = true
	}
	for _, c := range p.Changes {
		file := p.file(c.Path)
		if c.Action == Unchanged || reported[file] {
			continue
		}
		message := map[Action]string{
			Create: "is missing",
			Update: "is not what the spec generates",
			Delete: "is no longer generated",
		}[c.Action]
		list = append(list, differs(p.Dir, file, message))
	}
	return list.Sorted()
}

// Diff returns the changes as a unified diff, which is empty if there are none.
func (p Plan) Diff() []byte {
	var out []byte
	for _, c := range p.Changes {
		from, to := "a/"+c.Path, "b/"+c.Path
		switch c.Action {
		case Create:
			from = "/dev/null"
		case Delete:
			to = "/dev/null"
		}
		out = append(out, diff.Diff(from, c.Old, to, c.New)...)
	}
	return out
}

// file returns path as the user would name it.
func (p Plan) file(path string) string {
	return filepath.Join(p.Dir, filepath.FromSlash(path))
}
