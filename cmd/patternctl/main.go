// Command patternctl turns a spec of a distributed system, written as named
// patterns, into Kubernetes manifests and Kustomize overlays.
//
// This package is flags in and text out; what is computed, package generator
// computes. Data goes to standard output and talk to standard error, so every
// command can be part of a pipe.
package main

import (
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole program: it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	beRoomy()
	a := newApp(stdin, stdout, stderr)
	return a.exit(a.execute(args))
}
