// Package tree is the generated files: which there are, whose a file on disk
// is, what generating would change, and the change itself.
//
//	Tree (path → content) → Compare → Plan (changes, conflicts) → Apply
//
// Generated files carry a header with a digest of their content. That is how
// a later run tells its own files, which it may replace and delete, from those
// that someone wrote or edited, which it leaves alone. Only apply.go writes to
// disk.
package tree

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// The folders of an output directory that belong to the generator. Generated
// files that are no longer wanted are looked for in these and nowhere else.
const (
	Base     = "base"
	Overlays = "overlays"
)

// A Tree is the files to generate: from a slash-separated path, relative to
// the output directory, to the content without header.
type Tree map[string][]byte

// Paths returns the paths in byte order.
func (t Tree) Paths() []string { return slices.Sorted(maps.Keys(t)) }

// validate reports a path that leaves the output directory, that is both a
// file and a folder, or that is the name of a temporary file.
func (t Tree) validate() error {
	for _, p := range t.Paths() {
		if !fs.ValidPath(p) || p == "." || isTemporary(p) {
			return fmt.Errorf("%q is not a path for a generated file", p)
		}
		for _, folder := range parents(p) {
			if _, isFile := t[folder]; isFile {
				return fmt.Errorf("%q cannot be both a file and a folder", folder)
			}
		}
	}
	return nil
}

// parents returns the folders that p lies in, the outermost first.
func parents(p string) []string {
	var folders []string
	for i, c := range p {
		if c == '/' {
			folders = append(folders, p[:i])
		}
	}
	return folders
}

// temporarySuffix ends the names of files that are being written. It is not
// one that kubectl or kustomize would read.
const temporarySuffix = ".patternctl-tmp"

// temporary returns the name, in the same folder, under which the file at p is
// written before it takes its place.
func temporary(p string) string {
	return path.Join(path.Dir(p), "."+path.Base(p)+temporarySuffix)
}

func isTemporary(p string) bool {
	name := path.Base(p)
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, temporarySuffix)
}
