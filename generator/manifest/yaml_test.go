package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

func TestAppendYAMLLayout(t *testing.T) {
	tests := []struct {
		name, tree, want string
	}{
		{"empty map", `{}`, "{}\n"},
		{"empty list", `[]`, "[]\n"},
		{"scalars", `{"a":null,"b":true,"c":false,"d":1}`, "a: null\nb: true\nc: false\nd: 1\n"},
		{"order is kept", `{"b":1,"a":2}`, "b: 1\na: 2\n"},
		{"nested maps", `{"a":{"b":{"c":1},"d":2},"e":3}`, "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n"},
		{"nothing inside", `{"a":{},"b":[],"c":[{},[]]}`, "a: {}\nb: []\nc:\n- {}\n- []\n"},
		{
			"maps in a list", `{"ports":[{"name":"http","port":80},{"name":"metrics"}],"x":1}`,
			"ports:\n- name: http\n  port: 80\n- name: metrics\nx: 1\n",
		},
		{
			"maps in a list of a map in a list", `[{"a":[{"b":[1,2],"c":3}]}]`,
			"- a:\n  - b:\n    - 1\n    - 2\n    c: 3\n",
		},
		{"lists of lists", `[[1,[2,3]],[4]]`, "- - 1\n  - - 2\n    - 3\n- - 4\n"},
		{"map in a list of lists", `[[{"a":1,"b":2}]]`, "- - a: 1\n    b: 2\n"},
		{"literal", `{"a":{"b":"x\n  y\n\nz\n"},"c":1}`, "a:\n  b: |\n    x\n      y\n\n    z\nc: 1\n"},
		{"literal without an end of line", `{"a":"x\ny"}`, "a: |-\n  x\n  y\n"},
		{"literal with more ends of line", `{"a":"x\n\n\n","b":1}`, "a: |+\n  x\n\n\nb: 1\n"},
		{"literal that begins with blanks", `[{"a":" x\ny"},"\tx\n","\nx\n"]`, "- a: |2-\n     x\n    y\n- \"\\tx\\n\"\n- |2\n\n  x\n"},
		{"literal in lists of lists", `[["x\ny"]]`, "- - |-\n    x\n    y\n"},
		{"only ends of line", `["\n","\n\n"]`, `- "\n"` + "\n" + `- "\n\n"` + "\n"},
		{"document that is a string", `"x\ny"`, `"x\ny"` + "\n"},
		{"key of several lines", `{"x\ny":"z"}`, `"x\ny": z` + "\n"},
		{"half a surrogate pair", `"\ud83d!"`, "\ufffd!\n"},
		{"surrogate pair", `"\ud83d\ude00"`, "\U0001f600\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tree, err := ParseJSON([]byte(test.tree))
			if err != nil {
				t.Fatal(err)
			}
			got := AppendYAML(nil, tree)
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			checkYAML(t, got, tree)
		})
	}
}

// What some reader of YAML takes for something else than a string.
var quotedStrings = []string{
	"", "~", "null", "Null", "NULL", "=", "<<",
	"y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "on", "On", "off", "OFF", "true", "True", "FALSE",
	"0", "1", "-1", "+1", "007", "0o7", "0x1F", "0X1f", "-0x1", "0b101", "1_000", "1,000", "1e3", "1E3", "1e+3",
	".5", "5.", "-.5", "1.5", "1.2.3", "10.0.0.1", "6e-2_0", ".inf", "-.Inf", "+.INF", ".nan", ".NaN", ".", "-", "+", "--", "e1", "E-3",
	"12:30", "12:30:45", "190:20:30.15", "2001-12-14", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5",
	" a", "a ", " ", "\t", "a\tb", "a\t#b", "a: b", "a:", ":", ":a", "a #b", "#a", "- a", "---", "--- a", "...", "... a", "? a",
	"[a", "]", "{a", "}", ",a", "&a", "*a", "!a", "!!str", "|", ">", "'a", `"a"`, "%a", "@a", "`a",
	"a\rb", "a\r\nb\r\n", "a\x00b", "a\x1bb", "a\x7fb", "a\u0080b", "a\u0085b", "a\u2028b", "a\u2029b", "a\ufeffb", "\ufeff", "a\ufffeb", "a\uffffb",
	"\n", " \n", "\t\n \n", "\n ", "a\n\x00",
}

// What is safe as it is, and reads better so.
var plainStrings = []string{
	"a", "A", "nginx:1.27", "ghcr.io/acme/web@sha256:01ab", "100m", "64Mi", "10Gi", "30s", "1h30m", "50%", "v1", "apps/v1", "-f",
	"--config=/etc/x", "a-b_c.d/e", "http://a.example:80/?b=c&d=e#f", "a b", "a#b", "a:b", "it's", `say "hi"`, `C:\dir`, "$(POD_IP)", "$HOME",
	"a, b", "a [b] {c}", "nope", "yesterday", "none", "_1", "e", "e2e", "et al", "Grüße", "日本語", "\U0001f600", "a\u00a0b", "\ufffd", "<a>&b", "/", "\\",
}

func TestAppendYAMLStrings(t *testing.T) {
	check := func(t *testing.T, s, written string) {
		t.Helper()
		got := string(AppendYAML(nil, Map{{"key", s}}))
		if want := "key: " + written + "\n"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		checkEverywhere(t, s)
	}
	for _, s := range quotedStrings {
		var escaped bytes.Buffer
		e := json.NewEncoder(&escaped)
		e.SetEscapeHTML(false)
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		// encoding/json doesn't escape what JSON need not.
		written := strings.NewReplacer(
			"\x7f", `\u007f`, "\u0080", `\u0080`, "\u0085", `\u0085`, "\ufeff", `\ufeff`, "\ufffe", `\ufffe`, "\uffff", `\uffff`,
		).Replace(strings.TrimSuffix(escaped.String(), "\n"))
		t.Run(written, func(t *testing.T) { check(t, s, written) })
	}
	for _, s := range plainStrings {
		t.Run(s, func(t *testing.T) { check(t, s, s) })
	}
}

// checkEverywhere fails unless s reads back from every place in a tree.
func checkEverywhere(t *testing.T, s string) {
	t.Helper()
	read := string([]rune(s))
	next := Field{"next", "x"}
	for _, place := range []func(string) any{
		func(s string) any { return s },
		func(s string) any { return Map{{s, s}, {"next" + s, s}} },
		func(s string) any { return Map{{s, Map{{s, s}}}, next} },
		func(s string) any { return Map{{"list", []any{s, s}}, next} },
		func(s string) any { return []any{[]any{s, "x"}, s} },
		func(s string) any { return []any{Map{{s, s}, next}, Map{{"list", []any{s}}}, Map{{s, []any{}}}} },
	} {
		checkYAML(t, AppendYAML(nil, place(s)), place(read))
	}

	objects := []Map{{{"key", s}}, {{"key", []any{s}}}, {{s, "x"}}}
	var stream bytes.Buffer
	if err := WriteYAML(&stream, objects); err != nil {
		t.Fatal(err)
	}
	got, err := readStream(stream.Bytes())
	if err != nil {
		t.Fatalf("%v in\n%s", err, stream.Bytes())
	}
	if diff := cmp.Diff([]any{Map{{"key", read}}, Map{{"key", []any{read}}}, Map{{read, "x"}}}, got); diff != "" {
		t.Fatalf("the stream reads otherwise (-want +got):\n%s", diff)
	}
	// kubectl cuts a stream at these lines before it reads any YAML.
	if n := strings.Count("\n"+stream.String(), "\n---"); n != len(objects) {
		t.Fatalf("%d lines begin with --- in\n%s", n, stream.Bytes())
	}
}

func TestAppendYAMLNumbers(t *testing.T) {
	for number, want := range map[json.Number]string{
		"0": "0", "-0": "-0", "-12": "-12", "1.50": "1.50", "9007199254740993": "9007199254740993",
		"18446744073709551615":  "18446744073709551615",
		"123456789012345678901": "123456789012345678901",
		"1e3":                   "1.0e+3", "1E-3": "1.0e-3", "1.5e+3": "1.5e+3", "-1e03": "-1.0e+03", "1.25E5": "1.25e+5",
	} {
		got := AppendYAML(nil, number)
		if string(got) != want+"\n" {
			t.Errorf("%s: got %s, want %s", number, got, want)
		}
		checkYAML(t, got, number)
	}
}

func TestAppendYAMLLongKeys(t *testing.T) {
	long := strings.Repeat("k", maxImplicitKey)
	for _, key := range []string{long, long + "k", strings.Repeat("ü", 2000), strings.Repeat("\n", 600)} {
		tree := Map{
			{key, "plain"}, {key + "1", "two\nlines\n"}, {key + "2", Map{{key, []any{"item"}}, {"next", Map{}}}},
			{key + "3", []any{Map{{key, Map{{key, nil}}}, {"next", []any{}}}}},
		}
		checkYAML(t, AppendYAML(nil, tree), tree)
	}
	if got, want := string(AppendYAML(nil, Map{{long + "k", Map{{"a", nil}}}})), "? "+long+"k\n:\n  a: null\n"; got != want {
		t.Errorf("got %s", got)
	}
	if got := AppendYAML(nil, Map{{long, nil}}); got[0] == '?' {
		t.Errorf("a key of %d bytes needs no mark", maxImplicitKey)
	}
}

func TestAppendYAMLDepth(t *testing.T) {
	for _, nest := range []func(any) any{
		func(tree any) any { return []any{tree} },
		func(tree any) any { return Map{{"a", tree}} },
		func(tree any) any { return Map{{"a", []any{tree}}} },
	} {
		var tree any = "two\nlines"
		for range maxDepth / 2 {
			tree = nest(tree)
		}
		checkYAML(t, AppendYAML(nil, tree), tree)
	}
}

func TestAppendYAMLInvalidUTF8(t *testing.T) {
	for s, want := range map[string]string{
		"a\xffb":      "a\ufffdb\n",
		"\xe2\x28":    "\ufffd(\n",
		"a\xff\xfe\n": `"a` + "\ufffd\ufffd" + `\n"` + "\n",
	} {
		if got := string(AppendYAML(nil, s)); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestAppendYAMLAppends(t *testing.T) {
	if got := string(AppendYAML([]byte("# head\n"), Map{{"a", []any{}}})); got != "# head\na: []\n" {
		t.Errorf("got %q", got)
	}
}

func TestAppendForeignType(t *testing.T) {
	for name, write := range map[string]func(){
		"YAML": func() { AppendYAML(nil, Map{{"a", 1}}) },
		"JSON": func() { AppendJSON(nil, Map{{"a", 1}}, "") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != "manifest: int in a tree" {
					t.Errorf("recovered %v", got)
				}
			}()
			write()
		})
	}
}

// cacheObjects are a ConfigMap and a Deployment as a template makes them.
func cacheObjects(t testing.TB) []Map {
	t.Helper()
	data, err := os.ReadFile("testdata/cache.json")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := ParseJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	return Maps(tree, "items")
}

func TestWriteYAML(t *testing.T) {
	objects := cacheObjects(t)
	var got bytes.Buffer
	if err := WriteYAML(&got, objects); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/cache.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, object := range objects {
		checkYAML(t, AppendYAML(nil, object), object)
	}
	got.Reset()
	if err := WriteYAML(&got, nil); err != nil || got.Len() > 0 {
		t.Errorf("no objects: %v, %q", err, got.String())
	}
}

// A fullWriter has room for so many bytes.
type fullWriter struct{ room, calls int }

var errFull = errors.New("disk full")

func (w *fullWriter) Write(p []byte) (int, error) {
	w.calls++
	if len(p) > w.room {
		return w.room, errFull
	}
	w.room -= len(p)
	return len(p), nil
}

func TestWriteError(t *testing.T) {
	many := slices.Repeat(cacheObjects(t), 1000)
	for name, write := range map[string]func(io.Writer, []Map) error{"YAML": WriteYAML, "JSON": WriteJSON} {
		for _, objects := range [][]Map{many[:1], many} {
			w := &fullWriter{room: 10}
			if err := write(w, objects); !errors.Is(err, errFull) {
				t.Errorf("%s of %d objects: error %v", name, len(objects), err)
			}
			if w.calls != 1 {
				t.Errorf("%s of %d objects: wrote %d times to a full disk", name, len(objects), w.calls)
			}
		}
	}
	if err := WriteJSON(&fullWriter{}, nil); !errors.Is(err, errFull) {
		t.Errorf("an empty List: error %v", err)
	}
}

func TestAppendYAMLAllocations(t *testing.T) {
	var tree any = cacheObjects(t)[1]
	buffer := AppendYAML(nil, tree)
	if n := testing.AllocsPerRun(10, func() { AppendYAML(buffer[:0], tree) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzScalar(f *testing.F) {
	for _, s := range slices.Concat(quotedStrings, plainStrings) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) < 10_000 {
			checkEverywhere(t, s)
		}
	})
}

func FuzzYAML(f *testing.F) {
	f.Add(AppendJSON(nil, cacheObjects(f)[0], ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := ParseJSON(data)
		if err != nil {
			return
		}
		checkJSON(t, data, tree)
		if finite(tree) {
			checkYAML(t, AppendYAML(nil, tree), tree)
		}
	})
}

// BenchmarkYAML writes a ConfigMap and a Deployment with this package and
// with two libraries.
func BenchmarkYAML(b *testing.B) {
	objects := cacheObjects(b)
	var trees, maps []any
	for _, object := range objects {
		trees = append(trees, object)
		maps = append(maps, unordered(b, object))
	}
	b.Run("manifest", func(b *testing.B) {
		var buffer []byte
		b.ReportAllocs()
		for b.Loop() {
			for _, tree := range trees {
				buffer = AppendYAML(buffer[:0], tree)
			}
		}
	})
	for name, marshal := range map[string]func(any) ([]byte, error){"sigs.k8s.io": sigs.Marshal, "v3": yaml.Marshal} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, tree := range maps {
					if _, err := marshal(tree); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkStream writes 9,000 objects.
func BenchmarkStream(b *testing.B) {
	objects := slices.Repeat(cacheObjects(b), 4500)
	for name, write := range map[string]func(io.Writer, []Map) error{"yaml": WriteYAML, "json": WriteJSON} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := write(io.Discard, objects); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
