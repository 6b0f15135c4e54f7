package tree

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// Apply makes the directory what the plan says. Only force replaces and
// deletes files that the plan's conflicts name, and not even force removes a
// folder, or a file where a folder belongs.
//
// All files are written under temporary names before the first one takes its
// place. So an error before that point, such as a full disk, changes nothing
// and leaves nothing behind. A run that fails or is killed after it leaves
// each file either old or new, and generating again completes it. Folders that
// are empty in the end are removed.
//
// An error is a diagnostic.List: the conflicts, or what could not be written.
func (p Plan) Apply(force bool) error {
	return p.apply(force, func(string, string) error { return nil })
}

// apply calls before ahead of each operation on the disk, with its name and
// the path it is for, and fails as if the operation had if before does.
func (p Plan) apply(force bool, before func(operation, path string) error) error {
	conflicts := p.Conflicts
	if force {
		conflicts = p.insuperable
	}
	if len(conflicts) > 0 {
		return conflicts
	}
	if p.Clean() && len(p.leftovers) == 0 && len(p.folders) == 0 {
		return nil
	}
	w := writer{plan: p, before: before}
	if err := w.open(); err != nil {
		w.undo()
		return err
	}
	defer w.root.Close()
	err := w.prepare()
	if err == nil {
		err = w.commit()
	}
	if err != nil {
		w.undo()
	}
	return err
}

const (
	hintNothingChanged = "nothing was changed"
	hintHalfDone       = "some files may be new and others old: generate again to complete it"
)

type writer struct {
	plan   Plan
	before func(operation, path string) error
	root   *os.Root

	madeOutside []string // directories made up to and including plan.Dir
	made        []string // folders made below plan.Dir
	pending     []Change // changes whose new file has its temporary name
}

// open opens the plan's directory, and makes it if it isn't there.
func (w *writer) open() error {
	var missing []string
	for dir, inner := filepath.Clean(w.plan.Dir), ""; dir != inner; dir, inner = filepath.Dir(dir), dir {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing = append(missing, dir)
	}
	for _, dir := range slices.Backward(missing) {
		if err := w.do("mkdir", dir, func() error { return os.Mkdir(dir, 0o777) }); err != nil {
			return failed(dir, err, hintNothingChanged)
		}
		w.madeOutside = append(w.madeOutside, dir)
	}
	root, err := os.OpenRoot(w.plan.Dir)
	if err != nil {
		return failed(w.plan.Dir, err, hintNothingChanged)
	}
	w.root = root
	return nil
}

// prepare clears what a killed run left, makes sure that the directory still
// is what was compared, and writes the new files under temporary names.
func (w *writer) prepare() error {
	for _, p := range w.plan.leftovers {
		if err := w.remove(p); err != nil {
			return failed(w.plan.file(p), err, hintNothingChanged)
		}
	}
	for _, c := range w.plan.Changes {
		if c.Action == Unchanged {
			continue
		}
		same, err := w.stillOld(c)
		if err != nil {
			return failed(w.plan.file(c.Path), err, hintNothingChanged)
		}
		if !same {
			return diagnostic.List{changedMeanwhile(w.plan.file(c.Path))}
		}
	}
	for _, c := range w.plan.Changes {
		if c.Action != Create && c.Action != Update {
			continue
		}
		if err := w.write(c); err != nil {
			return failed(w.plan.file(c.Path), err, hintNothingChanged)
		}
	}
	return nil
}

// commit puts the new files in their places, and removes what isn't wanted.
func (w *writer) commit() error {
	for len(w.pending) > 0 {
		p := w.pending[0].Path
		err := w.do("rename", p, func() error { return w.root.Rename(temporary(p), p) })
		if err != nil {
			return failed(w.plan.file(p), err, hintHalfDone)
		}
		w.pending = w.pending[1:]
	}
	for _, c := range w.plan.Changes {
		if c.Action != Delete {
			continue
		}
		if err := w.remove(c.Path); err != nil {
			return failed(w.plan.file(c.Path), err, hintHalfDone)
		}
	}
	for _, folder := range slices.Backward(w.plan.folders) {
		if err := w.removeEmpty(folder); err != nil {
			return failed(w.plan.file(folder), err, hintHalfDone)
		}
	}
	return nil
}

// undo removes the temporary files, and the folders made in which nothing has
// its place yet. It goes on past errors: the one that led here is reported.
func (w *writer) undo() {
	for _, c := range w.pending {
		_ = w.root.Remove(temporary(c.Path))
	}
	for _, folder := range slices.Backward(w.made) {
		_ = w.root.Remove(folder)
	}
	for _, dir := range slices.Backward(w.madeOutside) {
		_ = os.Remove(dir)
	}
}

// stillOld reports whether the place of c is as it was when it was compared.
func (w *writer) stillOld(c Change) (bool, error) {
	info, err := w.root.Lstat(c.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c.Action == Create, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return c.Action == Update && c.Old == nil && !info.IsDir(), nil
	case c.Old == nil:
		return false, nil
	}
	now, err := w.root.ReadFile(c.Path)
	return bytes.Equal(now, c.Old), err
}

// write writes c's new file under its temporary name, down to the disk.
func (w *writer) write(c Change) error {
	for _, folder := range parents(c.Path) {
		if _, err := w.root.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := w.do("mkdir", folder, func() error { return w.root.Mkdir(folder, 0o777) }); err != nil {
			return err
		}
		w.made = append(w.made, folder)
	}
	name := temporary(c.Path)
	if err := w.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var f *os.File
	err := w.do("create", c.Path, func() (err error) {
		f, err = w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		return err
	})
	if err != nil {
		return err
	}
	w.pending = append(w.pending, c)
	err = w.do("write", c.Path, func() error { _, err := f.Write(c.New); return err })
	if err == nil {
		err = w.do("sync", c.Path, f.Sync)
	}
	return cmp.Or(err, f.Close())
}

// remove deletes the file at p, which need not be there any more.
func (w *writer) remove(p string) error {
	return w.do("remove", p, func() error {
		if err := w.root.Remove(p); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// removeEmpty removes the folder at p if nothing is in it.
func (w *writer) removeEmpty(p string) error {
	entries, err := fs.ReadDir(w.root.FS(), p)
	if err != nil || len(entries) > 0 {
		return err
	}
	return w.do("rmdir", p, func() error { return w.root.Remove(p) })
}

func (w *writer) do(operation, path string, run func() error) error {
	if err := w.before(operation, path); err != nil {
		return err
	}
	return run()
}

func failed(file string, err error, hint string) error {
	return diagnostic.List{cannotWrite(file, err, hint)}
}
