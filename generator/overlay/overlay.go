// Package overlay writes Kustomize bases and overlays for objects that are
// already rendered: it computes what an environment changes and says it as a
// person would have written it.
//
// It keeps one law: what `kustomize build overlays/<env>` prints is, object for
// object, what the environment renders to. As to order, files list objects as
// they were given; kustomize prints them in its own order, in which what others
// depend on comes first.
//
// The law is checked, while overlays are computed, with kustomize's own code.
// That code keeps global state which it doesn't guard everywhere, so this package
// lets one goroutine at a time use it.
package overlay

import (
	"fmt"
	"sync"

	"github.com/patternctl/patternctl/generator/manifest"
)

// kustomize guards kustomize's code.
var kustomize sync.Mutex

// A change is what an environment does to one object.
type change struct {
	// instance is the name of the pattern instance that has the object.
	instance string
	// from is the object in the base; nil where only the environment has it.
	from manifest.Map
	// to is the object in the environment; nil where only the base has it.
	to manifest.Map
}

// Overlay computes the overlay that turns base into target, the objects of the
// environment called env. It returns the files by their slash-separated paths,
// all of them under overlays/<env>:
//
//	kustomization.yaml     what holds for many objects, and the list of files
//	<instance>.yaml        whole objects that only this environment has
//	<instance>.patch.yaml  what changes in objects that the base has too
//
// An object that an environment gives another name, namespace (unless all move
// together), kind or version is one object less and another more.
//
// It is an error if two objects of a side have the same identity. Any other
// error says that the overlay law could not be made to hold for an object and
// is a mistake in this package.
func Overlay(env string, base, target []manifest.Group) (map[string][]byte, error) {
	kustomize.Lock()
	defer kustomize.Unlock()
	changes, move, err := pair(base, target)
	if err != nil {
		return nil, fmt.Errorf("environment %s: %w", env, err)
	}
	k := kustomization{transformers: findTransformers(move, changes), resources: []any{"../../base"}}
	for _, c := range changes {
		if err := k.add(c); err != nil {
			id := manifest.IDOf(c.object())
			return nil, fmt.Errorf("environment %s: instance %s: %s in namespace %q: %w", env, c.instance, id, id.Namespace, err)
		}
	}
	return k.files("overlays/" + env), nil
}

// object is the side of the change that is there.
func (c change) object() manifest.Map {
	if c.to != nil {
		return c.to
	}
	return c.from
}

// compare pairs the objects of base with those of target by their identity
// after the move: first those of base, in order, then those that only target has.
func compare(base, target []manifest.Group, m move) ([]change, error) {
	type place struct {
		object manifest.Map
		paired bool
	}
	places := map[manifest.ID]*place{}
	var order []*place
	for _, group := range target {
		for _, object := range group.Objects {
			id := manifest.IDOf(object)
			if places[id] != nil {
				return nil, fmt.Errorf("%s occurs twice in namespace %q", id, id.Namespace)
			}
			places[id] = &place{object: object}
			order = append(order, places[id])
		}
	}
	var changes []change
	seen := map[manifest.ID]bool{}
	for _, group := range base {
		for _, object := range group.Objects {
			id := m.id(object)
			if seen[id] {
				return nil, fmt.Errorf("%s occurs twice in the base's namespace %q", id, id.Namespace)
			}
			seen[id] = true
			c := change{instance: group.Name, from: object}
			if p := places[id]; p != nil {
				c.to, p.paired = p.object, true
			}
			changes = append(changes, c)
		}
	}
	for _, group := range target {
		for range group.Objects {
			if p := order[0]; !p.paired {
				changes = append(changes, change{instance: group.Name, to: p.object})
			}
			order = order[1:]
		}
	}
	return changes, nil
}
