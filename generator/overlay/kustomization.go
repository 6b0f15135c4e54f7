package overlay

import "github.com/patternctl/patternctl/generator/manifest"

// Base returns the Kustomize base that holds groups: base/kustomization.yaml
// and, for each instance that has objects, base/<instance>.yaml, by their
// slash-separated paths.
func Base(groups []manifest.Group) map[string][]byte {
	k := kustomization{}
	for _, group := range groups {
		for _, object := range group.Objects {
			k.resource(group.Name, object)
		}
	}
	return k.files("base")
}

// A kustomization is one folder: kustomization.yaml and the files it lists.
type kustomization struct {
	transformers
	resources []any
	patches   []any
	contents  map[string][]byte
}

// resource adds a whole object of an instance.
func (k *kustomization) resource(instance string, object manifest.Map) {
	name := fileName(instance) + ".yaml"
	if k.write(name, object) {
		k.resources = append(k.resources, name)
	}
}

// patch adds a strategic-merge patch.
func (k *kustomization) patch(instance string, patch manifest.Map) {
	name := fileName(instance) + ".patch.yaml"
	if k.write(name, patch) {
		k.patches = append(k.patches, manifest.Map{{Key: "path", Value: name}})
	}
}

// write adds a document to a file and reports whether it is the first.
func (k *kustomization) write(name string, document manifest.Map) (first bool) {
	if k.contents == nil {
		k.contents = map[string][]byte{}
	}
	content, more := k.contents[name]
	if more {
		content = append(content, "---\n"...)
	}
	k.contents[name] = manifest.AppendYAML(content, document)
	return !more
}

// fileName is the name of an instance's file without its extension. No other
// name has a dot, so that it can't clash.
func fileName(instance string) string {
	if instance == "kustomization" {
		return "kustomization.objects"
	}
	return instance
}

// files returns the files of the folder, with their paths.
func (k *kustomization) files(folder string) map[string][]byte {
	files := map[string][]byte{folder + "/kustomization.yaml": manifest.AppendYAML(nil, k.tree())}
	for name, content := range k.contents {
		files[folder+"/"+name] = content
	}
	return files
}

// tree is kustomization.yaml, without the parts that are empty.
func (k *kustomization) tree() manifest.Map {
	tree := manifest.Map{
		{Key: "apiVersion", Value: "kustomize.config.k8s.io/v1beta1"},
		{Key: "kind", Value: "Kustomization"},
	}
	if k.move.to != "" {
		tree = append(tree, manifest.Field{Key: "namespace", Value: k.move.to})
	}
	for _, part := range []struct {
		key  string
		list []any
	}{
		{"resources", k.resources}, {"labels", k.labelsTree()}, {"images", k.imagesTree()},
		{"replicas", k.replicasTree()}, {"patches", k.patches},
	} {
		if len(part.list) > 0 {
			tree = append(tree, manifest.Field{Key: part.key, Value: part.list})
		}
	}
	if len(tree) == 2 {
		// kustomize refuses a kustomization that says nothing.
		tree = append(tree, manifest.Field{Key: "metadata", Value: manifest.Map{{Key: "name", Value: "empty"}}})
	}
	return tree
}
