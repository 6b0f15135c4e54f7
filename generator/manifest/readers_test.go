package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

// Two readers judge what AppendYAML writes: go.yaml.in/yaml/v3, which keeps
// the order of fields, and sigs.k8s.io/yaml, which kubectl uses.

// checkYAML fails unless both readers take document for want. It compares
// without cmp, whose time is exponential in the depth of a tree.
func checkYAML(t *testing.T, document []byte, want any) {
	t.Helper()
	got, err := readOrdered(document)
	if err != nil {
		t.Fatalf("yaml/v3: %v in\n%s", err, document)
	}
	if !reflect.DeepEqual(withFloats(t, want), withFloats(t, got)) {
		t.Fatalf("yaml/v3 reads %s\nwant %s\nfrom\n%s", AppendJSON(nil, got, ""), AppendJSON(nil, want, ""), document)
	}
	if again := AppendYAML(nil, got); !bytes.Equal(document, again) {
		t.Fatalf("writing what was read changes it:\n%s", cmp.Diff(string(document), string(again)))
	}
	var plain any
	if err := sigs.Unmarshal(document, &plain); err != nil {
		t.Fatalf("sigs.k8s.io/yaml: %v in\n%s", err, document)
	}
	if !reflect.DeepEqual(unordered(t, want), plain) {
		t.Fatalf("sigs.k8s.io/yaml reads %v\nwant %s\nfrom\n%s", plain, AppendJSON(nil, want, ""), document)
	}
}

// readOrdered reads one document as a tree.
func readOrdered(document []byte) (any, error) {
	trees, err := readStream(document)
	if err != nil {
		return nil, err
	}
	if len(trees) != 1 {
		return nil, fmt.Errorf("%d documents", len(trees))
	}
	return trees[0], nil
}

// readStream reads all documents as trees.
func readStream(stream []byte) ([]any, error) {
	var trees []any
	for d := yaml.NewDecoder(bytes.NewReader(stream)); ; {
		var node yaml.Node
		if err := d.Decode(&node); errors.Is(err, io.EOF) {
			return trees, nil
		} else if err != nil {
			return nil, err
		}
		tree, err := treeOf(node.Content[0])
		if err != nil {
			return nil, err
		}
		trees = append(trees, tree)
	}
}

func treeOf(node *yaml.Node) (any, error) {
	if node.HeadComment+node.LineComment+node.FootComment != "" {
		return nil, fmt.Errorf("line %d: read as a comment", node.Line)
	}
	switch node.ShortTag() {
	case "!!map":
		m := Map{}
		for i := 0; i < len(node.Content); i += 2 {
			key, err := treeOf(node.Content[i])
			if err != nil {
				return nil, err
			}
			value, err := treeOf(node.Content[i+1])
			if err != nil {
				return nil, err
			}
			name, ok := key.(string)
			if !ok {
				return nil, fmt.Errorf("line %d: key read as %T", node.Line, key)
			}
			m = append(m, Field{name, value})
		}
		return m, nil
	case "!!seq":
		list := []any{}
		for _, n := range node.Content {
			item, err := treeOf(n)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	case "!!str":
		return node.Value, nil
	case "!!int", "!!float":
		return json.Number(node.Value), nil
	case "!!bool":
		return strconv.ParseBool(node.Value)
	case "!!null":
		return nil, nil
	default:
		return nil, fmt.Errorf("line %d: %q read as %s", node.Line, node.Value, node.ShortTag())
	}
}

// withFloats turns the numbers of a tree into float64, as readers do.
func withFloats(t testing.TB, tree any) any {
	t.Helper()
	switch tree := tree.(type) {
	case Map:
		m := make(Map, len(tree))
		for i, f := range tree {
			m[i] = Field{f.Key, withFloats(t, f.Value)}
		}
		return m
	case []any:
		list := make([]any, len(tree))
		for i, item := range tree {
			list[i] = withFloats(t, item)
		}
		return list
	case json.Number:
		number, err := tree.Float64()
		if err != nil {
			t.Fatal(err)
		}
		return number
	default:
		return tree
	}
}

// unordered turns a tree into what encoding/json reads into an any.
func unordered(t testing.TB, tree any) any {
	t.Helper()
	switch tree := tree.(type) {
	case Map:
		m := make(map[string]any, len(tree))
		for _, f := range tree {
			m[f.Key] = unordered(t, f.Value)
		}
		return m
	case []any:
		list := make([]any, len(tree))
		for i, item := range tree {
			list[i] = unordered(t, item)
		}
		return list
	default:
		return withFloats(t, tree)
	}
}

// finite reports whether all numbers fit a float64, as the readers need it.
func finite(tree any) bool {
	switch tree := tree.(type) {
	case Map:
		for _, f := range tree {
			if !finite(f.Value) {
				return false
			}
		}
	case []any:
		for _, item := range tree {
			if !finite(item) {
				return false
			}
		}
	case json.Number:
		number, err := tree.Float64()
		return err == nil && !math.IsInf(number, 0)
	}
	return true
}
