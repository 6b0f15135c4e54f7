package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
)

// specOptions are the flags of every command that reads a spec.
type specOptions struct {
	libraries   []string
	strict      bool
	diagnostics choice
}

func newSpecOptions() specOptions {
	var formats []string
	for _, f := range diagnostic.Formats() {
		formats = append(formats, string(f))
	}
	return specOptions{diagnostics: newChoice(formats...)}
}

func (o *specOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.strict, "strict", false, "take warnings for mistakes")
	choiceFlag(cmd, &o.diagnostics, "diagnostics", "", "how mistakes and warnings are printed")
	libraryFlag(cmd, &o.libraries)
}

// A report collects what is found in a spec, to print it all at once: machines
// read one document.
type report struct {
	app     *app
	options specOptions
	library *catalogue.Library
	sources generator.Sources
	list    diagnostic.List
}

// reporting opens the library, does the work, and prints to w what was found.
func (a *app) reporting(o specOptions, w io.Writer, work func(*report) error) error {
	library, err := openLibrary(o.libraries)
	if err != nil {
		return err
	}
	r := &report{app: a, options: o, library: library}
	err = work(r)
	// What has been printed comes first on a terminal too. An error of this
	// stays until the end of the run.
	_ = a.stdout.Flush()
	return cmp.Or(r.print(w), err)
}

// found takes note of err, if it is diagnostics, and returns an error if the
// run has to end because of it.
func (r *report) found(err error) error {
	var list diagnostic.List
	if !errors.As(err, &list) {
		return err
	}
	for _, d := range list {
		if r.options.strict {
			d.Severity = diagnostic.Error
		}
		r.list = append(r.list, d)
	}
	if code := exitCode(r.list); code != exitDone {
		return reported(code)
	}
	return nil
}

// open reads and parses the spec that args name.
func (r *report) open(args []string) (*generator.Spec, error) {
	sources, err := generator.Read(r.app.stdin, args...)
	if err != nil {
		return nil, r.found(err)
	}
	r.sources = sources
	spec, err := generator.Parse(sources, generator.Options{Library: r.library})
	if err != nil {
		return nil, r.found(err)
	}
	return spec, nil
}

func (r *report) print(w io.Writer) error {
	terminal := isTerminal(w)
	err := diagnostic.Write(w, diagnostic.Format(r.options.diagnostics.value), r.list, diagnostic.Options{
		Terminal: terminal,
		Color:    terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		Source:   r.source,
		Explain:  r.explain(),
		Version:  readVersion().Patternctl,
	})
	if err != nil {
		return fmt.Errorf("cannot print what was found: %w", err)
	}
	return nil
}

func (r *report) source(file string) ([]byte, bool) {
	for _, s := range r.sources.Files {
		if s.Name == file {
			return s.Text, true
		}
	}
	return nil, false
}

// explain returns a function that looks codes up in the library, which is only
// built if it is asked for one.
func (r *report) explain() func(string) (string, bool) {
	var known []code
	return func(name string) (string, bool) {
		if known == nil {
			// A broken library is reported where it is used.
			known, _ = allCodes(catalogue.NewPackages(r.library))
		}
		for _, c := range known {
			if c.Name == name {
				return strings.Join([]string{c.Title, c.Why, c.Fix}, "\n\n"), true
			}
		}
		return "", false
	}
}

// isTerminal reports whether w is a character device: somebody looks at it.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
