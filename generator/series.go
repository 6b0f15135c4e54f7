package generator

import (
	"slices"
	"strings"
	"sync"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// A series renders the base and environments of a spec, one after the other.
// What they share is made once, when it is first needed.
type series struct {
	spec     *Spec
	packages *catalogue.Packages
	rendered *memory
	// system is the base, and base what it is rendered to.
	system func() (*System, error)
	base   func() ([]manifest.Group, diagnostic.List)
}

func (s *Spec) series() *series {
	r := &series{spec: s, packages: catalogue.NewPackages(s.options.Library), rendered: &memory{}}
	r.system = sync.OnceValues(func() (*System, error) { return s.evaluateWith(r.packages, "") })
	r.base = sync.OnceValues(func() ([]manifest.Group, diagnostic.List) {
		system, err := r.system()
		if err != nil {
			return nil, asList(err).Sorted()
		}
		return system.render(nil, r.rendered)
	})
	return r
}

// environment renders one of the spec's environments.
func (r *series) environment(name string) ([]manifest.Group, diagnostic.List) {
	system, err := r.spec.evaluateWith(r.packages, name)
	if err != nil {
		return nil, r.attribute(asList(err), name)
	}
	// A base that is wrong by itself is no reason to refuse an environment that
	// mends it; only there is nothing to compare with then.
	base, _ := r.system()
	groups, list := system.render(base, r.rendered)
	return groups, r.attribute(list, name)
}

// attribute names the environment in the diagnostics that it is the cause of,
// wherever they are: those that the base by itself doesn't have.
func (r *series) attribute(list diagnostic.List, environment string) diagnostic.List {
	prefix := joinPath([]string{environmentsField, environment})
	for i, d := range list {
		named := d.Path == prefix || strings.HasPrefix(d.Path, prefix+".")
		if !named && (exploded(list) || !r.inBase(d)) {
			list[i].Path = strings.TrimSuffix(prefix+"."+d.Path, ".")
		}
	}
	return list.Sorted()
}

// inBase reports whether the base has the same mistake.
func (r *series) inBase(d diagnostic.Diagnostic) bool {
	_, list := r.base()
	_, found := slices.BinarySearchFunc(list, d, diagnostic.Diagnostic.Compare)
	return found
}
