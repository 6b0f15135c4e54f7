package overlay_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/overlay"
)

// kustomize builds a folder of files with the whole of kustomize.
func kustomize(files map[string][]byte, folder string) ([]manifest.Map, error) {
	fs := filesys.MakeFsInMemory()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if err := fs.WriteFile("/"+path, files[path]); err != nil {
			return nil, err
		}
	}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified // as the command does
	built, err := krusty.MakeKustomizer(options).Run(fs, "/"+folder)
	if err != nil {
		return nil, err
	}
	var objects []manifest.Map
	for _, r := range built.Resources() {
		text, err := r.MarshalJSON()
		if err != nil {
			return nil, err
		}
		object, err := manifest.ParseJSON(text)
		if err != nil {
			return nil, err
		}
		objects = append(objects, object.(manifest.Map))
	}
	return objects, nil
}

// lawful checks the overlay law with the whole of kustomize.
func lawful(base, target []manifest.Group) (map[string][]byte, error) {
	files, err := overlay.Overlay("env", base, target)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(files)
	maps.Copy(all, overlay.Base(base))
	for folder, groups := range map[string][]manifest.Group{"base": base, "overlays/env": target} {
		built, err := kustomize(all, folder)
		if err != nil {
			return files, fmt.Errorf("kustomize build %s: %w", folder, err)
		}
		if diff := cmp.Diff(byID(objects(groups)), byID(built)); diff != "" {
			return files, fmt.Errorf("kustomize builds %s differently (-want +got):\n%s", folder, diff)
		}
	}
	return files, nil
}

func objects(groups []manifest.Group) []manifest.Map {
	var all []manifest.Map
	for _, group := range groups {
		all = append(all, group.Objects...)
	}
	return all
}

// byID returns objects by identity, as plain values: without order of fields.
func byID(objects []manifest.Map) map[string]any {
	index := map[string]any{}
	for _, object := range objects {
		id := fmt.Sprintf("%+v", manifest.IDOf(object))
		if index[id] != nil {
			id += " again"
		}
		index[id] = plain(object)
	}
	return index
}

func plain(tree any) any {
	switch tree := tree.(type) {
	case manifest.Map:
		m := map[string]any{}
		for _, f := range tree {
			m[f.Key] = plain(f.Value)
		}
		return m
	case []any:
		list := make([]any, len(tree))
		for i, item := range tree {
			list[i] = plain(item)
		}
		return list
	default:
		return tree
	}
}

// parse reads YAML documents.
func parse(t testing.TB, text string) []manifest.Map {
	t.Helper()
	var objects []manifest.Map
	d := yaml.NewDecoder(strings.NewReader(text))
	for {
		var node yaml.Node
		err := d.Decode(&node)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		objects = append(objects, tree(&node).(manifest.Map))
	}
}

func tree(node *yaml.Node) any {
	switch node.Kind {
	case yaml.DocumentNode:
		return tree(node.Content[0])
	case yaml.MappingNode:
		m := manifest.Map{}
		for i := 0; i < len(node.Content); i += 2 {
			m = append(m, manifest.Field{Key: node.Content[i].Value, Value: tree(node.Content[i+1])})
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range node.Content {
			list = append(list, tree(item))
		}
		return list
	}
	switch node.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return node.Value == "true"
	case "!!int", "!!float":
		return json.Number(node.Value)
	}
	return node.Value
}

// show writes files as one text.
func show(files map[string][]byte) string {
	var b bytes.Buffer
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "-- %s --\n%s", path, files[path])
	}
	return b.String()
}
