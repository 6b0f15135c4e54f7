package overlay_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator/manifest"
)

// TestLawHoldsForRandomEdits edits realistic objects at random and has the whole
// of kustomize build what comes of it. PATTERNCTL_ROUNDS sets how often.
func TestLawHoldsForRandomEdits(t *testing.T) {
	rounds := 150
	if n, err := strconv.Atoi(os.Getenv("PATTERNCTL_ROUNDS")); err == nil {
		rounds = n
	}
	base := realistic(t)
	for seed := range rounds {
		e := editor{rand.New(rand.NewPCG(uint64(seed), 1))}
		target := e.edit(base)
		if files, err := lawful(base, target); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, show(files))
		}
	}
}

type editor struct{ *rand.Rand }

// edit makes one or a few of the edits that an environment's specification causes.
func (e editor) edit(groups []manifest.Group) []manifest.Group {
	target := make([]manifest.Group, 0, len(groups))
	for _, g := range groups {
		g.Objects = slices.Clone(g.Objects)
		target = append(target, g)
	}
	each := func(f func(manifest.Map) manifest.Map) {
		for i := range target {
			for j := range target[i].Objects {
				target[i].Objects[j] = f(target[i].Objects[j])
			}
		}
	}
	if e.IntN(4) == 0 {
		each(func(m manifest.Map) manifest.Map {
			if manifest.String(m, "metadata", "namespace") == "" {
				return m
			}
			return set(m, "elsewhere", "metadata", "namespace")
		})
		if e.IntN(3) > 0 { // role bindings follow, as the templates see to it
			each(func(m manifest.Map) manifest.Map { return replaceText(m, "shop", "elsewhere").(manifest.Map) })
		}
	}
	if e.IntN(4) == 0 {
		pods := e.IntN(2) == 0
		each(func(m manifest.Map) manifest.Map {
			m = set(m, "blue", "metadata", "labels", "team")
			if pods && manifest.Lookup(m, "spec", "template", "metadata") != nil {
				m = set(m, "blue", "spec", "template", "metadata", "labels", "team")
			}
			return m
		})
	}
	if e.IntN(2) == 0 {
		to := []string{"ghcr.io/acme/web:2", "ghcr.io/acme/web:1.4.2@sha256:0123", "mirror/web:1.4.2", "ghcr.io/acme/log:1"}[e.IntN(4)]
		each(func(m manifest.Map) manifest.Map {
			if e.IntN(8) == 0 {
				return m
			}
			return replaceText(m, "ghcr.io/acme/web:1.4.2", to).(manifest.Map)
		})
	}
	if e.IntN(3) == 0 {
		each(func(m manifest.Map) manifest.Map {
			if manifest.Lookup(m, "spec", "replicas") == nil || e.IntN(2) == 0 {
				return m
			}
			return set(m, json.Number(fmt.Sprint(e.IntN(5))), "spec", "replicas")
		})
	}
	for range e.IntN(3) { // content decides a ConfigMap's name
		name := fmt.Sprintf("web-config-%d", e.IntN(1000))
		each(func(m manifest.Map) manifest.Map {
			m = replaceText(m, "web-config-5f2c", name).(manifest.Map)
			if manifest.String(m, "metadata", "name") == name {
				m = set(m, fmt.Sprint("seed: ", e.IntN(99), "\n\ttail \n"), "data", "app.conf")
			}
			return m
		})
	}
	for range e.IntN(5) {
		g := e.IntN(len(target))
		if n := len(target[g].Objects); n > 0 {
			i := e.IntN(n)
			switch object := target[g].Objects[i]; e.IntN(12) {
			case 0:
				target[g].Objects = slices.Delete(target[g].Objects, i, i+1)
			case 1:
				target[g].Objects = append(target[g].Objects, set(object, fmt.Sprint("new-", e.IntN(1e6)), "metadata", "name"))
			default:
				for range 1 + e.IntN(4) {
					target[g].Objects[i] = e.tree(target[g].Objects[i], "", 0).(manifest.Map)
				}
			}
		}
	}
	return target
}

// tree makes one edit somewhere below tree. It leaves alone what names an object.
func (e editor) tree(tree any, path string, depth int) any {
	switch tree := tree.(type) {
	case manifest.Map:
		if len(tree) == 0 || depth > 1 && e.IntN(12) == 0 {
			if e.IntN(3) == 0 {
				return tree.With("name", e.scalar())
			}
			return tree.With("extra", e.value())
		}
		i := e.IntN(len(tree))
		f := tree[i]
		at := path + "." + f.Key
		switch {
		case slices.Contains([]string{".apiVersion", ".kind", ".metadata.name", ".metadata.namespace"}, at):
			return tree
		case strings.HasSuffix(path, ".data"):
			return tree.With(f.Key, fmt.Sprint(e.value()))
		case depth > 1 && e.IntN(10) == 0 && !strings.Contains(at, "ubjects") && !strings.Contains(at, "roleRef"):
			return tree.Without(f.Key)
		}
		return tree.With(f.Key, e.tree(f.Value, at, depth+1))
	case []any:
		list := slices.Clone(tree)
		if len(list) == 0 {
			return list
		}
		i, j := e.IntN(len(list)), e.IntN(len(list))
		switch e.IntN(8) {
		case 0:
			return slices.Delete(list, i, i+1)
		case 1:
			list[i], list[j] = list[j], list[i]
			return list
		case 2, 3:
			return slices.Insert(list, i, e.variant(list[j]))
		}
		list[i] = e.tree(list[i], path, depth+1)
		return list
	default:
		if strings.HasSuffix(path, ".image") || strings.Contains(path, "abels") || strings.Contains(path, "nnotations") || strings.Contains(path, "ubjects") || strings.Contains(path, "containers.name") {
			return fmt.Sprint("edited-", e.IntN(3))
		}
		return e.scalar()
	}
}

// variant is another item of a list, mostly with another key.
func (e editor) variant(item any) any {
	m, ok := item.(manifest.Map)
	if !ok {
		return e.scalar()
	}
	for _, key := range []string{"name", "containerPort", "port", "mountPath", "topologyKey"} {
		if old, has := m.Get(key); has && e.IntN(8) > 0 {
			if _, number := old.(json.Number); number {
				m = m.With(key, json.Number(fmt.Sprint(1000+e.IntN(9000))))
			} else {
				m = m.With(key, fmt.Sprint(old, e.IntN(99)))
			}
		}
	}
	return m
}

func (e editor) scalar() any {
	return []any{
		"text", "8080", "true", "null", "1e3", "0x1f", "", "two\nlines\n", "no", "~", "a: b", "- c", "é",
		json.Number("7"), json.Number("8080"), json.Number("1000000"), json.Number("0.25"), true, false,
	}[e.IntN(19)]
}

func (e editor) value() any {
	if e.IntN(4) > 0 {
		return e.scalar()
	}
	return []any{manifest.Map{}, []any{}, manifest.Map{{Key: "a", Value: "b"}}, []any{"x", json.Number("1")}}[e.IntN(4)]
}

// set returns m with the value at a path set.
func set(m manifest.Map, value any, path ...string) manifest.Map {
	if len(path) > 1 {
		inner, _ := manifest.Lookup(m, path[0]).(manifest.Map)
		value = set(inner, value, path[1:]...)
	}
	return m.With(path[0], value)
}

// replaceText replaces each string that is from.
func replaceText(tree any, from, to string) any {
	switch tree := tree.(type) {
	case manifest.Map:
		out := slices.Clone(tree)
		for i := range out {
			out[i].Value = replaceText(out[i].Value, from, to)
		}
		return out
	case []any:
		out := slices.Clone(tree)
		for i := range out {
			out[i] = replaceText(out[i], from, to)
		}
		return out
	case string:
		if tree == from {
			return to
		}
	}
	return tree
}

// realistic is a system of each kind of object that patterns become.
func realistic(t testing.TB) []manifest.Group {
	t.Helper()
	text, err := os.ReadFile("testdata/realistic.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var groups []manifest.Group
	for _, object := range parse(t, string(text)) {
		name := manifest.String(object, "metadata", "labels", "app.kubernetes.io/name")
		if len(groups) == 0 || groups[len(groups)-1].Name != name {
			groups = append(groups, manifest.Group{Kind: "replicated", Name: name})
		}
		g := &groups[len(groups)-1]
		g.Objects = append(g.Objects, object)
	}
	return groups
}
