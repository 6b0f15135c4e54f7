package manifest

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMapEdits(t *testing.T) {
	m := append(make(Map, 0, 8), Field{"a", "1"}, Field{"b", "2"}, Field{"c", "3"})
	before := append(Map{}, m...)
	tests := []struct {
		name      string
		got, want Map
	}{
		{"set in place", m.With("b", "x"), Map{{"a", "1"}, {"b", "x"}, {"c", "3"}}},
		{"set at the end", m.With("d", "x"), Map{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "x"}}},
		{"set another at the end", m.With("e", "y"), Map{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"e", "y"}}},
		{"set in nothing", Map(nil).With("a", nil), Map{{"a", nil}}},
		{"remove", m.Without("b"), Map{{"a", "1"}, {"c", "3"}}},
		{"remove what isn't there", m.Without("x"), before},
	}
	// All edits were made before any is looked at: none may see another.
	for _, test := range tests {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if diff := cmp.Diff(before, m[:len(before)]); diff != "" {
		t.Errorf("the map changed (-before +after):\n%s", diff)
	}
}

func TestLookup(t *testing.T) {
	tree := Map{
		{"metadata", Map{{"name", "web"}, {"labels", Map{}}, {"none", nil}}},
		{"ports", []any{Map{{"port", json.Number("80")}}, "x", Map{}}},
	}
	tests := []struct {
		keys []string
		want any
	}{
		{nil, tree},
		{[]string{"metadata", "name"}, "web"},
		{[]string{"metadata", "labels"}, Map{}},
		{[]string{"metadata", "none"}, nil},
		{[]string{"metadata", "name", "x"}, nil},
		{[]string{"spec", "x"}, nil},
		{[]string{"ports", "port"}, nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Lookup(tree, test.keys...)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.keys, diff)
		}
	}
	if got := String(tree, "metadata", "labels"); got != "" {
		t.Errorf("a map as a string: %q", got)
	}
	if diff := cmp.Diff([]Map{{{"port", json.Number("80")}}, {}}, Maps(tree, "ports")); diff != "" {
		t.Errorf("maps of ports (-want +got):\n%s", diff)
	}
	if got := Maps(tree, "metadata"); len(got) > 0 {
		t.Errorf("maps of a map: %v", got)
	}
}

func TestIDOf(t *testing.T) {
	tests := []struct {
		object      Map
		want        ID
		group, text string
	}{
		{
			Map{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", Map{{"name", "web"}, {"namespace", "shop"}}}},
			ID{"apps/v1", "Deployment", "shop", "web"}, "apps", "Deployment/web",
		},
		{
			Map{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Map{{"name", "shop"}}}},
			ID{"v1", "Namespace", "", "shop"}, "", "Namespace/shop",
		},
		{Map{}, ID{}, "", "/"},
	}
	for _, test := range tests {
		got := IDOf(test.object)
		if got != test.want || got.Group() != test.group || got.String() != test.text {
			t.Errorf("got %#v, group %q, %q", got, got.Group(), got)
		}
	}
}

func TestGroupPath(t *testing.T) {
	if got := (Group{Kind: "sharded", Name: "cache"}).Path(); got != "sharded.cache" {
		t.Errorf("got %q", got)
	}
}

func TestEqual(t *testing.T) {
	// The trees of one row are equal, those of two rows are not.
	rows := [][]string{
		{`{"a":1,"b":{"c":[1,2],"d":null}}`, `{"b":{"d":null,"c":[1,2]},"a":1}`, `{"b":{"c":[1,2],"d":null},"a":1}`},
		{`{"a":1,"b":{"c":[2,1],"d":null}}`},
		{`{"a":1,"b":{"c":[1,2]}}`},
		{`{"a":1,"b":{"c":[1,2],"e":null}}`},
		{`{"a":1}`}, {`{"a":2}`}, {`{"a":"1"}`}, {`{"b":1}`},
		{`{}`, ` { } `}, {`[]`}, {`[null]`}, {`[[]]`}, {`[{}]`},
		{`null`}, {`true`}, {`false`}, {`0`}, {`"0"`}, {`""`},
	}
	parse := func(text string) any {
		tree, err := ParseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	for i, row := range rows {
		for j, other := range rows {
			for _, a := range row {
				for _, b := range other {
					if got := Equal(parse(a), parse(b)); got != (i == j) {
						t.Errorf("Equal(%s, %s) is %v", a, b, got)
					}
				}
			}
		}
	}
}
