package generator

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// A System is one environment of a spec: validated, with every default filled
// in and every reference followed.
type System struct {
	// Environment is the environment's name; the base is "".
	Environment string
	// Name and Namespace are those of the spec.
	Name, Namespace string
	// Settings are the top-level fields that are not patterns.
	Settings manifest.Map
	// Instances are the pattern instances, by kind and name.
	Instances []Instance

	spec     *Spec
	outline  *outline
	packages *catalogue.Packages
	// warnings are about the spec, whatever is made of it.
	warnings diagnostic.List
}

// An Instance is one use of a pattern.
type Instance struct {
	// Kind and Name are its place in the spec.
	Kind, Name string
	// Fields are what the user wrote, the defaults of what the user left out,
	// and the outputs.
	Fields manifest.Map
}

// Path is the instance's place in the spec, such as "sharded.cache".
func (i Instance) Path() string { return joinPath([]string{i.Kind, i.Name}) }

// Instance returns the instance of a kind and name.
func (s *System) Instance(kind, name string) (Instance, bool) {
	i, ok := slices.BinarySearchFunc(s.Instances, Instance{Kind: kind, Name: name}, compareInstances)
	if !ok {
		return Instance{}, false
	}
	return s.Instances[i], true
}

func compareInstances(a, b Instance) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

// Minor is the oldest Kubernetes minor version to run on: 34 for "1.34".
func (s *System) Minor() int {
	_, minor, _ := strings.Cut(manifest.String(s.Settings, "cluster", "version"), ".")
	n, _ := strconv.Atoi(minor)
	return n
}

// Domain is the DNS domain of the cluster.
func (s *System) Domain() string { return manifest.String(s.Settings, "cluster", "domain") }

// Evaluate makes and validates the system of an environment; the base is "".
// Its error is a diagnostic.List.
func (s *Spec) Evaluate(environment string) (*System, error) {
	return s.evaluateWith(catalogue.NewPackages(s.options.Library), environment)
}

func (s *Spec) evaluateWith(packages *catalogue.Packages, environment string) (*System, error) {
	return bounded(s, func() (*System, error) { return s.evaluate(packages, environment) })
}

func (s *Spec) evaluate(packages *catalogue.Packages, environment string) (*System, error) {
	if environment != "" && !slices.Contains(s.environments, environment) {
		return nil, s.unknownEnvironment(environment)
	}
	files, list := s.trees()
	if len(list) > 0 {
		return nil, list
	}
	edition := edit(files, environment)
	outline := newOutline(edition)
	definition, err := packages.Definition()
	if err != nil {
		return nil, libraryError(err)
	}
	shape, err := packages.System()
	if err != nil {
		return nil, libraryError(err)
	}
	warnings := s.textualReferences(edition, shape, outline)
	d := newDiagnosis(s, shape, edition, outline)
	user, ok := s.build(packages, d)
	if !ok {
		return nil, d.list.Sorted()
	}
	d.lateEnvironments(user)
	unified := user.Unify(definition)
	d.user, d.unified = user, unified
	d.circles()
	if err := unified.Validate(cue.Concrete(true), cue.Final()); err != nil || len(d.list) > 0 {
		return nil, append(d.explain(err), warnings...).Sorted()
	}
	system := &System{Environment: environment, spec: s, outline: outline, packages: packages, warnings: warnings}
	if err := system.read(unified, s.options.Library.Kinds()); err != nil {
		return nil, err
	}
	if list := system.uniqueNames(); len(list) > 0 {
		return nil, list
	}
	if len(system.Instances) == 0 {
		system.warnings = append(system.warnings, system.withoutPatterns())
	}
	return system, nil
}

func (s *Spec) unknownEnvironment(name string) diagnostic.List {
	hint := "the spec has no environments"
	if len(s.environments) > 0 {
		hint = "environments: " + strings.Join(s.environments, ", ")
	}
	return diagnostic.List{{
		Code:    "PC1102",
		Message: "there is no environment " + quote(name),
		Hint:    cmp.Or(didYouMean(name, s.environments), hint),
	}}
}

// build makes one value of the spec's files, without the catalogue. Where they
// refer to what nobody declares, that is explained, and they are built again
// with stand-ins, so that the rest can be explained too. It reports whether
// there is a value.
func (s *Spec) build(packages *catalogue.Packages, d *diagnosis) (cue.Value, bool) {
	imports := newImporter(s.sources, packages)
	for _, file := range d.files {
		imports.check(file)
	}
	for {
		instance := packages.NewInstance("", imports.load)
		for _, file := range d.files {
			if err := instance.AddSyntax(file); err != nil {
				instance.ReportError(err)
			}
		}
		user := packages.Context.BuildInstance(instance)
		err := instance.Err
		if err == nil && instance.Incomplete {
			err = instance.ResolutionErr
		}
		if len(imports.problems) > 0 {
			break
		}
		if err == nil {
			return user, true
		}
		undeclared := d.uncompiled(err)
		if len(undeclared) == 0 {
			break
		}
		standIn(d.files, undeclared)
	}
	d.list = append(d.list, imports.problems...)
	return cue.Value{}, false
}

// standIn declares names in every file, each as something that nothing is known
// of.
func standIn(files []*ast.File, names []string) {
	slices.Sort(names)
	for _, file := range files {
		for _, name := range slices.Compact(slices.Clone(names)) {
			file.Decls = append(file.Decls, &ast.LetClause{Ident: ast.NewIdent(name), Expr: ast.NewIdent("_")})
		}
		resolveAgain(file)
	}
}

// read takes the settings and instances out of a validated value.
func (s *System) read(unified cue.Value, kinds []string) error {
	it, err := unified.Fields()
	if err != nil {
		return err
	}
	var values []cue.Value
	for it.Next() {
		name := it.Selector().Unquoted()
		if !slices.Contains(kinds, name) {
			tree, err := export(it.Value())
			if err != nil {
				return err
			}
			s.Settings = append(s.Settings, manifest.Field{Key: name, Value: tree})
			continue
		}
		instances, err := it.Value().Fields()
		if err != nil {
			return err
		}
		for instances.Next() {
			s.Instances = append(s.Instances, Instance{Kind: name, Name: instances.Selector().Unquoted()})
			values = append(values, instances.Value())
		}
	}
	errs := make([]error, len(values))
	spread(len(values), s.spec.options.Workers, func() func(int) {
		return func(i int) {
			tree, err := export(values[i])
			s.Instances[i].Fields, _ = tree.(manifest.Map)
			errs[i] = s.unreadable(s.Instances[i], err)
		}
	})
	slices.SortFunc(s.Instances, compareInstances)
	s.Name = manifest.String(s.Settings, "name")
	s.Namespace = manifest.String(s.Settings, "namespace")
	return errors.Join(errs...)
}

// unreadable explains why an instance, though it is valid, is no tree: a free
// part of it, such as a patch, nests too deeply.
func (s *System) unreadable(i Instance, err error) error {
	if err == nil {
		return nil
	}
	pos, path := s.locate(i.Kind, i.Name)
	return diagnostic.List{{Code: "PC1203", Position: pos, Path: path, Message: "is " + err.Error()}}
}

// withoutPatterns warns of a system that no objects are made of.
func (s *System) withoutPatterns() diagnostic.Diagnostic {
	pos, _ := s.locate("name")
	return diagnostic.Diagnostic{
		Code:     "PC1211",
		Severity: diagnostic.Warning,
		Position: pos,
		Message:  "there are no patterns, so nothing is generated",
		Hint:     "`patternctl patterns` lists what there is to write",
	}
}

// uniqueNames reports instances of different kinds with the same name: their
// objects would be named alike.
func (s *System) uniqueNames() diagnostic.List {
	var list diagnostic.List
	first := map[string]Instance{}
	for _, instance := range s.Instances {
		other, taken := first[instance.Name]
		if !taken {
			first[instance.Name] = instance
			continue
		}
		pos, path := s.locate(instance.Kind, instance.Name)
		notePos, _ := s.locate(other.Kind, other.Name)
		list = append(list, diagnostic.Diagnostic{
			Code:     "PC1205",
			Position: pos,
			Path:     path,
			Message:  "the name is taken by " + other.Path(),
			Hint:     "names are unique over the whole spec, because objects are named after them",
			Notes:    []diagnostic.Note{{Position: notePos, Message: other.Path() + " is here"}},
		})
	}
	return list
}

// locate returns the place of a field in the user's files, or of the nearest
// enclosing field that is written, and the field's path as diagnostics show it.
func (s *System) locate(path ...string) (diagnostic.Position, string) {
	return s.outline.place(s.outline.locate(path), path)
}
