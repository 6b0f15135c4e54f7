package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	cueerrors "cuelang.org/go/cue/errors"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/check"
)

// A pattern is what the catalogue says about one kind.
type pattern struct {
	Kind    string `json:"kind"`
	Summary string `json:"summary"`
	// Chapter is that of "Designing Distributed Systems", as the schema's
	// comment names it: "6", or "11 and 12". A kind of the user's own may have
	// none.
	Chapter string `json:"chapter,omitempty"`

	shape *catalogue.Shape
}

// allPatterns returns the catalogue, by kind.
func allPatterns(library *catalogue.Library) ([]pattern, error) {
	packages := catalogue.NewPackages(library)
	system, err := packages.System()
	if err != nil {
		return nil, brokenLibrary(err)
	}
	var patterns []pattern
	for _, kind := range library.Kinds() {
		field, _ := system.Field(kind)
		shape, _ := packages.Kind(kind)
		patterns = append(patterns, pattern{
			Kind:    kind,
			Summary: catalogue.FirstSentence(cmp.Or(field.Doc, shape.Doc)),
			Chapter: chapter(shape.Doc),
			shape:   shape,
		})
	}
	return patterns, nil
}

// brokenLibrary is the error for a library that can't be evaluated. Positions
// in it are relative to its folder.
func brokenLibrary(err error) error {
	message := err.Error()
	var positioned cueerrors.Error
	if errors.As(err, &positioned) && positioned.Position().IsValid() {
		message = strings.TrimPrefix(positioned.Position().String(), catalogue.Module+"/") + ": " + message
	}
	return failure{"the pattern library is broken: " + message, "see `patternctl explain PC1401`"}
}

func unknownKind(kind string, kinds []string) error {
	return failure{
		fmt.Sprintf("there is no pattern %q", kind),
		didYouMean(kind, kinds, "the patterns are "+strings.Join(kinds, ", ")),
	}
}

// chapter finds the book's chapter in a comment: "(chapter 6)".
func chapter(doc string) string {
	match := regexp.MustCompile(`\bchapters?\s+(\d+(?:(?:,\s*|\s+and\s+)\d+)*)`).FindStringSubmatch(doc)
	if match == nil {
		return ""
	}
	return strings.Join(strings.Fields(match[1]), " ")
}

// A code is what there is to know about one kind of diagnostic.
type code struct {
	Name, Title, Why, Fix, Source string
}

// allCodes returns every code, by name: those of the library, and those of the
// checks on rendered objects.
func allCodes(packages *catalogue.Packages) ([]code, error) {
	library, err := packages.Codes()
	if err != nil {
		return nil, brokenLibrary(err)
	}
	var codes []code
	for name, c := range library {
		codes = append(codes, code{name, c.Title, c.Why, c.Fix, c.Source})
	}
	for _, c := range check.Codes() {
		codes = append(codes, code{c.Code, c.Title, c.Why, c.Fix, c.Source})
	}
	slices.SortFunc(codes, func(a, b code) int { return cmp.Compare(a.Name, b.Name) })
	return codes, nil
}
