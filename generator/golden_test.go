package generator_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/tree"
	"github.com/patternctl/patternctl/internal/golden"
)

// A golden case is a folder with a spec, below testdata/specs or examples, and
// a folder of the same name below golden, which holds
//
//	diagnostics.txt    what is wrong with the spec, if anything
//	base, overlays     exactly what `patternctl generate -d` writes
//	built/<env>.yaml   what kustomize builds of each overlay
//	numbers.json       the numbers of the instances in the base
//	numbers/<env>.json and in each environment
//
// Folders are strict both ways: a missing, an extra and a different file all
// fail. With UPDATE_GOLDEN=1 the test records what it got, but only if it is
// right: every overlay builds to what the environment renders to, and every
// object decodes strictly into the Kubernetes API.
func TestGolden(t *testing.T) {
	cases := goldenCases(t)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			got := renderCase(t, cases[name])
			folder := filepath.Join("../golden", name)
			if golden.Recording() && !t.Failed() {
				golden.Record(t, got, folder)
			}
			if diff := cmp.Diff(golden.Read(t, folder), got); diff != "" {
				t.Errorf("golden/%s differs (-want +got); UPDATE_GOLDEN=1 records, and then read it:\n%s", name, diff)
			}
		})
	}
}

// TestGoldenHasNoOrphans fails for a golden folder whose spec is gone.
func TestGoldenHasNoOrphans(t *testing.T) {
	cases := goldenCases(t)
	folders, err := os.ReadDir("../golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if _, ok := cases[folder.Name()]; !ok {
			t.Errorf("golden/%s has no spec in testdata/specs or examples", folder.Name())
		}
	}
}

// A goldenCase is where a spec is, and the libraries that it needs.
type goldenCase struct {
	folder    string
	libraries []string
}

func goldenCases(t *testing.T) map[string]goldenCase {
	t.Helper()
	cases := map[string]goldenCase{}
	for _, parent := range []string{"../testdata/specs", "../examples"} {
		folders, err := os.ReadDir(parent)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			if !folder.IsDir() {
				continue
			}
			name := folder.Name()
			if _, twice := cases[name]; twice {
				t.Fatalf("two golden cases are called %s", name)
			}
			c := goldenCase{folder: filepath.Join(parent, name)}
			if library := filepath.Join(c.folder, "library"); isFolder(library) {
				c.libraries = []string{library}
			}
			cases[name] = c
		}
	}
	return cases
}

// renderCase returns the files of a golden folder for a case.
func renderCase(t *testing.T, c goldenCase) map[string]string {
	t.Helper()
	got := map[string]string{}
	spec, err := load(t, c)
	if err != nil {
		got["diagnostics.txt"] = text(t, err.(diagnostic.List))
		return got
	}
	rendering, list := spec.RenderAll()
	if len(list) > 0 {
		got["diagnostics.txt"] = text(t, list)
	}
	if list.HasErrors() {
		return got
	}
	files, err := rendering.Tree()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		got[name] = string(tree.Sign(content))
	}
	explain := spec.ExplainOneByOne()
	decodeStrictly(t, objects(rendering.Base))
	for _, environment := range spec.Environments() {
		want := objects(rendering.Environments[environment])
		decodeStrictly(t, want)
		built := kustomize(t, files, path.Join("overlays", environment))
		if diff := sameObjects(want, built); diff != "" {
			t.Errorf("overlays/%s builds to something else than the environment renders to:\n%s", environment, diff)
		}
		var stream bytes.Buffer
		if err := manifest.WriteYAML(&stream, built); err != nil {
			t.Fatal(err)
		}
		got["built/"+environment+".yaml"] = stream.String()
		got["numbers/"+environment+".json"] = numbers(t, explain, environment)
	}
	got["numbers.json"] = numbers(t, explain, "")
	if diff := sameObjects(objects(rendering.Base), kustomize(t, files, "base")); diff != "" {
		t.Errorf("base builds to something else than the spec renders to:\n%s", diff)
	}
	return got
}

// numbers returns those of all instances in an environment, by path.
func numbers(t *testing.T, explain func(string) ([]generator.Explanation, diagnostic.List), environment string) string {
	t.Helper()
	explanations, list := explain(environment)
	if len(list) > 0 {
		t.Fatal(text(t, list))
	}
	all := map[string][]generator.Number{}
	for _, e := range explanations {
		all[e.Path()] = e.Numbers
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(all); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// load reads the spec of a case under names that don't depend on where it is.
func load(t *testing.T, c goldenCase) (*generator.Spec, error) {
	t.Helper()
	var libraries []catalogue.Layer
	for _, folder := range c.libraries {
		libraries = append(libraries, catalogue.Layer{Name: filepath.Base(folder), Files: os.DirFS(folder)})
	}
	library, err := catalogue.Open(libraries...)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(c.folder)
	if err != nil {
		t.Fatal(err)
	}
	sources := generator.Sources{Root: os.DirFS(c.folder)}
	for _, entry := range entries {
		if entry.IsDir() || !slices.Contains([]string{".cue", ".yaml", ".json"}, filepath.Ext(entry.Name())) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(c.folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sources.Files = append(sources.Files, generator.Source{Name: entry.Name(), Text: content})
	}
	return generator.Parse(sources, generator.Options{Library: library})
}

func text(t *testing.T, list diagnostic.List) string {
	t.Helper()
	var b bytes.Buffer
	if err := diagnostic.Write(&b, diagnostic.Text, list, diagnostic.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func objects(groups []manifest.Group) []manifest.Map {
	var all []manifest.Map
	for _, group := range groups {
		all = append(all, group.Objects...)
	}
	return all
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
