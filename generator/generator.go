// Package generator turns a spec, a distributed system written as named
// patterns, into Kubernetes manifests and Kustomize overlays.
//
//	bytes → Spec → System → Objects → Tree
//
// Read and Parse make a Spec of the user's files. Evaluate makes a System of
// it: one environment, validated, with every default and output in place.
// Render makes manifests of a System, and Tree makes the base and the overlays
// of all of them. Nothing here writes a file or opens a connection, and the
// same bytes always become the same bytes.
//
// Errors about the user's input are of type diagnostic.List: everything that
// is wrong, each at its place.
package generator

import (
	"runtime"
	"time"

	"github.com/patternctl/patternctl/generator/catalogue"
)

// Options are what a run may decide. The zero Options are good.
type Options struct {
	// Library is the catalogue to use. Default: the embedded one.
	Library *catalogue.Library
	// Workers is how many instances are rendered at the same time. It never
	// changes the result. Default: one for each processor.
	Workers int
	// Timeout is how long evaluating may take. Default: one minute.
	Timeout time.Duration
	// Memory is how many bytes evaluating may use. Default: 2 GiB.
	Memory uint64
}

func (o Options) withDefaults() (Options, error) {
	if o.Library == nil {
		library, err := catalogue.Open()
		if err != nil {
			return o, err
		}
		o.Library = library
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Memory == 0 {
		o.Memory = 2 << 30
	}
	return o, nil
}
