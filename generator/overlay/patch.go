package overlay

import (
	"bytes"
	"errors"
	"regexp"

	"sigs.k8s.io/kustomize/api/filters/patchjson6902"

	"github.com/patternctl/patternctl/generator/manifest"
)

// errUnlawful is what Overlay reports when each way to write a patch gave
// another object than the one that was asked for.
var errUnlawful = errors.New("no patch makes kustomize build what generate prints; this is a mistake in patternctl, please report it")

// add adds what brings about one change: nothing beyond the transformers, if
// they do, or else the first of these that kustomize's own code confirms: a
// strategic-merge patch, one that replaces lists, a JSON patch.
func (k *kustomization) add(c change) error {
	switch {
	case c.from == nil:
		k.resource(c.instance, c.to)
		return nil
	case c.to == nil:
		k.delete(c.from)
		return nil
	case manifest.Equal(c.from, c.to), manifest.Equal(k.move.apply(c.from), c.to):
		return nil
	}
	applied := k.apply(c.from)
	if manifest.Equal(applied, c.to) && k.yields(c.from, c.to, nil) {
		return nil
	}
	for _, replaceLists := range []bool{false, true} {
		patch, ok := strategicPatch(applied, c.to, replaceLists)
		if !ok {
			break
		}
		patch = addressed(c.from, patch)
		if filter, err := strategic(manifest.AppendYAML(nil, patch)); err == nil && k.yields(c.from, c.to, filter) {
			k.patch(c.instance, patch)
			return nil
		}
	}
	id := manifest.IDOf(c.from)
	wanted := with(c.to, id.Name, "metadata", "name")
	if id.Namespace != "" {
		wanted = with(wanted, id.Namespace, "metadata", "namespace")
	}
	ops := jsonPatch(c.from, wanted)
	for _, text := range [][]byte{manifest.AppendYAML(nil, ops), manifest.AppendJSON(nil, ops, "  ")} {
		// kustomize trims a patch, which in YAML can be the end of a text.
		trimmed := string(bytes.TrimSpace(text))
		if k.yields(c.from, c.to, patchjson6902.Filter{Patch: trimmed}) {
			k.patches = append(k.patches, manifest.Map{{Key: "target", Value: selector(id)}, {Key: "patch", Value: trimmed}})
			return nil
		}
	}
	return errUnlawful
}

// delete takes an object of the base away. It stands in kustomization.yaml
// itself: kustomize 5.3 to 5.6, and so kubectl up to 1.33, panics when a file
// with several patches holds one that deletes.
func (k *kustomization) delete(object manifest.Map) {
	patch := addressed(object, manifest.Map{{Key: directive, Value: "delete"}})
	text := string(bytes.TrimSpace(manifest.AppendYAML(nil, patch)))
	k.patches = append(k.patches, manifest.Map{{Key: "patch", Value: text + "\n"}})
}

// addressed returns patch with the fields that say which object it is for.
func addressed(object, patch manifest.Map) manifest.Map {
	id := manifest.IDOf(object)
	metadata := manifest.Map{{Key: "name", Value: id.Name}}
	if id.Namespace != "" {
		metadata = append(metadata, manifest.Field{Key: "namespace", Value: id.Namespace})
	}
	changed, _ := manifest.Lookup(patch, "metadata").(manifest.Map)
	whole := manifest.Map{
		{Key: "apiVersion", Value: id.APIVersion},
		{Key: "kind", Value: id.Kind},
		{Key: "metadata", Value: append(metadata, changed...)},
	}
	return append(whole, patch.Without("metadata")...)
}

// selector is the target of a JSON patch. kustomize reads its values as regular
// expressions that match from end to end.
func selector(id manifest.ID) manifest.Map {
	var target manifest.Map
	group, version := id.Group(), id.APIVersion
	if group != "" {
		version = version[len(group)+1:]
	}
	for _, f := range []struct{ key, value string }{
		{"group", group}, {"version", version}, {"kind", id.Kind}, {"name", id.Name}, {"namespace", id.Namespace},
	} {
		if f.value != "" {
			target = append(target, manifest.Field{Key: f.key, Value: regexp.QuoteMeta(f.value)})
		}
	}
	return target
}
