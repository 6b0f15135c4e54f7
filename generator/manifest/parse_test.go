package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseJSON(t *testing.T) {
	tests := []struct {
		data string
		want any
	}{
		{` {"b" : 1 , "a":{ },"c":[ ] , "d":[1,[2],{"e":3}]} `, Map{
			{"b", json.Number("1")}, {"a", Map{}}, {"c", []any{}},
			{"d", []any{json.Number("1"), []any{json.Number("2")}, Map{{"e", json.Number("3")}}}},
		}},
		{`[-1.50E+3,0,true,false,null,"x"]`, []any{json.Number("-1.50E+3"), json.Number("0"), true, false, nil, "x"}},
		{"\t\"a\"\n", "a"},
		{`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, "\"\\/\b\f\n\r\té😀"},
		{`["\ud83d","\ude00x","\ud83d\u0041"]`, []any{"\ufffd", "\ufffdx", "\ufffdA"}},
		{"\"a\xffb\"", "a\ufffdb"},
		{`{"a":{"a":1},"b":{"a":2}}`, Map{{"a", Map{{"a", json.Number("1")}}}, {"b", Map{{"a", json.Number("2")}}}}},
	}
	for _, test := range tests {
		got, err := ParseJSON([]byte(test.data))
		if err != nil {
			t.Errorf("%s: %v", test.data, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.data, diff)
		}
		checkJSON(t, []byte(test.data), got)
	}
}

func TestParseJSONErrors(t *testing.T) {
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprintf(`"k%d":%d`, i, i)
	}
	tests := []struct{ name, data, want string }{
		{"nothing", "", "invalid JSON at byte 0: unexpected end of JSON input"},
		{"cut off", `{"a":`, "invalid JSON at byte 5: unexpected end of JSON input"},
		{"wrong character", `{"a":x}`, "invalid JSON at byte 6: invalid character 'x' looking for beginning of value"},
		{"more after it", `{} {}`, "invalid JSON at byte 4: invalid character '{' after top-level value"},
		{"same key", `{"a":1,"b":{"c":1,"c":2}}`, `key "c" occurs twice`},
		{"same key with escapes", `{"a":1,"\u0061":2}`, `key "a" occurs twice`},
		{"same key far apart", "{" + strings.Join(append(many, `"k7":0`), ",") + "}", `key "k7" occurs twice`},
		{"deep list", strings.Repeat("[", 1001) + strings.Repeat("]", 1001), "nested deeper than 1000 levels"},
		{"deep map", strings.Repeat(`{"a":`, 1001) + "1" + strings.Repeat("}", 1001), "nested deeper than 1000 levels"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tree, err := ParseJSON([]byte(test.data))
			if err == nil {
				t.Fatalf("read as %v", tree)
			}
			if err.Error() != test.want {
				t.Errorf("got %q, want %q", err, test.want)
			}
		})
	}
}

func TestParseJSONLimits(t *testing.T) {
	deep := strings.Repeat("[", 1000) + "1" + strings.Repeat("]", 1000)
	if _, err := ParseJSON([]byte(deep)); err != nil {
		t.Errorf("1,000 levels: %v", err)
	}

	const n = 200_000
	wide := []byte{'{'}
	for i := range n {
		wide = fmt.Appendf(wide, `"k%d":0,`, i)
	}
	wide[len(wide)-1] = '}'
	start := time.Now()
	tree, err := ParseJSON(wide)
	if err != nil || len(tree.(Map)) != n {
		t.Errorf("%d fields: %v", n, err)
	}
	// Comparing each key with each takes minutes.
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%d fields took %v", n, took)
	}
}

func BenchmarkParseJSON(b *testing.B) {
	var list []any
	for _, object := range slices.Repeat(cacheObjects(b), 10) {
		list = append(list, object)
	}
	data := AppendJSON(nil, list, "")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseJSON(data); err != nil {
			b.Fatal(err)
		}
	}
}
