package tree

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// Compare returns what it takes to make dir hold want, and changes nothing.
// A dir that doesn't exist counts as empty.
//
// Symbolic links below dir are never followed: one in the place of a file is a
// foreign file, one in the place of a folder is not a folder.
//
// An error is a diagnostic.List where it is about the user's files: dir is not
// a directory, or something in it cannot be read.
func Compare(dir string, want Tree) (Plan, error) {
	if err := want.validate(); err != nil {
		return Plan{}, err
	}
	c := comparison{want: want, plan: Plan{Dir: dir}}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		for _, p := range want.Paths() {
			c.add(p, Create, nil)
		}
		return c.plan, nil
	case errors.Is(err, syscall.ENOTDIR), err == nil && !info.IsDir():
		return Plan{}, diagnostic.List{notDirectory(dir)}
	case err != nil:
		return Plan{}, diagnostic.List{cannotRead(dir, err)}
	}
	if c.root, err = os.OpenRoot(dir); err != nil {
		return Plan{}, diagnostic.List{cannotRead(dir, err)}
	}
	defer c.root.Close()
	for _, p := range want.Paths() {
		if err := c.compareWanted(p); err != nil {
			return Plan{}, diagnostic.List{cannotRead(c.plan.file(p), err)}
		}
	}
	for _, folder := range []string{Base, Overlays} {
		if err := c.findUnwanted(folder); err != nil {
			return Plan{}, err
		}
	}
	slices.SortFunc(c.plan.Changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	c.plan.Conflicts = c.plan.Conflicts.Sorted()
	c.plan.insuperable = c.plan.insuperable.Sorted()
	return c.plan, nil
}

type comparison struct {
	root *os.Root
	want Tree
	plan Plan
}

func (c *comparison) add(p string, action Action, old []byte) {
	change := Change{Path: p, Action: action, Old: old}
	if content, wanted := c.want[p]; wanted {
		change.New = Sign(content)
	}
	c.plan.Changes = append(c.plan.Changes, change)
}

// refuse adds a conflict that force cannot lift.
func (c *comparison) refuse(d diagnostic.Diagnostic) {
	c.plan.Conflicts = append(c.plan.Conflicts, d)
	c.plan.insuperable = append(c.plan.insuperable, d)
}

// compareWanted adds the change that makes the file at p what is wanted.
func (c *comparison) compareWanted(p string) error {
	for _, folder := range parents(p) {
		info, err := c.root.Lstat(folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.add(p, Create, nil)
			return nil
		case err != nil:
			return err
		case !info.IsDir():
			c.refuse(notDirectory(c.plan.file(folder)))
			return nil
		}
	}
	info, err := c.root.Lstat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.add(p, Create, nil)
		return nil
	case err != nil:
		return err
	case info.IsDir():
		c.refuse(folderInTheWay(c.plan.file(p)))
		return nil
	case !info.Mode().IsRegular():
		c.add(p, Update, nil)
		c.plan.Conflicts = append(c.plan.Conflicts, foreign(c.plan.file(p)))
		return nil
	}
	old, err := c.root.ReadFile(p)
	if err != nil {
		return err
	}
	state, content := Inspect(old)
	same := bytes.Equal(content, c.want[p])
	if state == Intact && same {
		c.add(p, Unchanged, old)
		return nil
	}
	c.add(p, Update, old)
	switch {
	case same: // The header is all that would be replaced: nobody loses anything.
	case state == Foreign:
		c.plan.Conflicts = append(c.plan.Conflicts, foreign(c.plan.file(p)))
	case state == Edited:
		c.plan.Conflicts = append(c.plan.Conflicts, edited(c.plan.file(p)))
	}
	return nil
}

// findUnwanted goes through one of the generator's own folders for files that
// it wrote and that are not wanted any more, and for what a killed run left.
func (c *comparison) findUnwanted(folder string) error {
	info, err := c.root.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil
	}
	return fs.WalkDir(c.root.FS(), folder, func(p string, entry fs.DirEntry, err error) error {
		if err == nil {
			_, wanted := c.want[p]
			switch {
			case entry.IsDir():
				c.plan.folders = append(c.plan.folders, p)
			case wanted || !entry.Type().IsRegular():
			case isTemporary(p):
				c.plan.leftovers = append(c.plan.leftovers, p)
			default:
				err = c.compareUnwanted(p)
			}
		}
		if err != nil {
			return diagnostic.List{cannotRead(c.plan.file(p), err)}
		}
		return nil
	})
}

// compareUnwanted adds the deletion of the file at p if patternctl wrote it.
func (c *comparison) compareUnwanted(p string) error {
	f, err := c.root.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	start := make([]byte, headerBytes)
	n, err := io.ReadFull(f, start)
	if !claimsHeader(start[:n]) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		return err
	}
	rest, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	old := append(start[:n], rest...)
	c.add(p, Delete, old)
	if state, _ := Inspect(old); state != Intact {
		c.plan.Conflicts = append(c.plan.Conflicts, editedAndStale(c.plan.file(p)))
	}
	return nil
}
