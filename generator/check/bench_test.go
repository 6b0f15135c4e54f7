package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator/check"
	"github.com/patternctl/patternctl/generator/manifest"
)

// copies makes n renamed copies of the groups, all in one namespace; names that
// are not among old stay, so that the copies share what they name.
func copies(t testing.TB, groups []manifest.Group, n int, old ...string) []manifest.Group {
	t.Helper()
	var out []manifest.Group
	for _, g := range groups {
		text := make([]string, len(g.Objects))
		for i, o := range g.Objects {
			text[i] = string(manifest.AppendJSON(nil, o, ""))
		}
		for i := range n {
			var pairs []string
			for _, name := range old {
				pairs = append(pairs, name, fmt.Sprintf("%s%d", name, i))
			}
			rename := strings.NewReplacer(pairs...)
			copied := manifest.Group{Kind: g.Kind, Name: rename.Replace(g.Name)}
			for _, o := range text {
				tree, err := manifest.ParseJSON([]byte(rename.Replace(o)))
				if err != nil {
					t.Fatal(err)
				}
				copied.Objects = append(copied.Objects, tree.(manifest.Map))
			}
			out = append(out, copied)
		}
	}
	return out
}

func count(groups []manifest.Group) int {
	n := 0
	for _, g := range groups {
		n += len(g.Objects)
	}
	return n
}

// withoutNamespace drops the Namespace object, which copies would repeat.
func withoutNamespace(t testing.TB) []manifest.Group {
	return edited(t, shop(t), "Namespace/shop -",
		"NetworkPolicy/cache-router spec.ingress[0].from[0].namespaceSelector -")
}

func BenchmarkObjects(b *testing.B) {
	for _, n := range []int{3, 30, 300} {
		groups := copies(b, withoutNamespace(b), n, "web", "cache", "thumbs")
		b.Run(fmt.Sprintf("objects=%d", count(groups)), func(b *testing.B) {
			bench(b, groups)
		})
	}
}

// BenchmarkHub is many clients of one server, whose policy lists them all.
func BenchmarkHub(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		groups := withoutNamespace(b)
		clients := copies(b, groups[:1], n, "web")
		for i := range n {
			groups = edited(b, groups, fmt.Sprintf(
				"NetworkPolicy/cache-router spec.ingress[0].from[+] = {podSelector: {matchLabels: {app.kubernetes.io/name: web%d}}}", i))
		}
		groups = append(clients, groups...)
		b.Run(fmt.Sprintf("clients=%d", n), func(b *testing.B) {
			bench(b, groups)
		})
	}
}

func bench(b *testing.B, groups []manifest.Group) {
	b.ReportAllocs()
	for b.Loop() {
		if findings := check.Objects(groups, facts); len(findings) > 0 {
			b.Fatal(lines(findings)[0])
		}
	}
}
