package generator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/generator"
)

// FuzzSpec holds that no spec, however broken, makes the generator panic, hang,
// or say nothing about what it refuses. What is a bomb must be refused too, so
// time and memory are short.
func FuzzSpec(f *testing.F) {
	for _, pattern := range []string{"../testdata/specs/*/*.*", "../examples/*/*.*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(filepath.Ext(name), text)
		}
	}
	for _, seed := range nastySpecs {
		f.Add(".cue", []byte(minimalSpec+seed))
	}
	for _, seed := range []string{
		"name: shop\nreplicated: {web: {container: {image: a:1, port: 80}}}\nenvironments: {prod: {}}\n",
		"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
		"? {a: 1}\n: 2\n", "a: !!binary x\n", "--- |\n", "%YAML 1.2\n---\n", "a: 1\n---\n", "? a\n", "<<: {a: 1}\n",
	} {
		f.Add(".yaml", []byte(seed))
	}
	for _, seed := range []string{`{"name": "shop", "environments": {"prod": {"name": null}}}`, `[]`, `{"a": 1e999999999}`, `{"a": 1, "a": 2}`, `{"\ud800": ""}`} {
		f.Add(".json", []byte(seed))
	}

	f.Fuzz(func(t *testing.T, extension string, text []byte) {
		if len(text) > 1<<14 {
			t.Skip("the limits of size have tests of their own")
		}
		sources := generator.Sources{Files: []generator.Source{{Name: "spec" + extension, Text: text}}}
		begin := time.Now()
		spec, err := generator.Parse(sources, generator.Options{Workers: 1, Timeout: 2 * time.Second, Memory: 512 << 20})
		if err != nil {
			checkDiagnostics(t, err)
			return
		}
		rendering, list := spec.RenderAll()
		if list.HasErrors() {
			checkDiagnostics(t, list)
		} else if _, err := rendering.Tree(); err != nil {
			t.Errorf("a valid spec has no tree: %v", err)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// checkDiagnostics fails for messages that blame patternctl, and for those that
// say nothing.
func checkDiagnostics(t *testing.T, err error) {
	t.Helper()
	for _, line := range strings.Split(err.Error(), "\n") {
		if strings.Contains(line, "[PC1302]") || strings.Contains(line, "[PC1401]") || strings.TrimSpace(line) == "" {
			t.Errorf("the spec is blamed on patternctl: %s", err)
		}
	}
}

const minimalSpec = `name: "shop"
replicated: web: container: {image: "a:1", port: 80}
replicated: [string]: allow: from: anywhere: true
`

// nastySpecs are what may follow a minimal spec and is unusual somehow.
var nastySpecs = []string{
	`_a: {b: _a}`, `_a: [_a]`, `_a: _b+1, _b: _a+1`, `replicated: web: replicas: replicated.web.replicas`,
	`_a: 1e999999999`, `_a: 1/0`, `_a: "\ud800"`, `_a: '\xff'`, `_a: =~"("`, `_|_`, `1`, `[1]`, `...`, `[string]: _`,
	`replicated: (replicated.web.endpoint.host): {}`, `{for k, v in replicated {replicated: "\(k)x": v}}`, `if replicated.web.replicas > 1 {replicated: web: replicas: 1}`,
	`#replicated: {}`, `_replicated: web: {}`, `"sharded": {}`, `sharded: null`, `sharded: a: null`, `sharded: "": {}`, `namespace: null`,
	`environments: null`, `environments: []`, `environments: _`, `environments: prod: 3`, `environments: prod: null`, `environments: X={prod: {}}`,
	`environments: {let x = {}, prod: x}`, `environments: {if true {prod: {}}}`, `environments: "\("prod")": {}`, `environments: prod?: {}`, `environments?: prod: {}`,
	`environments: "../x": {}`, `environments: "": {}`, `environments: prod: environments: x: {}`, `environments: prod: environments.prod`, `environments: prod: name: null`,
	`environments: prod: replicated: null`, `environments: prod: replicated: web: null`, `environments: prod: replicated: web: replicas: *3 | int`,
	`_p: replicated: web: replicas: null, environments: prod: _p`, `for e in ["a"] {environments: (e): {}}`, `let environments = {prod: {}}`,
	`let s = 4, environments: prod: replicated: web: replicas: s`, `environments: prod: {_s: web: replicas: 4, replicated: _s}`, `environments: prod: replicated: web: replicated.web & {replicas: 4}`,
	`_a: {b: {c: _a, d: _a}}, environments: prod: _a`, `environments: prod: replicated: web: container: replicated`,
	`_a: _b & _b, _b: _c & _c, _c: _d & _d, _d: replicated: web: replicas: 4, environments: prod: _a`,
	`_p: _p & {a: 1}, environments: prod: _p`, `_p: {a: _p}, environments: prod: _p.a.a.a`,
	`replicated: X=web: {container: env: A: "\(X.replicas)"}, environments: prod: replicated: web: container: env: A: "x"`,
	`replicated: web: patches: p: {kind: "Deployment", spec: [[[[]]]]}`, `replicated: web: patches: p: {kind: "Deployment", "$patch": "delete"}`,
	`replicated: web: patches: p: {kind: "Deployment", metadata: null, spec: null}`, `replicated: web: container: files: "/a": "\u0000\u2028"`,
	"_a: \"\\(\"\\(1)\")\"", "_a: \"\"\"\n\t\\(1)\n\t\"\"\"", "_a: #\"\\#(1)\"#", "\ufeff_a: 1", "_a: 1\r\n_b: 2\r\n", "_a: \x00", "_a: \xff", "@if(x)", "_a: 1 @tag(x,type=int)",
}
