package check_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/patternctl/patternctl/generator/check"
	"github.com/patternctl/patternctl/generator/manifest"
)

// shop is the system in testdata: nothing is wrong with it.
func shop(t testing.TB) []manifest.Group {
	t.Helper()
	paths, err := filepath.Glob("testdata/shop/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("testdata/shop: %d files, %v", len(paths), err)
	}
	groups := make([]manifest.Group, 0, len(paths))
	for _, path := range paths {
		kind, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".yaml"), ".")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		g := manifest.Group{Kind: kind, Name: name}
		for _, tree := range parseYAML(t, string(data)) {
			g.Objects = append(g.Objects, tree.(manifest.Map))
		}
		groups = append(groups, g)
	}
	return groups
}

func parseYAML(t testing.TB, text string) []any {
	t.Helper()
	var trees []any
	for d := yaml.NewDecoder(strings.NewReader(text)); ; {
		var n yaml.Node
		if err := d.Decode(&n); errors.Is(err, io.EOF) {
			return trees
		} else if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		trees = append(trees, tree(t, n.Content[0]))
	}
}

func tree(t testing.TB, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.MappingNode:
		m := manifest.Map{}
		for i := 0; i < len(n.Content); i += 2 {
			m = append(m, manifest.Field{Key: n.Content[i].Value, Value: tree(t, n.Content[i+1])})
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, tree(t, item))
		}
		return list
	}
	switch n.Tag {
	case "!!int", "!!float":
		return json.Number(n.Value)
	case "!!bool":
		return n.Value == "true"
	case "!!null":
		return nil
	default:
		return n.Value
	}
}

// edited applies edits to groups, each written as one of
//
//	Kind/name path = value      sets a field, or an item of a list; [+] appends
//	Kind/name path -            removes it
//	Kind/name -                 removes the object
//	+ object                    adds an object to the last group
//
// A path is one that findings use.
func edited(t testing.TB, groups []manifest.Group, edits ...string) []manifest.Group {
	t.Helper()
	groups = slices.Clone(groups)
	for i := range groups {
		groups[i].Objects = slices.Clone(groups[i].Objects)
	}
	for _, e := range edits {
		if object, ok := strings.CutPrefix(e, "+ "); ok {
			last := &groups[len(groups)-1]
			last.Objects = append(last.Objects, parseYAML(t, object)[0].(manifest.Map))
			continue
		}
		id, rest, _ := strings.Cut(e, " ")
		path, text, set := strings.Cut(rest, " = ")
		path, remove := strings.CutSuffix(path, "-")
		if set == remove {
			t.Fatalf("edit %q neither sets nor removes", e)
		}
		var value any = removed{}
		if set {
			value = parseYAML(t, text)[0]
		}
		found := false
		for g := range groups {
			for i := 0; i < len(groups[g].Objects); i++ {
				object := groups[g].Objects[i]
				if manifest.IDOf(object).String() != id {
					continue
				}
				found = true
				steps := split(strings.TrimSpace(path))
				if len(steps) == 0 {
					groups[g].Objects = slices.Delete(groups[g].Objects, i, i+1)
					i--
					continue
				}
				groups[g].Objects[i] = replace(t, object, steps, value).(manifest.Map)
			}
		}
		if !found {
			t.Fatalf("edit %q: no such object", e)
		}
	}
	return groups
}

// removed stands for no value.
type removed struct{}

// split takes a path apart; what is in brackets is one step.
func split(path string) []string {
	var steps []string
	for path != "" {
		if rest, ok := strings.CutPrefix(path, "["); ok {
			step, rest, _ := strings.Cut(rest, "]")
			steps, path = append(steps, step), strings.TrimPrefix(rest, ".")
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		steps, path = append(steps, path[:end]), strings.TrimPrefix(path[end:], ".")
	}
	return steps
}

func replace(t testing.TB, tree any, steps []string, value any) any {
	t.Helper()
	if len(steps) == 0 {
		return value
	}
	switch tree := tree.(type) {
	case []any:
		i := slices.IndexFunc(tree, func(item any) bool { return manifest.String(item, "name") == steps[0] })
		if steps[0] == "+" {
			return append(slices.Clone(tree), value)
		}
		if n, err := strconv.Atoi(steps[0]); err == nil && i < 0 {
			i = n
		}
		if i < 0 || i >= len(tree) {
			t.Fatalf("no item %s", steps[0])
		}
		out := slices.Clone(tree)
		out[i] = replace(t, out[i], steps[1:], value)
		if out[i] == any(removed{}) {
			out = slices.Delete(out, i, i+1)
		}
		return out
	case manifest.Map, nil:
		m, _ := tree.(manifest.Map)
		old, _ := m.Get(steps[0])
		next := replace(t, old, steps[1:], value)
		if next == any(removed{}) {
			return m.Without(steps[0])
		}
		return m.With(steps[0], next)
	default:
		t.Fatalf("%v has no field %s", tree, steps[0])
		return nil
	}
}

// lines writes findings one a line.
func lines(findings []check.Finding) []string {
	out := []string{}
	for _, f := range findings {
		subject := ""
		if len(f.Subject) > 0 {
			subject = " (" + strings.Join(f.Subject, " ") + ")"
		}
		out = append(out, fmt.Sprintf("%s %s %s %s%s: %s: %s", f.Code, f.Severity, f.Group, f.Object, subject, f.Field, f.Message))
	}
	return out
}
