package generator

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cuelang.org/go/cue"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// kindName is what a value of a kind is, in a user's words.
func kindName(kind cue.Kind) string {
	switch kind {
	case cue.IntKind:
		return "a whole number"
	case cue.StructKind:
		return "a struct"
	case cue.ListKind:
		return "a list"
	case cue.StringKind:
		return "a string"
	case cue.BoolKind:
		return "true or false"
	}
	return "a " + kind.String()
}

var outOfBound = regexp.MustCompile(`^invalid value (.*) \(out of bound ([<>]=?|!=)(.*)\)$`)

// bound puts CUE's message about a bound into words.
func bound(text string) string {
	m := outOfBound.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	words := map[string]string{">=": "is less than", ">": "is not more than", "<=": "is more than", "<": "is not less than", "!=": "must not be"}
	return m[1] + " " + words[m[2]] + " " + m[3]
}

// show writes a value as the user would.
func show(v cue.Value) string {
	text := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	if r := []rune(text); len(r) > 60 {
		text = string(r[:59]) + "…"
	}
	return text
}

// didYouMean is the hint to write the one of names that is near to word, if any is.
func didYouMean(word string, names []string) string {
	if near := diagnostic.Nearest(word, names); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	return ""
}

func quote(s string) string { return strconv.Quote(s) }

func list(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, ", ")
}

// lowerFirst makes a sentence a hint.
func lowerFirst(sentence string) string {
	if r, size := utf8.DecodeRuneInString(sentence); size > 0 && !allUpper(sentence) {
		return string(unicode.ToLower(r)) + sentence[size:]
	}
	return sentence
}

// allUpper reports whether text begins with an abbreviation.
func allUpper(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	return len(word) > 1 && strings.ToUpper(word) == word
}
