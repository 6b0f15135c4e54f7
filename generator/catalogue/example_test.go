package catalogue_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/catalogue"
)

func TestEveryKindHasAnExampleThatGenerates(t *testing.T) {
	library, err := catalogue.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range library.Kinds() {
		t.Run(kind, func(t *testing.T) {
			for _, name := range []string{"", "an-other"} {
				text, ok := library.Example(kind, name)
				if !ok {
					t.Fatalf("schemas/examples/%s.cue is missing", kind)
				}
				spec, err := generator.Parse(generator.Sources{
					Files: []generator.Source{{Name: kind + ".cue", Text: []byte(text)}},
				}, generator.Options{Library: library})
				if err != nil {
					t.Fatal(err)
				}
				if list := spec.Validate(); len(list) > 0 {
					t.Errorf("the example has mistakes:\n%v", list)
				}
				system, err := spec.Evaluate("")
				if err != nil {
					t.Fatal(err)
				}
				if name != "" && system.Name != name {
					t.Errorf("the system is called %q, want %q", system.Name, name)
				}
				if len(system.Instances) == 0 || system.Instances[0].Kind != kind {
					t.Errorf("the example has no %s", kind)
				}
			}
		})
	}
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
