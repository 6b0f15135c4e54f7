// Package diagnostic is what patternctl has to say about a user's input: one
// type, structured to the end, and its views as text, JSON, SARIF, JUnit and
// GitHub annotations.
package diagnostic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Severity says whether a diagnostic stops the run.
type Severity int

const (
	// Error stops the run: nothing is written.
	Error Severity = iota
	// Warning does not stop the run, unless the user asked for strictness.
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// A Position is a place in a user's file. Line and Column count from 1, the
// column in bytes. The zero Position means that there is no place to point at.
type Position struct {
	// File is the name as the user gave it, or "-" for standard input.
	File         string
	Line, Column int
}

// String writes file:line:column, and less where less is known.
func (p Position) String() string {
	switch {
	case p.Line > 0 && p.Column > 0:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	case p.Line > 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return p.File
	}
}

// Compare orders positions by file, line and column.
func (p Position) Compare(q Position) int {
	return cmp.Or(
		cmp.Compare(p.File, q.File),
		cmp.Compare(p.Line, q.Line),
		cmp.Compare(p.Column, q.Column),
	)
}

// A Note is a second place that explains the first, such as the other half of
// a conflict.
type Note struct {
	Position Position
	Message  string
}

// A Diagnostic is one problem at one place.
type Diagnostic struct {
	// Code is stable and documented: `patternctl explain CODE`.
	Code     string
	Severity Severity
	Position Position
	// Path is the place in the spec, such as "sharded.cache.shards", with
	// "environments.<env>." in front where the environment is the cause.
	Path string
	// Message is lower case, without a full stop, and without Path.
	Message string
	// Hint says what to do, if something helpful can be said.
	Hint  string
	Notes []Note
}

// Error is the diagnostic's first line, as the text view prints it. It is one
// line whatever the fields hold: what cannot be printed is escaped.
func (d Diagnostic) Error() string { return d.headline(Options{}) }

// Compare orders diagnostics by position, errors before warnings at the same
// place. It returns 0 for two that tell of the same problem.
func (d Diagnostic) Compare(other Diagnostic) int {
	return cmp.Or(
		d.Position.Compare(other.Position),
		cmp.Compare(d.Severity, other.Severity),
		cmp.Compare(d.Path, other.Path),
		cmp.Compare(d.Code, other.Code),
		cmp.Compare(d.Message, other.Message),
	)
}

// A List is every problem that was found. It is an error, so that functions
// which find several problems can return them all.
type List []Diagnostic

// Error joins the first lines of all diagnostics.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// HasErrors reports whether l holds more than warnings.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sorted returns the diagnostics in order, without duplicates.
func (l List) Sorted() List {
	out := slices.SortedStableFunc(slices.Values(l), Diagnostic.Compare)
	return slices.CompactFunc(out, func(a, b Diagnostic) bool { return a.Compare(b) == 0 })
}
