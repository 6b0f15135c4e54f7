package check

import (
	"slices"
	"testing"

	"github.com/patternctl/patternctl/templates"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

// TestFeatures holds that templates rely on a field exactly from the version on
// in which the checks stop refusing it.
func TestFeatures(t *testing.T) {
	source, err := templates.FS.ReadFile("shared/features.cue")
	if err != nil {
		t.Fatal(err)
	}
	var features map[string]struct {
		Since              int
		Kind, Field, Value string
	}
	table := cuecontext.New().CompileBytes(source).LookupPath(cue.ParsePath("features"))
	if err := table.Decode(&features); err != nil {
		t.Fatal(err)
	}
	if len(features) == 0 {
		t.Fatal("no features")
	}
	for name, feature := range features {
		refused := 0
		for _, g := range gates {
			if g.kind == feature.Kind && g.path == feature.Field && (g.values == nil || slices.Contains(g.values, feature.Value)) {
				refused = max(refused, g.since)
			}
		}
		if refused != feature.Since {
			t.Errorf("templates use %s since 1.%d, and the checks refuse it before 1.%d", name, feature.Since, refused)
		}
	}
}
