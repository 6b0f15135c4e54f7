package generator_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"regexp"
	"testing"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/tree"
)

// rounds is how many random specs each property is tried on.
const rounds = 20

// TestOverlayLaw holds, for random specs: what kustomize builds of an overlay
// is what the environment renders to, object for object.
func TestOverlayLaw(t *testing.T) {
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rendering, files := renderRandom(t, inOneFile(newRandomSpec(seed)), 0)
			decodeStrictly(t, objects(rendering.Base))
			for environment, groups := range rendering.Environments {
				built := kustomize(t, files, path.Join("overlays", environment))
				if diff := sameObjects(objects(groups), built); diff != "" {
					t.Errorf("overlays/%s:\n%s", environment, diff)
				}
			}
		})
	}
}

// TestSameBytes holds that neither the number of workers nor the order in which
// files are named shows in the result.
func TestSameBytes(t *testing.T) {
	for seed := range uint64(rounds) {
		sources := inManyFiles(newRandomSpec(seed))
		_, want := renderRandom(t, sources, 1)
		rand.Shuffle(len(sources.Files), func(i, j int) {
			sources.Files[i], sources.Files[j] = sources.Files[j], sources.Files[i]
		})
		_, got := renderRandom(t, sources, 8)
		if !maps.EqualFunc(want, got, bytes.Equal) {
			t.Errorf("seed %d: shuffled files and 8 workers make other bytes than sorted files and 1 worker", seed)
		}
	}
}

// TestManyWorkers holds the same for a spec that is large enough for several
// workers to share it.
func TestManyWorkers(t *testing.T) {
	stream := func(workers int) []byte {
		spec, err := generator.Parse(manySharded(200), generator.Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		groups, list := spec.Render("")
		if list.HasErrors() {
			t.Fatal(list)
		}
		var b bytes.Buffer
		if err := manifest.WriteYAML(&b, objects(groups)); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if !bytes.Equal(stream(1), stream(8)) {
		t.Error("8 workers make other bytes than 1")
	}
}

// TestNamesAreValid holds that every name derived from valid names is valid.
func TestNamesAreValid(t *testing.T) {
	valid := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	for seed := range uint64(rounds) {
		rendering, _ := renderRandom(t, inOneFile(newRandomSpec(seed)), 0)
		for _, o := range objects(rendering.Base) {
			if id := manifest.IDOf(o); !valid.MatchString(id.Name) || !valid.MatchString(id.Namespace) {
				t.Errorf("seed %d: %s in namespace %q", seed, id, id.Namespace)
			}
		}
	}
}

func renderRandom(t *testing.T, sources generator.Sources, workers int) (generator.Rendering, tree.Tree) {
	t.Helper()
	spec, err := generator.Parse(sources, generator.Options{Workers: workers})
	if err != nil {
		t.Fatalf("%v\n%s", err, sources.Files[0].Text)
	}
	rendering, list := spec.RenderAll()
	if list.HasErrors() {
		t.Fatalf("%v\n%s", list, sources.Files[0].Text)
	}
	files, err := rendering.Tree()
	if err != nil {
		t.Fatal(err)
	}
	return rendering, files
}
