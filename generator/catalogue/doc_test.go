package catalogue_test

import (
	"testing"

	"github.com/patternctl/patternctl/generator/catalogue"
)

func TestFirstSentence(t *testing.T) {
	for doc, want := range map[string]string{
		"How many\ncopies run. Default: 2.": "How many copies run",
		"At least 1.31 is needed.":          "At least 1.31 is needed",
		"":                                  "",
	} {
		if got := catalogue.FirstSentence(doc); got != want {
			t.Errorf("FirstSentence(%q) = %q, want %q", doc, got, want)
		}
	}
}
