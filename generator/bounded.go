package generator

import (
	"fmt"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// bounded runs work for a spec, which may not end: CUE is no programming language, but a
// spec can still ask for more lists than there is memory. Work that takes too
// long or too much is given up. It can't be interrupted, so it goes on in the
// background; a process that got this error should end soon.
func bounded[T any](spec *Spec, work func() (T, error)) (T, error) {
	options, file := spec.options, spec.sources.Files[0].Name
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if r := recover(); r != nil {
				o.err = problem("PC1302", file, fmt.Sprintf("evaluating the spec failed: %v", r),
					"this is a mistake in patternctl: please report it with the spec")
			}
			done <- o
		}()
		o.result, o.err = work()
	}()
	deadline := time.NewTimer(options.Timeout)
	defer deadline.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case o := <-done:
			return o.result, o.err
		case <-deadline.C:
			var none T
			return none, explosion(file, fmt.Sprintf("evaluating takes longer than %v", options.Timeout))
		case <-look.C:
			if heapSize() > options.Memory {
				var none T
				return none, explosion(file, fmt.Sprintf("evaluating takes more than %d MiB of memory", options.Memory>>20))
			}
		}
	}
}

const explosionCode = "PC1301"

func exploded(list diagnostic.List) bool {
	return slices.ContainsFunc(list, func(d diagnostic.Diagnostic) bool { return d.Code == explosionCode })
}

func explosion(file, message string) diagnostic.List {
	return problem(explosionCode, file, message,
		"look for comprehensions over long lists, or lists that grow with each other")
}

// heapSize is how much memory is in use: what was there when the garbage was last
// collected, or half of what there is now, which garbage may be part of.
func heapSize() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(samples)
	return max(samples[0].Value.Uint64(), samples[1].Value.Uint64()/2)
}
