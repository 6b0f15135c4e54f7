package generator

import (
	"encoding/json"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator/manifest"
)

// TestExporter compares the exporter with what CUE itself writes.
func TestExporter(t *testing.T) {
	for name, source := range map[string]string{
		"literal":       `x: {z: 1, a: "s", m: {y: true, b: null, c: [], d: {}}, n: 1.50}`,
		"list":          `x: {l: [{z: 1, a: 2}, [], [null, "x"], {}]}`,
		"hidden":        `x: {z: _h, _h: 1, #d: {a: 1}, let l = 3, a: l, "_b": 2, "#e": 4}`,
		"quoted":        `x: {"z-z": 1, "a.b/c": 2, "ü": 3}`,
		"nested labels": `x: {z: y: b: 1, a: 2}`,
		"twice":         `x: {z: 1, a: {c: 1}, b: 1, a: {b: 2}}`,
		"two literals":  `x: {z: 1, b: 2}, x: {a: 3}`,
		"condition":     `x: {z: 1, if z > 0 {b: 2}, a: 3}`,
		"optional":      `x: {z: 1, b?: int, a: 3, if z > 0 {b: 2}}`,
		"embedding":     `x: {z: 1, y, a: 2}, y: {n: 1, c: 2}`,
		"computed":      `x: {z: 1, for k in ["q", "b"] {(k): k}, a: 2}`,
		"interpolated":  `x: {z: 1, "b\(z)": 1, a: 2}`,
		"pattern":       `x: {z: {b: 1}, a: {c: 1}, [string]: d: 2}`,
		"default":       `x: *{z: 1, a: 2} | {b: 1}`,
		"defaults":      `x: {z: *1 | int, a: *"s" | string}`,
		"reference":     `x: {z: y, a: y, n: y.n}, y: {q: 1, n: {r: 1, b: [null]}}`,
		"reference to reference": `
			x: {z: y, a: w.v}
			y: w.v
			w: v: {q: 1, b: null}`,
		"reference and more": `x: {z: y, z: {a: 1}}, y: q: 1`,
		"reference into a call": `
			f: {i: _, o: {z: i, a: {n: i}}}
			y: f & {i: 1}
			x: {z: y.o, a: (f & {i: 2}).o, b: (f & {i: 3}).o}`,
		"call with more":    `x: {z: (f & {o: c: 1}).o}, f: o: {z: 1, a: 2}`,
		"reference in list": `x: {l: [for n in y {p: n, o: n.o}]}, y: [{o: {z: 1, a: 1}}, {o: {z: 2, a: 2}}]`,
		"chosen":            `x: {z: [if true {y}, null][0], a: [if false {y}, null][0]}, y: {q: 1, b: 2}`,
		"alias":             `x: {z=a: 1, b: z}`,
		"constants":         `x: {z: "a\nb", a: 0x1F, n: 1Ki, c: 1_000, t: true, f: false, b: -1, e: #"\n"#}`,
		"bytes":             `x: {z: 'a'}`,
	} {
		t.Run(name, func(t *testing.T) {
			x := cuecontext.New().CompileString(source).LookupPath(cue.ParsePath("x"))
			want, err := export(x)
			if err != nil {
				t.Fatal(err)
			}
			e := exporter{orders: map[*ast.StructLit]order{}, trees: map[cue.Value]any{}}
			for range 2 {
				got, err := e.export(x)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(withoutNothing(want), got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestExporterErrors(t *testing.T) {
	for _, source := range []string{
		`x: {a: string}`,
		`x: {a: [int]}`,
		`x: {a: 1, b: y.b}, y: {c: 1}`,
		`x: {a: y}, y: {b: 1 & 2}`,
		`x: y, y: {b: int, if true {c: 1}}`,
	} {
		x := cuecontext.New().CompileString(source).LookupPath(cue.ParsePath("x"))
		e := exporter{orders: map[*ast.StructLit]order{}, trees: map[cue.Value]any{}}
		if tree, err := e.export(x); err == nil {
			t.Errorf("%s: no error, but %v", source, tree)
		}
	}
}

// withoutNothing is tree without null fields and empty lists.
func withoutNothing(tree any) any {
	switch t := tree.(type) {
	case manifest.Map:
		out := manifest.Map{}
		for _, f := range t {
			value := withoutNothing(f.Value)
			if list, isList := value.([]any); value != nil && (!isList || len(list) > 0) {
				out = append(out, manifest.Field{Key: f.Key, Value: value})
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range t {
			out = append(out, withoutNothing(item))
		}
		return out
	}
	return tree
}

// TestFields holds that templates are told exactly what is in the trees.
func TestFields(t *testing.T) {
	want := manifest.Map{
		{Key: "in", Value: manifest.Map{{Key: "z", Value: "a\n\"b\"\\(c)\t\u2028ü\x00"}, {Key: "a", Value: ""}}},
		{Key: "spec", Value: manifest.Map{
			{Key: "_x-y", Value: []any{json.Number("0"), json.Number("-7"), json.Number("12345678901234567890")}},
			{Key: "#a b", Value: []any{json.Number("1.5"), json.Number("-0.25")}},
			{Key: "if", Value: true}, {Key: "null", Value: false}, {Key: "0", Value: nil},
			{Key: "none", Value: []any{manifest.Map{}, []any{}}},
		}},
	}
	values := fields(want)
	for _, f := range want {
		got, err := export(values[f.Key])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f.Value, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Key, diff)
		}
	}
}
