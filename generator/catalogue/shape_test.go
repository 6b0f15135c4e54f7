package catalogue_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue"

	"github.com/patternctl/patternctl/generator/catalogue"
)

// TestItems holds that a shape knows what the items of a list look like, however
// the schema says it.
func TestItems(t *testing.T) {
	library, err := catalogue.Open(catalogue.Layer{Name: "own", Files: fstest.MapFS{
		"schemas/mine.cue": {Data: []byte(`package schemas

#System: mine: [string]: {
	colours: [...#Colour]
	inline: [..."red" | "blue"]
	defaulted: [...#Colour]
	defaulted: *["red"] | [...string]
}
#Colour: "red" | "green"
`)},
		"templates/mine/mine.cue": {Data: []byte("package template\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	system, err := catalogue.NewPackages(library).System()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"colours":   {"red", "green"},
		"inline":    {"red", "blue"},
		"defaulted": {"red", "green"},
	} {
		item, known := system.At([]string{"mine", "x", name, "0"})
		if !known || item.Shape.Kind != cue.StringKind || !slices.Equal(item.Shape.Values, want) {
			t.Errorf("the items of %s are %+v, want one of %q", name, item.Shape, want)
		}
	}
}
