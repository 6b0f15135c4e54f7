package behaviour

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// page is the documentation's page about what is proven; between its marks is the table of the last recorded run.
const (
	page  = repository + "/docs/proven.md"
	begin = "<!-- results -->\n"
	end   = "<!-- end of results -->\n"
)

// results are what the scenarios of this run have shown.
var results resultTable

type resultTable struct {
	mu      sync.Mutex
	version string
	rows    []resultRow
}

// resultRow says that a pattern was seen to do something, and what was seen exactly.
type resultRow struct{ pattern, behaviour, seen string }

// prove runs a scenario that shows a behaviour of a pattern, in a namespace of its own. It returns what was seen.
func prove(t *testing.T, pattern, behaviour string, show func(s *scenario.Scenario, namespace string) string) {
	t.Helper()
	if kubernetes.App == "" {
		t.Skip("set APP_IMAGE to the name under which your cluster can pull an image of test/cluster/app")
	}
	s := scenario.New(t, kubernetes)
	namespace := strings.ToLower(t.Name())
	s.Namespace(namespace)
	seen := show(s, namespace)
	t.Log(seen)
	results.mu.Lock()
	defer results.mu.Unlock()
	results.rows = append(results.rows, resultRow{pattern, behaviour, seen})
}

// document compares the behaviours that a whole run has shown with the documentation's, or writes them there if RECORD is set.
func (r *resultTable) document() error {
	if flag.Lookup("test.run").Value.String() != "" || r.version == "" {
		return nil // not a whole run, or on a cluster where some is skipped
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no marks for the table", page)
	}
	slices.SortFunc(r.rows, func(a, b resultRow) int {
		return strings.Compare(a.pattern+a.behaviour, b.pattern+b.behaviour)
	})
	if os.Getenv("RECORD") != "" {
		return os.WriteFile(page, []byte(before+begin+r.table()+end+after), 0o644)
	}
	if documented := behaviours(table); !slices.Equal(documented, behaviours(r.table())) {
		return fmt.Errorf("docs/proven.md has other behaviours than were shown; RECORD=1 make e2e writes\n%s", r.table())
	}
	return nil
}

func (r *resultTable) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "On Kubernetes %s with two nodes:\n\n| pattern | behaviour | seen |\n| --- | --- | --- |\n", r.version)
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.pattern, row.behaviour, row.seen)
	}
	return b.String()
}

// behaviours are the first two columns of a table.
func behaviours(table string) []string {
	var rows []string
	for line := range strings.Lines(table) {
		if columns := strings.Split(line, " | "); len(columns) == 3 {
			rows = append(rows, columns[0]+columns[1])
		}
	}
	return rows
}
