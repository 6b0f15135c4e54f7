package catalogue_test

import (
	"maps"
	"slices"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/templates"
)

// TestAddons holds that a spec can name exactly the add-ons that templates make
// use of.
func TestAddons(t *testing.T) {
	source, err := templates.FS.ReadFile("shared/features.cue")
	if err != nil {
		t.Fatal(err)
	}
	var table map[string]struct{ Addon string }
	if err := cuecontext.New().CompileBytes(source).LookupPath(cue.ParsePath("addons")).Decode(&table); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, feature := range table {
		used[feature.Addon] = true
	}

	library, err := catalogue.Open()
	if err != nil {
		t.Fatal(err)
	}
	shape, err := catalogue.NewPackages(library).System()
	if err != nil {
		t.Fatal(err)
	}
	cluster, _ := shape.Field("cluster")
	addons, ok := cluster.Shape.Field("addons")
	if !ok {
		t.Fatal("cluster has no addons")
	}
	known := addons.Shape.Elem.Values
	if only, err := addons.Shape.Elem.Constraint.String(); err == nil {
		known = []string{only}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(used)), known); diff != "" {
		t.Errorf("add-ons that templates use, and those that a spec can name (-want +got):\n%s", diff)
	}
}
