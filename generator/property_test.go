package generator_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/tree"
)

// TestOverlayLaw holds, for random specs: what kustomize builds of an overlay
// is what the environment renders to, object for object. Tree verifies that with
// kustomize's patch code, the whole of kustomize builds some.
func TestOverlayLaw(t *testing.T) {
	r := newRandomizer(t)
	for seed := range uint64(20) {
		sources := inOneFile(r.spec(seed, 5))
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rendering, files := renderRandom(t, sources, 0)
			decodeStrictly(t, objects(rendering.Base))
			checkNames(t, objects(rendering.Base))
			for environment, groups := range rendering.Environments {
				decodeStrictly(t, objects(groups))
				checkNames(t, objects(groups))
				if seed%4 > 0 {
					continue
				}
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
	r := newRandomizer(t)
	sources := inManyFiles(r.spec(1, 80))
	_, want := renderRandom(t, sources, 1)
	rand.Shuffle(len(sources.Files), func(i, j int) {
		sources.Files[i], sources.Files[j] = sources.Files[j], sources.Files[i]
	})
	_, got := renderRandom(t, sources, 8)
	if !maps.EqualFunc(want, got, bytes.Equal) {
		t.Error("shuffled files and 8 workers make other bytes than sorted files and 1 worker")
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

// TestNamesAreValid holds that every name derived from the longest valid names
// is valid: of objects, of what is in pods, and of the pods themselves.
func TestNamesAreValid(t *testing.T) {
	long := func(first string) string { return first + strings.Repeat("x", 39) }
	pod := object{
		"image": "example.org/app:1", "files": object{"/etc/app": "x"}, "writable": []string{"/tmp"},
		"mounts": object{"/mnt": object{"volume": long("v")}},
	}
	server := maps.Clone(pod)
	server["port"] = 8080
	with := func(instance object) object {
		instance["sidecars"] = object{long("s"): pod}
		instance["init"] = object{long("i"): pod}
		instance["volumes"] = object{long("v"): object{}}
		return instance
	}
	items := make([]string, 10_000)
	for i := range items {
		items[i] = fmt.Sprint(i)
	}
	rendering, _ := renderRandom(t, inOneFile(object{
		"name":       strings.Repeat("n", 63),
		"replicated": object{long("r"): with(object{"container": server})},
		"sharded": object{
			long("a"): with(object{"container": server, "shards": 1000, "hash": object{"header": "X"}}),
			long("b"): with(object{"container": server, "shards": 1000, "replicas": 100, "storage": object{"size": "1Gi"}}),
		},
		"workQueue": object{long("w"): with(object{"container": pod, "items": items})},
		"election":  object{long("e"): with(object{"container": pod, "singleton": object{}})},
	}), 0)

	checkNames(t, objects(rendering.Base))
}

// checkNames fails for names that Kubernetes does not take: of objects, of what
// is in their pods, and of the pods.
func checkNames(t *testing.T, objects []manifest.Map) {
	t.Helper()
	label := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	check := func(id manifest.ID, what, name string) {
		if !label.MatchString(name) {
			t.Errorf("%s: %s %q is no DNS label", id, what, name)
		}
	}
	for _, o := range objects {
		id := manifest.IDOf(o)
		if id.Kind != "ConfigMap" { // which is named by a subdomain
			check(id, "name", id.Name)
		} else if len(id.Name) > 253 {
			t.Errorf("%s: has %d characters", id, len(id.Name))
		}
		spec := manifest.Lookup(o, "spec", "template", "spec")
		for _, list := range []string{"containers", "initContainers", "volumes"} {
			for _, item := range manifest.Maps(spec, list) {
				check(id, list, manifest.String(item, "name"))
			}
		}
		switch id.Kind {
		case "StatefulSet":
			// An autoscaler runs a thousand replicas at most.
			check(id, "pod", id.Name+"-1000")
			// The label of a pod's revision has ten characters and a dash more.
			check(id, "revision", id.Name+"-0123456789")
		case "Job":
			// A pod's name has the index and five random characters more.
			check(id, "pod", id.Name+"-"+fmt.Sprint(manifest.Lookup(o, "spec", "completions"))+"-abcde")
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
		errors := slices.DeleteFunc(list, func(d diagnostic.Diagnostic) bool { return d.Severity == diagnostic.Warning })
		t.Fatalf("%v\n%s", errors, sources.Files[0].Text)
	}
	files, err := rendering.Tree()
	if err != nil {
		t.Fatal(err)
	}
	return rendering, files
}
