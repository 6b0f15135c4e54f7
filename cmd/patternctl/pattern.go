package main

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	cueerrors "cuelang.org/go/cue/errors"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/check"
)

// A pattern is what the catalogue says about one of its patterns.
type pattern struct {
	// Name is the kind, or the path of a field that is a pattern inside others.
	Name string `json:"name"`
	// In are the kinds whose instances have the field.
	In      []string `json:"in,omitempty"`
	Summary string   `json:"summary"`
	// Chapter is that of "Designing Distributed Systems", as the schema's
	// comment names it: "6", or "11 and 12". A pattern of the user's own may have
	// none.
	Chapter string `json:"chapter,omitempty"`

	field catalogue.Field
	// file is the schema that defines it.
	file string
}

// allPatterns returns the catalogue: kinds, and then what is inside others. What
// names no chapter is in that of the pattern around it.
func allPatterns(library *catalogue.Library) ([]pattern, error) {
	found, err := catalogue.NewPackages(library).Patterns()
	if err != nil {
		return nil, brokenLibrary(err)
	}
	var patterns []pattern
	chapters := map[string]string{}
	for _, p := range found {
		doc := p.Field.Shape.Inner().Doc
		own := cmp.Or(chapter(doc), chapter(p.Field.Doc))
		for around := p.Name; own == "" && around != ""; {
			around = around[:max(0, strings.LastIndex(around, "."))]
			own = chapters[around]
		}
		chapters[p.Name] = own
		patterns = append(patterns, pattern{
			Name:    p.Name,
			In:      p.In,
			Summary: catalogue.FirstSentence(cmp.Or(p.Field.Doc, doc)),
			Chapter: own,
			field:   p.Field,
			file:    p.File,
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
