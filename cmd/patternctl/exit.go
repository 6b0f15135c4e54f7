package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// The exit codes. They are interface: see newExitCodes.
const (
	exitDone   = 0
	exitFound  = 1
	exitFailed = 2
)

func newExitCodes() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit code of a command means",
		Long: `Every command ends with one of three exit codes:

  0  Done. There may have been warnings.

  1  Something was found. The spec has mistakes, or warnings with --strict; or
     generate --check found files that are not what the spec generates.
     Nothing was written.

  2  It did not work. The command line is wrong, a file cannot be read or
     written, a file is in the way, or patternctl itself failed.

A command whose output is cut off by a closed pipe, as in "patternctl generate |
head", ends without a message: by the signal SIGPIPE, which shells report as
141, or with 2 where that signal is ignored.`,
	}
}

// A failure is an error and what to do about it. It is about the command line
// or the machine, where a diagnostic is about the spec.
type failure struct{ message, hint string }

func (e failure) Error() string { return e.message }

// A reported error is one that the user has read already. It is the exit code.
type reported int

func (r reported) Error() string { return fmt.Sprintf("exit code %d", int(r)) }

// exit prints err, unless that has been done, and returns the exit code.
func (a *app) exit(err error) int {
	if flushed := a.stdout.Flush(); flushed != nil {
		if errors.Is(flushed, syscall.EPIPE) {
			return exitFailed
		}
		err = failure{message: "cannot write to standard output: " + cause(flushed).Error()}
	}
	var code reported
	var f failure
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &f):
		fmt.Fprintf(a.stderr, "error: %s\n", f.message)
		if f.hint != "" {
			fmt.Fprintf(a.stderr, "hint: %s\n", f.hint)
		}
	default:
		fmt.Fprintf(a.stderr, "error: %v\n", err)
	}
	return exitFailed
}

// exitCode tells mistakes in what a spec says from everything that kept it from
// being read or its manifests from being written.
func exitCode(list diagnostic.List) int {
	code := exitDone
	for _, d := range list {
		switch {
		case d.Severity == diagnostic.Warning:
		case strings.HasPrefix(d.Code, "PC3"):
			return exitFailed
		case d.Code == "PC1001" || d.Code == "PC1002" || d.Code == "PC1102" || d.Code == "PC1105" || d.Code == "PC1302" || d.Code == "PC1401":
			return exitFailed
		default:
			code = exitFound
		}
	}
	return code
}
