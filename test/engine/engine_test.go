// Package engine runs configurations that patternctl generates in the engines
// that they are meant for, and looks at how those behave. Everything runs on
// loopback.
package engine

import (
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/manifest"
)

// configurations returns the files called name (a ConfigMap's keys end with it)
// in what a spec becomes in an environment, by their ConfigMap's name.
func configurations(t *testing.T, sources generator.Sources, environment, name string) map[string]string {
	t.Helper()
	spec, err := generator.Parse(sources, generator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	groups, list := spec.Render(environment)
	if list.HasErrors() {
		t.Fatal(list)
	}
	found := map[string]string{}
	for _, group := range groups {
		for _, object := range group.Objects {
			data, _ := manifest.Lookup(object, "data").(manifest.Map)
			for _, f := range data {
				if text, ok := f.Value.(string); ok && strings.HasSuffix(f.Key, name) {
					found[manifest.String(object, "metadata", "name")] = text
				}
			}
		}
	}
	return found
}
