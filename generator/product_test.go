package generator_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/catalogue"
)

const beatSchema = `package schemas

#System: beat?: #Instances & {[Name=string]: #Instance & {#name: Name}}
`

// TestTemplatesThatMakeNoObjects tries templates that are CUE, and yet not what
// a template has to be.
func TestTemplatesThatMakeNoObjects(t *testing.T) {
	for _, test := range []struct{ name, template, want string }{
		{"no objects", `checks: []`, `own/templates/beat/beat.cue:1:1: the template of beat has no field "objects"`},
		{"no checks", `objects: {}`, `own/templates/beat/beat.cue:1:1: the template of beat has no field "checks"`},
		{
			"a kind that is a number", `objects: a: {apiVersion: "v1", kind: 5, metadata: name: "x"}, checks: []`,
			`own/templates/beat/beat.cue:5:32: the template of beat: objects.a.kind is 5, which is no name`,
		},
		{
			"no kind", `objects: [{apiVersion: "v1", metadata: name: "x"}], checks: []`,
			`own/templates/beat/beat.cue:5:11: the template of beat: objects[0].kind is missing`,
		},
		{
			"no apiVersion", `objects: a: b: {kind: "ConfigMap", metadata: name: "x"}, checks: []`,
			`own/templates/beat/beat.cue:5:13: the template of beat: objects.a.b.apiVersion is missing`,
		},
		{
			"no name", `objects: a: {apiVersion: "v1", kind: "ConfigMap", metadata: labels: {}}, checks: []`,
			`own/templates/beat/beat.cue:5:51: the template of beat: objects.a.metadata.name is missing`,
		},
		{
			"a name that is a number", `objects: a: {apiVersion: "v1", kind: "ConfigMap", metadata: name: 7}, checks: []`,
			`own/templates/beat/beat.cue:5:61: the template of beat: objects.a.metadata.name is 7, which is no name`,
		},
		{
			"a text among the objects", `objects: a: "x", checks: []`,
			`own/templates/beat/beat.cue:5:10: the template of beat: objects.a is x, which is no object`,
		},
		{
			"a misspelt reference", `objects: spec.nothing, checks: []`,
			`own/templates/beat/beat.cue:5:15: objects: undefined field: nothing`,
		},
		{
			"checks by name", `objects: {}, checks: a: {code: "X", message: "y"}`,
			`own/templates/beat/beat.cue:5:14: the template of beat: checks is not a list`,
		},
		{
			"a check without a code", `objects: {}, checks: [{field: "", message: "y"}]`,
			`own/templates/beat/beat.cue:5:23: the template of beat: checks[0].code is wrong: field is required but not present`,
		},
		{
			"a check without a message", `objects: {}, checks: [{code: "PC1203", field: "", message: "y"}, {code: "PC1203", field: ""}]`,
			`own/templates/beat/beat.cue:5:66: the template of beat: checks[1].message is wrong: field is required but not present`,
		},
		{
			"a check without a field", `objects: {}, checks: [{code: "GEN-01", message: "y"}]`,
			`own/templates/beat/beat.cue:5:23: the template of beat: checks[0].field is wrong: field is required but not present`,
		},
		{
			"a check with another field", `objects: {}, checks: [{code: "GEN-01", field: "", message: "y", warnin: true}]`,
			`own/templates/beat/beat.cue:5:65: the template of beat: checks[0].warnin is wrong: field not allowed`,
		},
		{
			"a check with a warning that is a text", `objects: {}, checks: [if in.name == "one" {code: "GEN-01", field: "", message: "y", warning: "yes"}]`,
			`own/templates/beat/beat.cue:5:85: the template of beat: checks[0].warning is wrong: conflicting values "yes" and bool (mismatched types string and bool)`,
		},
		{
			"a code that nothing explains", `objects: {}, checks: [{code: "GEN-00", field: "", message: "y"}]`,
			`own/templates/beat/beat.cue:5:24: the template of beat: checks[0].code is "GEN-00", which codes of the schema don't explain`,
		},
		{
			"a field that no spec has", `objects: {}, checks: [{code: "GEN-01", field: "patches.x", message: "y"}, {code: "GEN-01", field: "patchs.x", message: "y"}]`,
			`own/templates/beat/beat.cue:5:92: the template of beat: checks[1].field is "patchs.x", which no beat has`,
		},
		{
			"a text among the checks", `objects: {}, checks: ["y"]`,
			`own/templates/beat/beat.cue:5:23: the template of beat: checks[0] is wrong: conflicting values "y" and {code!:string,warning?:bool,field!:(string|[...string]),message!:string,hint?:string} (mismatched types string and struct)`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			template := "package beat\n\nin:   _\nspec: _\n" + test.template + "\n"
			_, list := beat(t, template).Render("")
			want := test.want + " [PC1401]\n  hint: correct the library that --library names\n"
			if diff := cmp.Diff(want, text(t, list)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTemplatesLeaveObjectsOut holds that null is no object, wherever it is.
func TestTemplatesLeaveObjectsOut(t *testing.T) {
	groups, list := beat(t, `package beat

in:   _
spec: _
objects: {a: null, b: [null, {c: {apiVersion: "v1", kind: "ConfigMap", metadata: {name: in.name, namespace: in.system.namespace}}, d: null}]}
checks: []
`).Render("")
	if list.HasErrors() {
		t.Fatal(list)
	}
	if got := objects(groups); len(got) != 1 {
		t.Errorf("got %d objects, want one", len(got))
	}
}

// beat parses a spec with an instance of a kind that has the given template.
func beat(t *testing.T, template string) *generator.Spec {
	t.Helper()
	return parseBeat(t, fstest.MapFS{"templates/beat/beat.cue": {Data: []byte(template)}})
}

// parseBeat parses a spec with an instance of a kind that has the given files of
// a template.
func parseBeat(t *testing.T, files fstest.MapFS) *generator.Spec {
	t.Helper()
	files["schemas/beat.cue"] = &fstest.MapFile{Data: []byte(beatSchema)}
	library, err := catalogue.Open(catalogue.Layer{Name: "own", Files: files})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := generator.Parse(generator.Sources{
		Files: []generator.Source{{Name: "shop.cue", Text: []byte("name: \"shop\"\nbeat: one: {}\n")}},
	}, generator.Options{Library: library})
	if err != nil {
		t.Fatal(err)
	}
	return spec
}
