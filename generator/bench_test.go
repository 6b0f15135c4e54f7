package generator_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/manifest"
)

// manySharded is a spec of n sharded services with routers, fourteen objects
// each, of which each refers to the one before.
func manySharded(n int) generator.Sources {
	var b strings.Builder
	b.WriteString("name: \"bench\"\ncluster: version: \"1.34\"\n")
	for i := range n {
		fmt.Fprintf(&b, "sharded: \"cache-%d\": {container: {image: \"ghcr.io/acme/cache:2.0.1\", port: 8080, env: {LEVEL: \"info\"", i)
		if i > 0 {
			fmt.Fprintf(&b, ", NEXT: sharded[\"cache-%d\"].endpoint.url", i-1)
		}
		b.WriteString("}}, shards: 4, hash: header: \"X-User\", role: \"cache\"}\n")
	}
	return generator.Sources{Files: []generator.Source{{Name: "bench.cue", Text: []byte(b.String())}}}
}

// BenchmarkGenerate is everything between the bytes of a spec and the bytes of
// its stream. The last number of each line is the time per instance: it stays
// the same if the work grows in proportion.
func BenchmarkGenerate(b *testing.B) {
	for _, n := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("instances=%d", n), func(b *testing.B) {
			sources := manySharded(n)
			b.ReportAllocs()
			count := 0
			for b.Loop() {
				count = generate(b, sources)
			}
			b.ReportMetric(float64(count), "objects")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/instance")
			b.ReportMetric(float64(heap())/(1<<20), "MB-heap")
		})
	}
}

// heap is how much memory the process has from the system, which is the most
// that it ever needed.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapSys
}

func generate(tb testing.TB, sources generator.Sources) (count int) {
	tb.Helper()
	spec, err := generator.Parse(sources, generator.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	groups, list := spec.Render("")
	if list.HasErrors() {
		tb.Fatal(list)
	}
	all := objects(groups)
	if err := manifest.WriteYAML(io.Discard, all); err != nil {
		tb.Fatal(err)
	}
	return len(all)
}
