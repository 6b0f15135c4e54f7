package generator_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator"
)

// TestEditsAreEdits holds that an environment renders to what the spec renders
// to if the base is edited by hand.
func TestEditsAreEdits(t *testing.T) {
	for _, test := range []struct {
		name string
		// rest is the spec besides its environment, and edited the same, edited by
		// hand.
		rest, edit, edited string
	}{
		{
			"no edit",
			`replicated: web: {container: #web, replicas: 3}`,
			`{}`,
			`replicated: web: {container: #web, replicas: 3}`,
		},
		{
			"the same values",
			`replicated: web: {container: #web, replicas: 3}`,
			`replicated: web: {container: {image: "web:1", port: 80}, replicas: 3}`,
			`replicated: web: {container: #web, replicas: 3}`,
		},
		{
			"a scalar",
			`replicated: web: {container: #web, replicas: 3}`,
			`replicated: web: replicas: 4`,
			`replicated: web: {container: #web, replicas: 4}`,
		},
		{
			"a scalar that others refer to",
			`replicated: web: {container: #web & {env: N: "\(replicas)"}, replicas: 3}, if replicated.web.replicas > 3 {labels: size: "large"}`,
			`replicated: web: replicas: 4`,
			`labels: size: "large", replicated: web: {container: #web & {env: N: "4"}, replicas: 4}`,
		},
		{
			"a list",
			`replicated: web: container: #web & {args: ["a", "b"]}`,
			`replicated: web: container: args: ["c"]`,
			`replicated: web: container: #web & {args: ["c"]}`,
		},
		{
			"an entry of a map",
			`replicated: web: container: #web & {env: {A: "1", B: "2"}}`,
			`replicated: web: container: env: {B: "3", C: "4"}`,
			`replicated: web: container: #web & {env: {A: "1", B: "3", C: "4"}}`,
		},
		{
			"null",
			`replicated: web: {container: #web & {env: {A: "1", B: "2"}}, replicas: 3}`,
			`replicated: web: {container: env: A: null, replicas: null}`,
			`replicated: web: container: #web & {env: B: "2"}`,
		},
		{
			"null for an instance",
			`replicated: {web: container: #web, api: container: #web}`,
			`replicated: web: null`,
			`replicated: api: container: #web`,
		},
		{
			"a new instance",
			`replicated: web: container: #web`,
			`replicated: api: container: #web & {env: WEB: replicated.web.endpoint.url}`,
			`replicated: {web: container: #web, api: container: #web & {env: WEB: replicated.web.endpoint.url}}`,
		},
		{
			"top-level fields",
			`name: "edits", namespace: "here", labels: {a: "1", b: "2"}, replicated: web: container: #web`,
			`{namespace: "there", labels: {a: null, b: "3"}, cluster: version: "1.34"}`,
			`name: "edits", namespace: "there", labels: b: "3", cluster: version: "1.34", replicated: web: container: #web`,
		},
		{
			"a field beside a shared one",
			`_shared: replicas: 3, replicated: web: _shared & {container: #web & {args: ["a"]}}`,
			`replicated: web: container: args: ["b"]`,
			`replicated: web: {container: #web & {args: ["b"]}, replicas: 3}`,
		},
		{
			"a shared field",
			`_shared: replicas: 3, replicated: {web: _shared & {container: #web}, api: _shared & {container: #web}}`,
			`_shared: replicas: 4`,
			`replicated: {web: {container: #web, replicas: 4}, api: {container: #web, replicas: 4}}`,
		},
		{
			"a definition",
			`replicated: web: container: #web`,
			`#web: image: "web:2"`,
			`replicated: web: container: {image: "web:2", port: 80}`,
		},
		{
			"a shared edit",
			`_small: web: {replicas: 1, container: args: null}, replicated: web: {container: #web & {args: ["a"]}, replicas: 3}`,
			`replicated: _small`,
			`replicated: web: {container: #web, replicas: 1}`,
		},
		{
			"a shared edit with more",
			`_small: replicated: web: replicas: 1, replicated: web: {container: #web & {args: ["a"]}, replicas: 3}`,
			`{_small, replicated: web: container: args: ["b"]}`,
			`replicated: web: {container: #web & {args: ["b"]}, replicas: 1}`,
		},
		{
			"shared edits, unified",
			`_small: replicated: web: replicas: 1, _there: namespace: "there", namespace: "here", replicated: web: {container: #web, replicas: 3}`,
			`_small & _there`,
			`namespace: "there", replicated: web: {container: #web, replicas: 1}`,
		},
		{
			"a let clause of the spec",
			`let n = 4, replicated: web: {container: #web, replicas: 3}`,
			`replicated: web: replicas: n`,
			`replicated: web: {container: #web, replicas: 4}`,
		},
		{
			"a let clause of the edit",
			`replicated: web: {container: #web, replicas: 3}`,
			`{let small = {web: replicas: 1}, replicated: small}`,
			`replicated: web: {container: #web, replicas: 1}`,
		},
		{
			"a let clause that the edit leaves unused",
			`let n = 3, replicated: web: {container: #web, replicas: n}`,
			`replicated: web: replicas: 4`,
			`replicated: web: {container: #web, replicas: 4}`,
		},
		{
			"let clauses that use each other",
			`let m = 1, let n = m + 2, replicated: web: {container: #web, replicas: n}`,
			`replicated: web: replicas: 4`,
			`replicated: web: {container: #web, replicas: 4}`,
		},
		{
			"aliases that the edit leaves unused",
			`replicated: X=web: {container: Y={#web, env: {A: "\(X.replicas)", B: "\(Y.port)"}}, replicas: 3}`,
			`replicated: web: container: env: {A: "a", B: "b"}`,
			`replicated: web: {container: #web & {env: {A: "a", B: "b"}}, replicas: 3}`,
		},
		{
			"an import that only the edit uses",
			`replicated: web: container: #web`,
			`replicated: web: container: env: A: strings.ToUpper("a")`,
			`replicated: web: container: #web & {env: A: strings.ToUpper("a")}`,
		},
		{
			"an import that the edit leaves unused",
			`replicated: web: container: #web & {env: A: strings.ToUpper("a")}`,
			`replicated: web: container: env: A: "b"`,
			`replicated: web: container: #web & {env: A: "b"}`,
		},
		{
			"several structs for one environment",
			`replicated: web: {container: #web & {args: ["a"]}, replicas: 3}`,
			"replicated: web: replicas: 4, \nenvironments: prod: replicated: web: container: args: [\"b\"]",
			`replicated: web: {container: #web & {args: ["b"]}, replicas: 4}`,
		},
		{
			"a struct in place of a reference",
			`_files: "/a": "1", replicated: web: container: #web & {files: _files}`,
			`replicated: web: container: files: "/b": "2"`,
			`replicated: web: container: #web & {files: {"/a": "1", "/b": "2"}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := renderText(t, test.edited, "")
			if diff := cmp.Diff(want, renderText(t, test.rest+"\nenvironments: prod: "+test.edit, "prod")); diff != "" {
				t.Errorf("edited by hand, but not by the environment (-), and the other way round (+):\n%s", diff)
			}
			renderText(t, test.rest+"\nenvironments: prod: "+test.edit, "")
		})
	}
}

func renderText(t *testing.T, text, environment string) any {
	t.Helper()
	header := "name: \"edits\"\n#web: {image: \"web:1\", port: 80, ...}\n"
	if strings.Contains(text, "strings.") {
		header = "import \"strings\"\n" + header
	}
	spec, err := generator.Parse(generator.Sources{Files: []generator.Source{{Name: "spec.cue", Text: []byte(header + text + "\n")}}}, generator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	groups, list := spec.Render(environment)
	if list.HasErrors() {
		t.Fatal(list)
	}
	return groups
}
