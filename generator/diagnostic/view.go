package diagnostic

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Format is a way to print a List.
type Format string

// The formats.
const (
	// Text is for people: a line each, with hints and notes below it.
	Text Format = "text"
	// JSON is an object with an array called diagnostics.
	JSON Format = "json"
	// SARIF is the static analysis results format, version 2.1.0.
	SARIF Format = "sarif"
	// JUnit is the XML that CI servers read as test results.
	JUnit Format = "junit"
	// GitHub is the workflow commands that become annotations.
	GitHub Format = "github"
)

// Formats returns all formats, the default first.
func Formats() []Format { return []Format{Text, JSON, SARIF, JUnit, GitHub} }

// ParseFormat returns the format called name. The error for any other name
// says which format is meant, or which ones there are.
func ParseFormat(name string) (Format, error) {
	if slices.Contains(Formats(), Format(name)) {
		return Format(name), nil
	}
	names := make([]string, 0, len(Formats()))
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	if near := Nearest(name, names); near != "" {
		return "", fmt.Errorf("unknown format %q: did you mean %q?", name, near)
	}
	return "", fmt.Errorf("unknown format %q: the formats are %s", name, strings.Join(names, ", "))
}

// Options are what the views may use beside the diagnostics themselves. The
// zero value is good for every format.
type Options struct {
	// Terminal makes Text show the source line and point into it.
	Terminal bool
	// Color makes Text use ANSI colours.
	Color bool
	// Source returns the bytes of a file that a Position names, if it can.
	// Without it, source lines are not shown, and formats that count columns
	// in characters are given bytes.
	Source func(file string) ([]byte, bool)
	// Explain returns the long explanation of a code, if there is one.
	Explain func(code string) (string, bool)
	// Version is that of patternctl.
	Version string
}

// Write prints list to w, sorted and without duplicates. Each format is valid
// for an empty list too: Text and GitHub then print nothing.
func Write(w io.Writer, format Format, list List, opts Options) error {
	list = list.Sorted()
	var view func(List, Options) ([]byte, error)
	switch format {
	case Text:
		view = viewText
	case JSON:
		view = viewJSON
	case SARIF:
		view = viewSARIF
	case JUnit:
		view = viewJUnit
	case GitHub:
		view = viewGitHub
	default:
		_, err := ParseFormat(string(format))
		return err
	}
	out, err := view(list, opts)
	if err != nil || len(out) == 0 {
		return err
	}
	_, err = w.Write(out)
	return err
}

// printable escapes what would break a line or command a terminal: control
// and formatting characters, and bytes that are not UTF-8.
func printable(s string) string {
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strconv.IsGraphic(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}
