package overlay

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/patternctl/patternctl/generator/manifest"
)

// A move says that every namespaced object goes from one namespace to another,
// which `namespace:` in a kustomization does. The zero move does nothing.
type move struct {
	from, to string
	// accounts are the service accounts of the environment; true for those that
	// the base has too. kustomize follows them in the subjects of role bindings.
	accounts map[string]bool
}

// pair returns the changes from base to target after the move that leads from
// one to the other, if there is one that a kustomization can make.
func pair(base, target []manifest.Group) ([]change, move, error) {
	from, one := onlyNamespace(base)
	to, other := onlyNamespace(target)
	if one && other && from != to {
		m := move{from: from, to: to, accounts: map[string]bool{}}
		if changes, err := compare(base, target, m); err == nil && m.follow(changes) {
			return changes, m, nil
		}
	}
	changes, err := compare(base, target, move{})
	return changes, move{}, err
}

// follow learns the service accounts and reports whether the move leaves the
// environment's own objects alone, as a kustomization applies it to those too.
func (m move) follow(changes []change) bool {
	for _, c := range changes {
		if id := manifest.IDOf(c.to); id.Kind == "ServiceAccount" && id.APIVersion == "v1" {
			m.accounts[id.Name] = c.from != nil
		}
	}
	return !slices.ContainsFunc(changes, func(c change) bool {
		return c.to != nil && !manifest.Equal(m.apply(c.to), c.to)
	})
}

// onlyNamespace returns the namespace that all namespaced objects are in.
func onlyNamespace(groups []manifest.Group) (namespace string, found bool) {
	for _, group := range groups {
		for _, object := range group.Objects {
			id := manifest.IDOf(object)
			switch {
			case !followsMove(id):
				return "", false
			case id.Namespace == "":
			case namespace == "":
				namespace = id.Namespace
			case namespace != id.Namespace:
				return "", false
			}
		}
	}
	return namespace, namespace != ""
}

// followsMove reports whether `namespace:` does to an object what is meant by
// it: kinds that it doesn't know to be cluster-scoped get a namespace, and it
// reaches into the references of a few kinds.
func followsMove(id manifest.ID) bool {
	switch id.Kind {
	case "APIService", "CustomResourceDefinition", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
		return false
	}
	cluster := openapi.IsCertainlyClusterScoped(yaml.TypeMeta{APIVersion: id.APIVersion, Kind: id.Kind})
	return cluster == (id.Namespace == "")
}

// id is the identity of object after the move.
func (m move) id(object manifest.Map) manifest.ID {
	id := manifest.IDOf(object)
	switch {
	case m.to == "":
	case isNamespace(id):
		id.Name = m.to
	case id.Namespace != "":
		id.Namespace = m.to
	}
	return id
}

func isNamespace(id manifest.ID) bool { return id.Kind == "Namespace" && id.APIVersion == "v1" }

// apply returns object as it is after the move.
func (m move) apply(object manifest.Map) manifest.Map {
	if m.to == "" {
		return object
	}
	id := manifest.IDOf(object)
	moved := m.id(object)
	if moved != id {
		metadata, _ := manifest.Lookup(object, "metadata").(manifest.Map)
		if isNamespace(id) {
			metadata = metadata.With("name", moved.Name)
		} else {
			metadata = metadata.With("namespace", moved.Namespace)
		}
		object = object.With("metadata", metadata)
	}
	if id.Kind == "RoleBinding" || id.Kind == "ClusterRoleBinding" {
		if subjects, ok := manifest.Lookup(object, "subjects").([]any); ok {
			object = object.With("subjects", m.subjects(subjects))
		}
	}
	return object
}

// subjects follows the service accounts that move. As kustomize does, it goes
// by names: a user or group called like one follows too, and so does everything
// called default.
func (m move) subjects(subjects []any) []any {
	moved := slices.Clone(subjects)
	for i, subject := range moved {
		s, ok := subject.(manifest.Map)
		if !ok {
			continue
		}
		name, namespace := manifest.String(s, "name"), manifest.String(s, "namespace")
		inBase, known := m.accounts[name]
		if name == "default" || known && namespace == "" || inBase && namespace == m.from {
			moved[i] = s.With("namespace", m.to)
		}
	}
	return moved
}
