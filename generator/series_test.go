package generator

import "github.com/patternctl/patternctl/generator/diagnostic"

// ExplainOneByOne is Explain for several environments, one after the other: what
// they share is made once.
func (s *Spec) ExplainOneByOne() func(environment string) ([]Explanation, diagnostic.List) {
	r := s.series()
	return func(environment string) ([]Explanation, diagnostic.List) { return r.explain(environment) }
}
