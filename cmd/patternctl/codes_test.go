package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator/catalogue"
)

// elsewhere has the codes that no golden case, session or mutation can trigger,
// and the tests that do.
var elsewhere = map[string]struct{ test, reason string }{
	"PC1301": {"generator TestBounded", "the limits are a minute and 2 GiB"},
	"PC1302": {"generator TestBounded", "only a mistake of patternctl's own gives it"},
	"GEN-27": {"generator/check TestSizes", "the objects that it is about are too large to write down"},
}

// TestEveryCodeIsTriggered holds that each code of the catalogue is that of a
// diagnostic in a golden case, in a session, or in the mutations of the checks.
func TestEveryCodeIsTriggered(t *testing.T) {
	library, err := catalogue.Open()
	if err != nil {
		t.Fatal(err)
	}
	codes, err := allCodes(catalogue.NewPackages(library))
	if err != nil {
		t.Fatal(err)
	}
	diagnostics := contents(t, "../../golden/*/diagnostics.txt") + contents(t, "../../testdata/script/*.txtar")
	mutations := contents(t, "../../generator/check/testdata/mutations.txt")
	for _, c := range codes {
		triggered := strings.Contains(diagnostics, " ["+c.Name+"]\n") || strings.Contains(mutations, "\n\t"+c.Name+" ")
		switch other, listed := elsewhere[c.Name]; {
		case !triggered && !listed:
			t.Errorf("nothing triggers %s (%s)", c.Name, c.Title)
		case triggered && listed:
			t.Errorf("%s is triggered, so it has no need of %s", c.Name, other.test)
		case listed:
			folder, name, _ := strings.Cut(other.test, " ")
			if !strings.Contains(contents(t, "../../"+folder+"/*_test.go"), "func "+name+"(") {
				t.Errorf("%s: there is no %s", c.Name, other.test)
			}
		}
	}
}

// contents returns the files that match a pattern, one after the other.
func contents(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	var b strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}
