package generator

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/check"
	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// Render makes the manifests of an environment and checks them; the base is "".
// The diagnostics tell of errors and warnings; with errors there are no groups.
// An environment is compared with the base, which is evaluated for each call;
// RenderAll does that once for all environments.
func (s *Spec) Render(environment string) ([]manifest.Group, diagnostic.List) {
	switch {
	case environment == "":
		return s.series().base()
	case !slices.Contains(s.environments, environment):
		return nil, s.unknownEnvironment(environment)
	}
	return s.series().environment(environment)
}

// Render makes the manifests of a system and checks them. base is the system
// that s is an environment of, or nil.
func (s *System) Render(base *System) ([]manifest.Group, diagnostic.List) {
	return s.render(base, nil)
}

func (s *System) render(base *System, rendered *memory) ([]manifest.Group, diagnostic.List) {
	groups, list := s.renderAll(base, rendered)
	list = append(list, s.warnings...)
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
	for _, instance := range s.Instances {
		if shape, ok := s.packages.Kind(instance.Kind); ok {
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

func (s *System) renderAll(base *System, rendered *memory) ([]manifest.Group, diagnostic.List) {
	hosts := findHosts(s)
	edges := findEdges(s, hosts)
	groups := make([]manifest.Group, len(s.Instances))
	lists := make([]diagnostic.List, len(s.Instances))
	_, err := bounded(s.spec, func() (struct{}, error) {
		spread(len(s.Instances), s.spec.options.Workers, func() func(int) {
			r := renderer{system: s, base: base, edges: edges, rendered: rendered, orders: map[*ast.StructLit]order{}}
			return func(i int) { groups[i], lists[i] = r.render(s.Instances[i]) }
		})
		return struct{}{}, nil
	})
	if err != nil {
		return nil, asList(err)
	}
	return groups, append(slices.Concat(lists...), s.checkCalls(hosts, edges)...)
}

// A renderer makes manifests, for one goroutine at a time.
type renderer struct {
	system   *System
	base     *System
	edges    map[string]*edge
	rendered *memory
	orders   map[*ast.StructLit]order
}

func (r *renderer) render(instance Instance) (manifest.Group, diagnostic.List) {
	group := manifest.Group{Kind: instance.Kind, Name: instance.Name}
	result, err := r.rendered.recall(r.system.input(instance, r.base, r.edges), func(input manifest.Map) (product, error) {
		return r.evaluate(instance.Kind, input)
	})
	if err != nil {
		return group, libraryError(err)
	}
	list := r.system.diagnostics(result.checks, instance)
	if list.HasErrors() {
		return group, list
	}
	objects, problems := r.system.patch(slices.Clone(result.objects), instance)
	group.Objects = objects
	return group, append(list, problems...)
}

// diagnostics tells what a template finds wrong with an instance.
func (s *System) diagnostics(checks []manifest.Map, instance Instance) diagnostic.List {
	var list diagnostic.List
	for _, c := range checks {
		path := []string{instance.Kind, instance.Name}
		switch field := manifest.Lookup(c, "field").(type) {
		case string:
			if field != "" {
				path = append(path, strings.Split(field, ".")...)
			}
		case []any:
			for _, name := range field {
				path = append(path, fmt.Sprint(name))
			}
		}
		d := diagnostic.Diagnostic{
			Code:    manifest.String(c, "code"),
			Message: manifest.String(c, "message"),
			Hint:    manifest.String(c, "hint"),
		}
		if isWarning(c) {
			d.Severity = diagnostic.Warning
		}
		d.Position, d.Path = s.locate(path...)
		list = append(list, d)
	}
	return list
}

func isWarning(check manifest.Map) bool {
	warning, _ := manifest.Lookup(check, "warning").(bool)
	return warning
}

// blame turns a finding about an object into a diagnostic about the spec.
func (s *System) blame(f check.Finding) diagnostic.Diagnostic {
	kind, name, _ := strings.Cut(f.Group, ".")
	path := append([]string{kind, name}, s.subject(kind, name, f.Subject)...)
	object := f.Object.String()
	if f.Alike > 0 {
		object += fmt.Sprintf(" and %d more", f.Alike)
	}
	d := diagnostic.Diagnostic{Code: f.Code, Severity: f.Severity, Message: object + ": " + f.Message, Hint: f.Hint}
	if f.Field != "" {
		d.Message = object + ": " + f.Field + ": " + f.Message
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
		if _, ok := instance.Fields.Get(n); deeper == nil && ok && names[0] == name {
			// What is not the main container's own is the instance's.
			path, at, deeper = nil, instance.Fields, []string{n}
		}
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
