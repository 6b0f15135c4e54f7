package check_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator/check"
)

// A mutation makes one small mistake in the shop.
type mutation struct {
	edits, want []string
}

// mutations reads testdata/mutations.txt: in each block the edits, then,
// indented, the findings. Lines that begin with "#" are headings.
func mutations(t *testing.T) []mutation {
	t.Helper()
	data, err := os.ReadFile("testdata/mutations.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []mutation
	for block := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n\n") {
		var m mutation
		for line := range strings.SplitSeq(block, "\n") {
			switch want, indented := strings.CutPrefix(line, "\t"); {
			case indented:
				m.want = append(m.want, want)
			case !strings.HasPrefix(line, "#"):
				m.edits = append(m.edits, line)
			}
		}
		all = append(all, m)
	}
	return all
}

// TestMutations makes every mistake that the checks know, each in a system
// that is otherwise right. A second run must say the same.
func TestMutations(t *testing.T) {
	groups := shop(t)
	for _, m := range mutations(t) {
		t.Run(strings.Join(m.edits, "; "), func(t *testing.T) {
			broken := edited(t, groups, m.edits...)
			first := check.Objects(broken, facts)
			if len(m.want) == 0 {
				t.Error("no finding is expected")
			}
			if diff := cmp.Diff(m.want, lines(first)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(first, check.Objects(broken, facts)); diff != "" {
				t.Errorf("a second run says otherwise:\n%s", diff)
			}
			for _, f := range first {
				if f.Hint == "" && !strings.Contains(f.Message, "is not a port number") {
					t.Errorf("%s has no hint", f.Message)
				}
			}
		})
	}
}

// TestEveryCodeIsDocumentedAndTriggered compares the codes in the source with
// those that Codes explains, and those with the ones that mutations trigger.
func TestEveryCodeIsDocumentedAndTriggered(t *testing.T) {
	var documented []string
	for _, c := range check.Codes() {
		documented = append(documented, c.Code)
		if c.Title == "" || c.Why == "" || c.Fix == "" || !strings.HasPrefix(c.Source, "https://kubernetes.io/docs/") {
			t.Errorf("%s is explained badly: %+v", c.Code, c)
		}
	}
	if !slices.IsSorted(documented) || len(slices.Compact(slices.Clone(documented))) != len(documented) {
		t.Errorf("codes are not in order, or not unique: %v", documented)
	}

	triggered := map[string]bool{}
	groups := append(shop(t), large("d", 1<<20))
	for _, m := range mutations(t) {
		for _, f := range check.Objects(edited(t, groups[:3], m.edits...), facts) {
			triggered[f.Code] = true
		}
	}
	for _, f := range check.Objects(groups, facts) {
		triggered[f.Code] = true
	}
	for _, code := range documented {
		if !triggered[code] {
			t.Errorf("no mutation triggers %s", code)
		}
	}

	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	literal := regexp.MustCompile(`"[A-Z]+-\d\d"`)
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range literal.FindAllString(string(source), -1) {
			if !slices.Contains(documented, strings.Trim(code, `"`)) {
				t.Errorf("%s: %s is not documented", path, code)
			}
		}
	}
}
