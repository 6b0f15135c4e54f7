package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
)

type initOptions struct {
	libraries []string
	pattern   single
	name      single
}

func newInit(a *app) *cobra.Command {
	o := initOptions{pattern: single{value: "replicated"}}
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a first spec",
		Long: `Init writes a first spec into DIR, which it makes if it isn't there; the default
is the current folder. The spec has comments, and generates as it stands.

The file and the system are named after --name, or else after the folder. A
folder that has a spec already is left alone.`,
		Example: `  patternctl init shop
  patternctl init --pattern workQueue --name thumbnails .`,
		Args: atMostOne,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			return o.run(a.stderr, dir)
		},
	}
	cmd.Flags().Var(&o.pattern, "pattern", "the `PATTERN` to begin with")
	cmd.Flags().Var(&o.name, "name", "the `NAME` of the system (default: the folder's)")
	libraryFlag(cmd, &o.libraries)
	must(cmd.RegisterFlagCompletionFunc("pattern", completePattern))
	return cmd
}

func (o initOptions) run(stderr io.Writer, dir string) error {
	library, err := openLibrary(o.libraries)
	if err != nil {
		return err
	}
	name, text, err := o.example(library, dir)
	if err != nil {
		return err
	}
	if err := isFree(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, name+".cue")
	if err := writeNew(path, text); err != nil {
		return failure{fmt.Sprintf("cannot write %s: %v", path, cause(err)), ""}
	}
	command := "patternctl generate " + dir
	for _, folder := range o.libraries {
		command += " --library " + folder
	}
	fmt.Fprintf(stderr, "wrote %s; `%s` prints its manifests\n", path, command)
	return nil
}

// example returns a spec for the pattern that was asked for, and its name. A
// name that was asked for has to be valid; that of a folder is taken if it is.
func (o initOptions) example(library *catalogue.Library, dir string) (name, text string, err error) {
	wanted := o.name.value
	if wanted == "" {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return "", "", err
		}
		wanted = filepath.Base(absolute)
	}
	var list diagnostic.List
	for _, candidate := range []string{wanted, ""} {
		text, ok := library.Example(o.pattern.value, candidate)
		if !ok {
			return "", "", noExample(library, o.pattern.value)
		}
		name, mistakes := tryOut(library, text)
		switch {
		case len(mistakes) > 0:
			list = append(list, mistakes...)
		case candidate != wanted && o.name.value != "":
			return "", "", failure{"--name: " + list[0].Message, list[0].Hint}
		default:
			return name, text, nil
		}
	}
	return "", "", fmt.Errorf("the library's first spec for %s has mistakes: %w", o.pattern.value, list.Sorted())
}

// tryOut returns the name of the system in a spec, or what is wrong with it.
func tryOut(library *catalogue.Library, text string) (string, diagnostic.List) {
	spec, err := generator.Parse(generator.Sources{
		Files: []generator.Source{{Name: "spec", Text: []byte(text)}},
	}, generator.Options{Library: library})
	var system *generator.System
	if err == nil {
		system, err = spec.Evaluate("")
	}
	var list diagnostic.List
	if errors.As(err, &list) {
		return "", list
	}
	return system.Name, spec.Validate()
}

func noExample(library *catalogue.Library, name string) error {
	patterns, err := allPatterns(library)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range patterns {
		if p.Name == name {
			return failure{
				"the library has no first spec for " + name,
				fmt.Sprintf("`patternctl explain %s` says what it takes", name),
			}
		}
		if _, ok := library.Example(p.Name, ""); ok {
			names = append(names, p.Name)
		}
	}
	return failure{
		fmt.Sprintf("there is no pattern %q", name),
		didYouMean(name, names, "`patternctl patterns` lists the patterns"),
	}
}

// isFree refuses a folder that has a spec: with a second file it would be one
// spec with two names.
func isFree(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return failure{fmt.Sprintf("cannot use %s: %v", dir, cause(err)), "name a folder, which need not exist yet"}
	}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".cue" && !entry.IsDir() {
			return failure{
				fmt.Sprintf("%s is already there", filepath.Join(dir, entry.Name())),
				"name another folder: the CUE files of one folder are one spec",
			}
		}
	}
	return nil
}

// writeNew writes a file that must not exist, and the folders it is in. If that
// fails it leaves nothing behind.
func writeNew(path, text string) error {
	var made []string
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, dir)
	}
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = writeFile(path, text)
	}
	if err != nil {
		for _, dir := range made {
			// One that was not made, or is in use by now, is not ours.
			_ = os.Remove(dir)
		}
	}
	return err
}

func writeFile(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
