package catalogue_test

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/schemas"
)

// TestExamples holds that each example is one of a pattern, uses it, and
// generates, under its own name and another.
func TestExamples(t *testing.T) {
	library, err := catalogue.Open()
	if err != nil {
		t.Fatal(err)
	}
	patterns, err := catalogue.NewPackages(library).Patterns()
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(schemas.FS, "examples/*.cue")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		pattern := strings.TrimSuffix(path.Base(file), ".cue")
		t.Run(pattern, func(t *testing.T) {
			if !slices.ContainsFunc(patterns, func(p catalogue.Pattern) bool { return p.Name == pattern }) {
				t.Fatal("there is no such pattern")
			}
			for _, name := range []string{"", "an-other"} {
				text, ok := library.Example(pattern, name)
				if !ok {
					t.Fatal("the library doesn't have it")
				}
				spec, err := generator.Parse(generator.Sources{
					Files: []generator.Source{{Name: "spec.cue", Text: []byte(text)}},
				}, generator.Options{Library: library})
				if err != nil {
					t.Fatal(err)
				}
				if list := spec.Validate(); len(list) > 0 {
					t.Errorf("it has mistakes:\n%v", list)
				}
				system, err := spec.Evaluate("")
				if err != nil {
					t.Fatal(err)
				}
				if name != "" && system.Name != name {
					t.Errorf("the system is called %q, want %q", system.Name, name)
				}
				if !slices.ContainsFunc(system.Instances, func(i generator.Instance) bool {
					return i.Kind == pattern || has(i.Fields, strings.Split(strings.TrimPrefix(pattern, i.Kind+"."), "."))
				}) {
					t.Errorf("it has no %s", pattern)
				}
			}
		})
	}
}

// has reports whether there is something at a path of fields, between which may be
// names of the user's own.
func has(fields any, path []string) bool {
	if len(path) == 0 {
		return fields != nil
	}
	m, _ := fields.(manifest.Map)
	return slices.ContainsFunc(m, func(f manifest.Field) bool {
		if f.Key == path[0] {
			return has(f.Value, path[1:])
		}
		return has(f.Value, path)
	})
}

func TestExampleOfAStackedLibrary(t *testing.T) {
	const text = "// A comment.\nname: \"first\" // another\n"
	library, err := catalogue.Open(catalogue.Layer{Name: "own", Files: fstest.MapFS{
		"schemas/examples/mine.cue": {Data: []byte(text)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": text, "shop": strings.Replace(text, "first", "shop", 1)} {
		if got, ok := library.Example("mine", name); !ok || got != want {
			t.Errorf("Example(mine, %q) = %q, %v, want %q", name, got, ok, want)
		}
	}
	if _, ok := library.Example("yours", ""); ok {
		t.Error("an example came from nowhere")
	}
}
