package generator_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator"
)

// TestMistakesAreLinear holds that ten times the mistakes are about ten times
// the work, counted in bytes allocated, which do not depend on the machine.
func TestMistakesAreLinear(t *testing.T) {
	const few, many, bound = 100, 1_000, 20
	for _, test := range []struct{ name, line string }{
		{"undefined fields", `replicated: "web-%d": container: {image: "web:1", port: 80, env: A: replicated.wob%[1]d.endpoint.url}`},
		{"undeclared names", `replicated: "web-%d": container: {image: "web:1", port: 80, env: A: wob%[1]d.endpoint.url}`},
		{"unknown fields", `replicated: "web-%d": container: {image: "web:1", port: 80, prot: 80}`},
		{"values", `replicated: "web-%d": {container: {image: "web:1", port: 80}, replicas: -%[1]d}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, after := explaining(t, test.line, few), explaining(t, test.line, many)
			if ratio := float64(after) / float64(before); ratio > bound {
				t.Errorf("explaining %d mistakes takes %.0f times the work of %d", many, ratio, few)
			}
		})
	}
}

// explaining returns how many bytes are allocated to explain n lines, each of
// which is a mistake.
func explaining(t *testing.T, line string, n int) uint64 {
	t.Helper()
	var b strings.Builder
	b.WriteString("name: \"many\"\nreplicated: good: container: {image: \"web:1\", port: 80}\n")
	for i := range n {
		fmt.Fprintf(&b, line+"\n", i+1)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	spec, err := generator.Parse(generator.Sources{Files: []generator.Source{{Name: "many.cue", Text: []byte(b.String())}}}, generator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if list := spec.Validate(); len(list) < n {
		t.Fatalf("%d diagnostics for %d mistakes", len(list), n)
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
