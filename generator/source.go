package generator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// MaxSpecSize is how large all files of a spec may be together, in bytes. Ten
// thousand instances fit.
const MaxSpecSize = 4 << 20

// Stdin is the name of standard input among a spec's files.
const Stdin = "-"

// A Source is one file of a spec, as the user named it.
type Source struct {
	// Name is what positions show: a path, or Stdin.
	Name string
	Text []byte
}

// Sources are the files of one spec.
type Sources struct {
	Files []Source
	// Root is the spec's own folder, where its imports are looked for: that of
	// the first file in alphabetical order. It is nil for standard input.
	Root fs.FS
}

// first returns the first file in alphabetical order that is one.
func (s Sources) first() (Source, bool) {
	files := slices.DeleteFunc(slices.Clone(s.Files), func(f Source) bool { return f.Name == Stdin })
	if len(files) == 0 {
		return Source{}, false
	}
	return slices.MinFunc(files, func(a, b Source) int { return cmp.Compare(a.Name, b.Name) }), true
}

// Read reads a spec from paths: files, one folder with one CUE package, or "-"
// for stdin. Without paths it reads the current folder.
func Read(stdin io.Reader, paths ...string) (Sources, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var sources Sources
	for _, path := range paths {
		if path == Stdin {
			text, err := readAll(stdin)
			if err != nil {
				return Sources{}, problem("PC1001", Stdin, err.Error(), "")
			}
			sources.Files = append(sources.Files, Source{Stdin, text})
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return Sources{}, cannotRead(path, err)
		}
		if info.IsDir() {
			if len(paths) > 1 {
				return Sources{}, problem("PC1001", path, "a folder is a spec by itself",
					"name one folder, or the files of one package")
			}
			files, err := readFolder(path)
			if err != nil {
				return Sources{}, err
			}
			sources.Files = files
		} else {
			source, err := readFile(path)
			if err != nil {
				return Sources{}, err
			}
			sources.Files = append(sources.Files, source)
		}
	}
	if file, ok := sources.first(); ok {
		sources.Root = os.DirFS(filepath.Dir(file.Name))
	}
	return sources, nil
}

func readFolder(folder string) ([]Source, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, cannotRead(folder, err)
	}
	var sources []Source
	var others []string
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case entry.Type()&^fs.ModeSymlink != 0 || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_"):
		case filepath.Ext(name) == ".cue" && !strings.HasSuffix(name, "_tool.cue") && !strings.HasSuffix(name, "_test.cue"):
			source, err := readFile(filepath.Join(folder, name))
			if err != nil {
				return nil, err
			}
			sources = append(sources, source)
		case isYAML(name) || isJSON(name):
			others = append(others, name)
		}
	}
	if len(sources) == 0 {
		hint := "`patternctl init` writes a first spec"
		if len(others) > 0 {
			hint = fmt.Sprintf("a YAML or JSON spec is named as a file: %s", filepath.Join(folder, others[0]))
		}
		return nil, problem("PC1002", folder, "the folder has no CUE files", hint)
	}
	return sources, nil
}

func readFile(path string) (Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return Source{}, cannotRead(path, err)
	}
	defer file.Close()
	text, err := readAll(file)
	if err != nil {
		return Source{}, cannotRead(path, err)
	}
	return Source{path, text}, nil
}

// readAll reads no more than shows that there is too much.
func readAll(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, MaxSpecSize+1))
}

// isYAML and isJSON tell how a file is read: by its name, or for standard input
// by what is in it. JSON is CUE too, and read as such there.
func (s Source) isYAML() bool { return isYAML(s.Name) || s.Name == Stdin && looksLikeYAML(s.Text) }
func (s Source) isJSON() bool { return isJSON(s.Name) || s.Name == Stdin && json.Valid(s.Text) }

func isYAML(name string) bool { return slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)) }
func isJSON(name string) bool { return filepath.Ext(name) == ".json" }

// check reports what is wrong with the files before anything is parsed.
func (s Sources) check() diagnostic.List {
	var list diagnostic.List
	size := 0
	for _, file := range s.Files {
		size += len(file.Text)
		switch i := invalidUTF8(file.Text); {
		case size > MaxSpecSize:
			return problem("PC1003", file.Name,
				fmt.Sprintf("the spec has more than %d MiB", MaxSpecSize>>20),
				"split the system into several specs")
		case len(bytes.TrimSpace(file.Text)) == 0:
			list = append(list, emptyFile(file)...)
		case i >= 0:
			line := 1 + bytes.Count(file.Text[:i], []byte("\n"))
			column := i - bytes.LastIndexByte(file.Text[:i], '\n')
			list = append(list, diagnostic.Diagnostic{
				Code:     "PC1005",
				Position: diagnostic.Position{File: file.Name, Line: line, Column: column},
				Message:  fmt.Sprintf("the byte %#02x is not UTF-8", file.Text[i]),
				Hint:     "save the file as UTF-8",
			})
		}
	}
	return list
}

func emptyFile(source Source) diagnostic.List {
	return problem("PC1004", source.Name, "the file is empty", "`patternctl init` writes a first spec")
}

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func cannotRead(path string, err error) diagnostic.List {
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		hint = "a spec is a file, a folder, or - for standard input"
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return problem("PC1001", path, "cannot read the spec: "+err.Error(), hint)
}

// problem is a diagnostic about a whole file.
func problem(code, file, message, hint string) diagnostic.List {
	return diagnostic.List{{
		Code:     code,
		Position: diagnostic.Position{File: file},
		Message:  message,
		Hint:     hint,
	}}
}
