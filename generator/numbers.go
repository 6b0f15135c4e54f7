package generator

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// A Number is something that can be computed about an instance, such as how
// long nobody may be in charge. Its JSON is that of #Number in the templates.
type Number struct {
	// Name is the number's own in its kind, and Meaning says what it tells.
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
	// Value is in Unit, which is empty for a mere count.
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	// Formula is how the value follows from the spec, with the values put in.
	Formula string `json:"formula"`
	// Assumes are the conditions under which it holds.
	Assumes []string `json:"assumes,omitempty"`
	// Source is the document that the formula comes from, if there is one.
	Source string `json:"source,omitempty"`
}

// An Explanation is what can be computed about an instance.
type Explanation struct {
	// Kind and Name are the instance's place in the spec.
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Numbers []Number `json:"numbers"`
}

// Path is the instance's place in the spec, such as "sharded.cache".
func (e Explanation) Path() string { return Instance{Kind: e.Kind, Name: e.Name}.Path() }

// Explain computes the numbers of the instances at paths, such as
// "sharded.cache", or of all instances, in an environment; the base is "". The
// diagnostics tell why there are none: what is wrong with the spec, or with one
// of these instances. Warnings are left to Render.
func (s *Spec) Explain(environment string, paths ...string) ([]Explanation, diagnostic.List) {
	return s.series().explain(environment, paths...)
}

func (r *series) explain(environment string, paths ...string) ([]Explanation, diagnostic.List) {
	if environment != "" && !slices.Contains(r.spec.environments, environment) {
		return nil, r.spec.unknownEnvironment(environment)
	}
	explanations, err := r.explanations(environment, paths)
	switch {
	case err == nil:
		return explanations, nil
	case environment == "":
		return nil, asList(err).Sorted()
	}
	return nil, r.attribute(asList(err), environment)
}

func (r *series) explanations(environment string, paths []string) ([]Explanation, error) {
	system, err := r.system()
	var base *System
	if environment != "" {
		base = system
		system, err = r.spec.evaluateWith(r.packages, environment)
	}
	if err != nil {
		return nil, err
	}
	instances, list := system.at(paths)
	if len(list) > 0 {
		return nil, list
	}
	return bounded(r.spec, func() ([]Explanation, error) {
		edges := findEdges(system, findHosts(system))
		explanations := make([]Explanation, len(instances))
		for i, instance := range instances {
			numbers, err := system.numbers(instance, base, edges)
			if err != nil {
				return nil, err
			}
			explanations[i] = Explanation{instance.Kind, instance.Name, numbers}
		}
		return explanations, nil
	})
}

// at returns the instances at paths, or all if there are none.
func (s *System) at(paths []string) ([]Instance, diagnostic.List) {
	if len(paths) == 0 {
		return s.Instances, nil
	}
	known := make([]string, len(s.Instances))
	for i, instance := range s.Instances {
		known[i] = instance.Path()
	}
	var instances []Instance
	var list diagnostic.List
	for _, path := range paths {
		if i := slices.Index(known, path); i >= 0 {
			instances = append(instances, s.Instances[i])
			continue
		}
		list = append(list, diagnostic.Diagnostic{
			Code:    "PC1105",
			Message: "there is no instance " + quote(path),
			Hint:    cmp.Or(didYouMean(path, known), "instances: "+strings.Join(known, ", ")),
		})
	}
	return instances, list
}

// numbers computes those of an instance that is right by itself.
func (s *System) numbers(instance Instance, base *System, edges map[string]*edge) ([]Number, error) {
	value, err := s.packages.TemplateWithNumbers(instance.Kind)
	if err != nil {
		return nil, libraryError(err)
	}
	t := newTemplate(instance.Kind, s.packages, value, s.input(instance, base, edges))
	checks, err := t.checks()
	if err != nil {
		return nil, libraryError(err)
	}
	if list := s.diagnostics(checks, instance); list.HasErrors() {
		return nil, list
	}
	numbers, err := t.numbers()
	if err != nil {
		return nil, libraryError(err)
	}
	return numbers, nil
}

// numbers returns what a template computes about an instance, if anything: each
// item is a #Number of the templates.
func (t template) numbers() ([]Number, error) {
	numbers := []Number{}
	v, ok := t.optional("numbers")
	if !ok {
		return numbers, nil
	}
	items, err := t.list("numbers", v, t.packages.Number)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		var n Number
		if err := json.Unmarshal(manifest.AppendJSON(nil, item, ""), &n); err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}
