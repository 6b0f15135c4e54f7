// Package bench measures whole processes: patternctl, and where there is one,
// helm with a chart that prints the same objects. See docs/performance.md.
package bench

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// instances is how many services the specs have that are compared with charts.
// Each becomes nine objects.
const instances = 1000

func BenchmarkProcess(b *testing.B) {
	dir := b.TempDir()
	patternctl := build(b, dir)
	sharded := write(b, dir, "sharded.cue", spec(instances, false))
	routed := write(b, dir, "routed.cue", spec(instances, true))
	deploy := filepath.Join(dir, "deploy")

	b.Run("patternctl/patterns=10/environments=3", func(b *testing.B) {
		run(b, patternctl, "generate", "ten.cue", "-d", deploy)
	})
	b.Run(fmt.Sprintf("patternctl/instances=%d/objects=%d", instances, 9*instances), func(b *testing.B) {
		run(b, patternctl, "generate", sharded)
	})
	b.Run(fmt.Sprintf("patternctl/instances=%d/objects=%d", instances, 14*instances), func(b *testing.B) {
		run(b, patternctl, "generate", routed)
	})

	helm, err := exec.LookPath("helm")
	if err != nil {
		b.Log("helm is not there to compare with")
		return
	}
	b.Run(fmt.Sprintf("helm/chart/objects=%d", 9*instances), func(b *testing.B) {
		run(b, helm, "template", "bench", "chart", "-n", "bench", "-f", write(b, dir, "values.yaml", values(instances)))
	})
	b.Run(fmt.Sprintf("helm/substitution/objects=%d", 9*instances), func(b *testing.B) {
		run(b, helm, "template", "bench", substitution(b, dir, patternctl))
	})
}

// TestChart holds that the chart prints what patternctl prints: a comparison of
// anything else would be worth nothing.
func TestChart(t *testing.T) {
	helm, err := exec.LookPath("helm")
	if err != nil {
		t.Skip("helm is not there to compare with")
	}
	dir := t.TempDir()
	const n = 12
	want := objects(t, output(t, build(t, dir), "generate", write(t, dir, "spec.cue", spec(n, false))))
	got := objects(t, output(t, helm, "template", "bench", "chart", "-n", "bench", "-f", write(t, dir, "values.yaml", values(n))))
	if len(want) != 9*n {
		t.Errorf("%d objects, not %d", len(want), 9*n)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-patternctl +helm):\n%s", diff)
	}
}

// spec is a spec of n sharded services, of which each refers to the one before.
func spec(n int, routed bool) string {
	var b strings.Builder
	b.WriteString("name: \"bench\"\ncluster: version: \"1.34\"\n")
	for i := range n {
		fmt.Fprintf(&b, "sharded: %q: {container: {image: \"ghcr.io/acme/cache:2.0.1\", port: 8080, env: {LEVEL: \"info\"", name(i))
		if i > 0 {
			fmt.Fprintf(&b, ", NEXT: sharded[%q].endpoint.url", name(i-1))
		}
		b.WriteString("}}, shards: 4, role: \"cache\"")
		if routed {
			b.WriteString(", hash: header: \"X-User\"")
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// values are those for the chart that say the same. Who calls whom is written
// out, because a chart can't know.
func values(n int) string {
	var b strings.Builder
	b.WriteString("instances:\n")
	for i := range n {
		fmt.Fprintf(&b, "  %s:\n", name(i))
		if i > 0 {
			fmt.Fprintf(&b, "    env: {NEXT: \"http://%s-shard.bench.svc.cluster.local:8080\"}\n", name(i-1))
			fmt.Fprintf(&b, "    servers: [{name: %s, port: 8080}]\n", name(i-1))
		}
		if i < n-1 {
			fmt.Fprintf(&b, "    clients: [%s]\n", name(i+1))
		}
	}
	return b.String()
}

func name(i int) string { return fmt.Sprintf("cache-%d", i) }

// substitution makes a chart that is the least work for a template engine: the
// text of one service's objects with its name, and those of its neighbours, left
// out. It decides nothing, and its first and last service refer to some that
// don't exist.
func substitution(tb testing.TB, dir, patternctl string) string {
	tb.Helper()
	var one strings.Builder
	for _, document := range strings.Split(output(tb, patternctl, "generate", write(tb, dir, "three.cue", spec(3, false))), "---\n") {
		if strings.Contains(document, "\n  name: cache-1") {
			one.WriteString("---\n" + document)
		}
	}
	text := strings.NewReplacer("cache-0", "{{ $before }}", "cache-1", "{{ $name }}", "cache-2", "{{ $after }}").Replace(one.String())
	template := fmt.Sprintf(`{{- range $i := until %d }}
{{- $before := printf "cache-%%d" (sub $i 1) }}
{{- $name := printf "cache-%%d" $i }}
{{- $after := printf "cache-%%d" (add $i 1) }}
%s{{- end }}
`, instances, text)
	chart := filepath.Join(dir, "substitution")
	if err := os.MkdirAll(filepath.Join(chart, "templates"), 0o755); err != nil {
		tb.Fatal(err)
	}
	write(tb, chart, "Chart.yaml", "apiVersion: v2\nname: substitution\nversion: 0.1.0\n")
	write(tb, chart, "templates/all.yaml", template)
	return chart
}

// build makes the program as it is released.
func build(tb testing.TB, dir string) string {
	tb.Helper()
	program := filepath.Join(dir, "patternctl")
	output(tb, "go", "build", "-trimpath", "-o", program, "../../cmd/patternctl")
	return program
}

func write(tb testing.TB, dir, name, text string) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}

// run measures a process: the time that passes (ns/op), the processors' time,
// and the most memory that any of the runs took.
func run(b *testing.B, program string, args ...string) {
	var processors time.Duration
	var memory int64
	for b.Loop() {
		cmd := exec.Command(program, args...)
		if err := cmd.Run(); err != nil {
			b.Fatalf("%s: %v", cmd, err)
		}
		processors += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			memory = max(memory, usage.Maxrss)
		}
	}
	b.ReportMetric(float64(processors.Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(memory)/1024, "MiB-RSS")
}

func output(tb testing.TB, program string, args ...string) string {
	tb.Helper()
	cmd := exec.Command(program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", cmd, err, stderr.String())
	}
	return string(text)
}

// objects reads a stream of objects, and sorts them.
func objects(t *testing.T, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var object map[string]any
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if object != nil {
			all = append(all, object)
		}
	}
	slices.SortFunc(all, func(a, b map[string]any) int { return cmp.Compare(identity(a), identity(b)) })
	return all
}

func identity(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	return fmt.Sprint(object["kind"], " ", metadata["name"])
}
