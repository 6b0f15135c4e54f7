package generator

import (
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/check"
	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// Render makes the manifests of an environment and checks them; the base is "".
// The diagnostics tell of errors and warnings; with errors there are no groups.
func (s *Spec) Render(environment string) ([]manifest.Group, diagnostic.List) {
	system, err := s.Evaluate(environment)
	if err != nil {
		return nil, asList(err)
	}
	var base *System
	if environment != "" {
		// A base that is wrong by itself is no reason to refuse an environment
		// that mends it; only there is nothing to compare with then.
		base, _ = s.Evaluate("")
	}
	return system.Render(base)
}

// Render makes the manifests of a system and checks them. base is the system
// that s is an environment of, or nil.
func (s *System) Render(base *System) ([]manifest.Group, diagnostic.List) {
	groups, list := s.renderAll(base)
	if list.HasErrors() {
		return nil, list.Sorted()
	}
	facts := check.Facts{Minor: s.Minor(), ClusterDomain: s.Domain(), Existing: s.existing()}
	for _, finding := range check.Objects(groups, facts) {
		list = append(list, s.blame(finding))
	}
	if list.HasErrors() {
		groups = nil
	}
	return groups, list.Sorted()
}

// existing returns the objects that the spec says are in the cluster already.
func (s *System) existing() []manifest.ID {
	var ids []manifest.ID
	packages := catalogue.NewPackages(s.spec.options.Library)
	for _, instance := range s.Instances {
		if shape, ok := packages.Kind(instance.Kind); ok {
			ids = s.existingIn(ids, instance.Fields, shape)
		}
	}
	return ids
}

func (s *System) existingIn(ids []manifest.ID, tree any, shape *catalogue.Shape) []manifest.ID {
	m, ok := tree.(manifest.Map)
	if !ok || shape == nil {
		return ids
	}
	for _, f := range m {
		field, known := shape.Field(f.Key)
		if !known {
			ids = s.existingIn(ids, f.Value, shape.Elem)
			continue
		}
		if name, isName := f.Value.(string); isName && field.Existing != "" {
			ids = append(ids, manifest.ID{APIVersion: "v1", Kind: field.Existing, Namespace: s.Namespace, Name: name})
		}
		ids = s.existingIn(ids, f.Value, field.Shape)
	}
	return ids
}

// instancesPerWorker is how many instances are worth the start of one more
// worker, which has to build the templates it uses for itself.
const instancesPerWorker = 32

func (s *System) renderAll(base *System) ([]manifest.Group, diagnostic.List) {
	edges := findEdges(s)
	groups := make([]manifest.Group, len(s.Instances))
	lists := make([]diagnostic.List, len(s.Instances))
	workers := min(s.spec.options.Workers, 1+len(s.Instances)/instancesPerWorker)

	_, err := bounded(s.spec.options, func() (struct{}, error) {
		var wait sync.WaitGroup
		for worker := range workers {
			wait.Go(func() {
				r := renderer{system: s, base: base, edges: edges, packages: catalogue.NewPackages(s.spec.options.Library)}
				for i := worker; i < len(s.Instances); i += workers {
					groups[i], lists[i] = r.render(s.Instances[i])
				}
			})
		}
		wait.Wait()
		return struct{}{}, nil
	})
	if err != nil {
		return nil, asList(err)
	}
	return groups, slices.Concat(lists...)
}

// A renderer makes manifests in a CUE context of its own.
type renderer struct {
	system   *System
	base     *System
	edges    map[string]*edge
	packages *catalogue.Packages
}

func (r *renderer) render(instance Instance) (manifest.Group, diagnostic.List) {
	group := manifest.Group{Kind: instance.Kind, Name: instance.Name}
	template, err := r.packages.Template(instance.Kind)
	if err != nil {
		return group, libraryError(err)
	}
	input := r.packages.Context.CompileBytes(manifest.AppendJSON(nil, r.input(instance), ""))
	value := template.Unify(input)
	list := r.checks(value, instance)
	if list.HasErrors() {
		return group, list
	}
	objects, err := export(value.LookupPath(cue.MakePath(cue.Str("objects"))))
	if err != nil {
		return group, libraryError(err)
	}
	group.Objects = flatten(nil, objects)
	patched, problems := r.system.patch(group.Objects, instance)
	group.Objects = patched
	return group, append(list, problems...)
}

// input is what a template is told: see templates/shared/shared.cue.
func (r *renderer) input(instance Instance) manifest.Map {
	in := manifest.Map{
		{Key: "kind", Value: instance.Kind},
		{Key: "name", Value: instance.Name},
		{Key: "system", Value: manifest.Map{
			{Key: "name", Value: r.system.Name},
			{Key: "namespace", Value: r.system.Namespace},
			{Key: "domain", Value: r.system.Domain()},
			{Key: "minor", Value: number(r.system.Minor())},
			{Key: "addons", Value: orEmptyList(manifest.Lookup(r.system.Settings, "cluster", "addons"))},
			{Key: "labels", Value: orEmptyMap(manifest.Lookup(r.system.Settings, "labels"))},
			{Key: "annotations", Value: orEmptyMap(manifest.Lookup(r.system.Settings, "annotations"))},
			{Key: "engines", Value: orEmptyMap(manifest.Lookup(r.system.Settings, "engines"))},
		}},
		{Key: "clients", Value: peers(r.edges[instance.Path()].clients, r.edges)},
		{Key: "servers", Value: peers(r.edges[instance.Path()].servers, r.edges)},
	}
	if r.base != nil {
		if before, ok := r.base.Instance(instance.Kind, instance.Name); ok {
			in = append(in, manifest.Field{Key: "base", Value: r.complete(before)})
		}
	}
	return manifest.Map{{Key: "in", Value: in}, {Key: "spec", Value: r.complete(instance)}}
}

func (r *renderer) complete(instance Instance) any {
	shape, ok := r.packages.Kind(instance.Kind)
	if !ok {
		return instance.Fields
	}
	return complete(instance.Fields, shape)
}

// complete adds the optional fields that the user left out, as null, {} or [],
// so that a template can name every field of its schema.
func complete(tree any, shape *catalogue.Shape) any {
	switch t := tree.(type) {
	case manifest.Map:
		if len(shape.Fields) == 0 && shape.Elem == nil {
			return t
		}
		out := make(manifest.Map, 0, len(t)+len(shape.Fields))
		for _, f := range t {
			inner := shape.Elem
			if field, ok := shape.Field(f.Key); ok {
				inner = field.Shape
			}
			if inner != nil {
				f.Value = complete(f.Value, inner)
			}
			out = append(out, f)
		}
		for _, field := range shape.Fields {
			if _, present := t.Get(field.Name); !present && field.Optional {
				out = append(out, manifest.Field{Key: field.Name, Value: absent(field.Shape)})
			}
		}
		return out
	case []any:
		if shape.Elem == nil {
			return t
		}
		out := make([]any, len(t))
		for i, item := range t {
			out[i] = complete(item, shape.Elem)
		}
		return out
	}
	return tree
}

func absent(shape *catalogue.Shape) any {
	switch {
	case shape.Map():
		return manifest.Map{}
	case shape.Kind == cue.ListKind:
		return []any{}
	}
	return nil
}

// flatten collects the objects of a template: each field is an object or a list
// of objects.
func flatten(objects []manifest.Map, tree any) []manifest.Map {
	switch t := tree.(type) {
	case manifest.Map:
		if _, isObject := t.Get("apiVersion"); isObject {
			return append(objects, prune(t).(manifest.Map))
		}
		for _, f := range t {
			objects = flatten(objects, f.Value)
		}
	case []any:
		for _, item := range t {
			objects = flatten(objects, item)
		}
	}
	return objects
}

// prune drops null fields and empty lists, which say nothing in a manifest.
func prune(tree any) any {
	switch t := tree.(type) {
	case manifest.Map:
		out := t[:0]
		for _, f := range t {
			f.Value = prune(f.Value)
			if list, isList := f.Value.([]any); f.Value == nil || isList && len(list) == 0 {
				continue
			}
			out = append(out, f)
		}
		return out
	case []any:
		for i := range t {
			t[i] = prune(t[i])
		}
	}
	return tree
}

// checks reads what a template finds wrong with an instance.
func (r *renderer) checks(value cue.Value, instance Instance) diagnostic.List {
	tree, err := export(value.LookupPath(cue.MakePath(cue.Str("checks"))))
	if err != nil {
		return libraryError(err)
	}
	var list diagnostic.List
	for _, c := range manifest.Maps(manifest.Map{{Key: "checks", Value: tree}}, "checks") {
		path := []string{instance.Kind, instance.Name}
		if field := manifest.String(c, "field"); field != "" {
			path = append(path, strings.Split(field, ".")...)
		}
		d := diagnostic.Diagnostic{
			Code:    manifest.String(c, "code"),
			Message: manifest.String(c, "message"),
			Hint:    manifest.String(c, "hint"),
		}
		if warning, _ := manifest.Lookup(c, "warning").(bool); warning {
			d.Severity = diagnostic.Warning
		}
		d.Position, d.Path = r.system.locate(path...)
		list = append(list, d)
	}
	return list
}

// blame turns a finding about an object into a diagnostic about the spec.
func (s *System) blame(f check.Finding) diagnostic.Diagnostic {
	kind, name, _ := strings.Cut(f.Group, ".")
	path := append([]string{kind, name}, s.subject(kind, name, f.Subject)...)
	d := diagnostic.Diagnostic{
		Code:     f.Code,
		Severity: f.Severity,
		Message:  f.Object.String() + ": " + f.Message,
		Hint:     f.Hint,
	}
	if f.Field != "" {
		d.Message = f.Object.String() + ": " + f.Field + ": " + f.Message
	}
	d.Position, d.Path = s.locate(path...)
	return d
}

// subject looks for names that an object and the spec have in common, to point
// into an instance instead of at it.
func (s *System) subject(kind, name string, names []string) []string {
	instance, ok := s.Instance(kind, name)
	if !ok {
		return nil
	}
	var path []string
	var at any = instance.Fields
	for i, n := range names {
		if i == 0 && n == name {
			// The main container is named after its instance.
			n = "container"
		}
		deeper := findKey(at, n, 0)
		if deeper == nil {
			continue
		}
		path = append(path, deeper...)
		at = manifest.Lookup(at, deeper...)
	}
	return path
}

// findKey returns the path to the first field called name, looking no deeper
// than a container's own maps.
func findKey(tree any, name string, depth int) []string {
	m, ok := tree.(manifest.Map)
	if !ok || depth > 3 {
		return nil
	}
	if _, ok := m.Get(name); ok {
		return []string{name}
	}
	for _, f := range m {
		if path := findKey(f.Value, name, depth+1); path != nil {
			return append([]string{f.Key}, path...)
		}
	}
	return nil
}
