package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator/catalogue"
)

// An app is one run of patternctl.
type app struct {
	stdin  io.Reader
	stdout *bufio.Writer
	stderr io.Writer
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{stdin: stdin, stdout: bufio.NewWriter(stdout), stderr: stderr}
}

// execute runs the command that args name.
func (a *app) execute(args []string) error {
	root := newRoot(a)
	// Without arguments cobra would look for some in os.Args.
	root.SetArgs(append([]string{}, args...))
	err := root.Execute()
	if _, _, unknown := root.Find(args); unknown != nil {
		return unknownCommand(root, args)
	}
	return err
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "patternctl",
		Short: "Kubernetes manifests from the patterns of distributed systems",
		Long: `patternctl turns a short CUE spec of a distributed system, written as named
patterns, into Kubernetes manifests and Kustomize overlays.

It works offline, writes nothing unless everything is right, and says nothing
when there is nothing to say.`,
		Example: `  patternctl init shop                          a first spec
  patternctl generate shop                      its manifests, on standard output
  patternctl generate shop -e prod              those of one environment
  patternctl generate shop -d deploy            a base and overlays, as files
  patternctl generate shop -d deploy --check    whether those files are up to date`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.AddCommand(
		newInit(a),
		newValidate(a),
		newGenerate(a),
		newPatterns(a),
		newExplain(a),
		newVersion(a),
		newCompletion(a),
		newExitCodes(),
	)
	return root
}

// libraryFlag adds --library, by which every command that knows patterns can
// be taught more.
func libraryFlag(cmd *cobra.Command, folders *[]string) {
	cmd.Flags().StringArrayVar(folders, "library", nil, "a `DIR` with schemas and templates of your own patterns; repeatable")
	must(cmd.MarkFlagDirname("library"))
}

// openLibrary returns the embedded catalogue with the libraries in folders on it.
func openLibrary(folders []string) (*catalogue.Library, error) {
	library, err := catalogue.Open()
	var stacked []catalogue.Layer
	for _, folder := range folders {
		if _, err := os.ReadDir(folder); err != nil {
			return nil, unusable(folder, cause(err))
		}
		stacked = append(stacked, catalogue.Layer{Name: folder, Files: os.DirFS(folder)})
		if library, err = catalogue.Open(stacked...); err != nil {
			return nil, unusable(folder, err)
		}
	}
	return library, err
}

func unusable(folder string, err error) error {
	return failure{
		fmt.Sprintf("cannot use the library %s: %v", folder, err),
		"a library has a folder schemas and a folder templates, and adds files to the catalogue without replacing any",
	}
}

// cause returns what went wrong with a file, without the operation and name.
func cause(err error) error {
	var pathError *fs.PathError
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.As(err, &pathError):
		return pathError.Err
	}
	return err
}

// must reports a flag that isn't there: a mistake that no user can make.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
