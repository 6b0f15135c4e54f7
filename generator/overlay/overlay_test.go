package overlay_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/overlay"
	"github.com/patternctl/patternctl/internal/golden"
)

// TestOverlay compares overlays, to the letter, with those in testdata/overlay,
// and has the whole of kustomize build them. In each archive base/ and prod/ hold
// the objects of instances and overlays/ what is wanted, which
// UPDATE_GOLDEN=1 records.
func TestOverlay(t *testing.T) {
	paths, err := filepath.Glob("testdata/overlay/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sides := map[string][]manifest.Group{}
			want := map[string]string{}
			given := archive.Files[:0:0]
			for _, file := range archive.Files {
				side, name, _ := strings.Cut(strings.TrimSuffix(file.Name, ".yaml"), "/")
				if side == "overlays" {
					want[file.Name] = string(file.Data)
					continue
				}
				given = append(given, file)
				sides[side] = append(sides[side], manifest.Group{Kind: "replicated", Name: name, Objects: parse(t, string(file.Data))})
			}
			files, err := lawful(sides["base"], sides["prod"])
			if err != nil {
				t.Error(err)
			}
			got := map[string]string{}
			for path, content := range files {
				got[strings.Replace(path, "/env/", "/prod/", 1)] = string(content)
			}
			if golden.Recording() {
				archive.Files = given
				for _, path := range slices.Sorted(maps.Keys(got)) {
					archive.Files = append(archive.Files, txtar.File{Name: path, Data: []byte(got[path])})
				}
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("overlay (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBase(t *testing.T) {
	service := parse(t, "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}")[0]
	got := overlay.Base([]manifest.Group{
		{Name: "web", Objects: []manifest.Map{service, service.With("kind", "ServiceAccount")}},
		{Name: "none"},
		{Name: "api", Objects: []manifest.Map{service}},
	})
	const want = `-- base/api.yaml --
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
-- base/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- web.yaml
- api.yaml
-- base/web.yaml --
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
  namespace: shop
`
	if diff := cmp.Diff(want, show(got)); diff != "" {
		t.Errorf("base (-want +got):\n%s", diff)
	}
}

func TestOverlayRefusesTwoObjectsOfOneIdentity(t *testing.T) {
	one := []manifest.Group{{Name: "web", Objects: parse(t, "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}")}}
	two := append(one, manifest.Group{Name: "api", Objects: one[0].Objects})
	for _, sides := range [][2][]manifest.Group{{one, two}, {two, one}} {
		_, err := overlay.Overlay("prod", sides[0], sides[1])
		if err == nil || !strings.HasPrefix(err.Error(), "environment prod: Service/web occurs twice") {
			t.Errorf("got error %v", err)
		}
	}
}

// TestOverlayReportsWhatItCannotSay has an object that kustomize can't read: one
// of its maps has a key twice.
func TestOverlayReportsWhatItCannotSay(t *testing.T) {
	object := parse(t, "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {}}")[0]
	twice := manifest.Map{{Key: "a", Value: "1"}, {Key: "a", Value: "2"}}
	groups := func(spec any) []manifest.Group {
		return []manifest.Group{{Name: "web", Objects: []manifest.Map{object.With("spec", spec)}}}
	}
	_, err := overlay.Overlay("prod", groups(manifest.Map{}), groups(twice))
	want := `environment prod: instance web: Service/web in namespace "shop": `
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got error %v, want it to begin with %q", err, want)
	}
}

// BenchmarkOverlay has 100 and 1,000 instances of nine objects: a move and
// images alone, and with patches of two objects of each.
func BenchmarkOverlay(b *testing.B) {
	for _, instances := range []int{100, 1000} {
		for _, patches := range []bool{false, true} {
			base := many(b, instances, "shop", "1.4.2", "7")
			target := many(b, instances, "prod", "1.5.0", map[bool]string{false: "7", true: "8"}[patches])
			b.Run(fmt.Sprintf("instances=%d/patches=%t", instances, patches), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := overlay.Overlay("prod", base, target); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// many returns instances that are each the first nine objects of the realistic
// system under a name of its own.
func many(tb testing.TB, instances int, namespace, tag, seconds string) []manifest.Group {
	tb.Helper()
	var groups []manifest.Group
	system := objects(realistic(tb))[:9]
	for i := range instances {
		name := fmt.Sprint("web-", i)
		g := manifest.Group{Kind: "replicated", Name: name}
		for _, object := range system {
			text := string(manifest.AppendJSON(nil, object, ""))
			text = strings.NewReplacer(`"shop"`, `"`+namespace+`"`, "web-config", name+"-config", `"web"`, `"`+name+`"`, `"cache"`, `"cache-`+name+`"`, `"resize"`, `"resize-`+name+`"`,
				"1.4.2", tag, `"periodSeconds":5`, `"periodSeconds":`+seconds, `"minReplicas":3`, `"minReplicas":`+seconds).Replace(text)
			tree, err := manifest.ParseJSON([]byte(text))
			if err != nil {
				tb.Fatal(err)
			}
			g.Objects = append(g.Objects, tree.(manifest.Map))
		}
		groups = append(groups, g)
	}
	return groups
}
