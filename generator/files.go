package generator

import (
	"path"

	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/overlay"
	"github.com/patternctl/patternctl/generator/tree"
)

// Rendering is a spec rendered in full: the base and every environment.
type Rendering struct {
	// Base are the manifests of the spec without an environment.
	Base []manifest.Group
	// Environments are the manifests of each environment, by name.
	Environments map[string][]manifest.Group
	names        []string
}

// RenderAll renders the base and every environment. What the environments have
// in common with the base is reported once.
func (s *Spec) RenderAll() (Rendering, diagnostic.List) {
	rendering := Rendering{Environments: map[string][]manifest.Group{}, names: s.environments}
	series := s.series()
	base, list := series.base()
	rendering.Base = base
	for _, environment := range s.environments {
		if exploded(list) {
			// What was given up goes on in the background; more of it helps nobody.
			break
		}
		groups, problems := series.environment(environment)
		rendering.Environments[environment] = groups
		list = append(list, problems...)
	}
	return rendering, list.Sorted()
}

// Validate reports everything that is wrong with the base and the environments.
func (s *Spec) Validate() diagnostic.List {
	_, list := s.RenderAll()
	return list
}

// Tree writes a rendering as files: a Kustomize base, and an overlay for each
// environment that says only what is different there.
func (r Rendering) Tree() (tree.Tree, error) {
	files := tree.Tree{}
	add := func(folder map[string][]byte) {
		for name, content := range folder {
			files[path.Clean(name)] = content
		}
	}
	add(overlay.Base(r.Base))
	for _, environment := range r.names {
		folder, err := overlay.Overlay(environment, r.Base, r.Environments[environment])
		if err != nil {
			return nil, asList(err)
		}
		add(folder)
	}
	return files, nil
}
