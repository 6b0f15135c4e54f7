package manifest

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppendJSON(t *testing.T) {
	tree := Map{
		{"b", []any{json.Number("1"), json.Number("1.0e5"), true, false, nil}},
		{"a", Map{{"<&>", "\u2028\x7f\x1b\"\\\t\r\n\xff"}}},
		{"none", []any{Map{}, []any{}, Map(nil), []any(nil)}},
	}
	tests := map[string]string{
		"": `{"b":[1,1.0e5,true,false,null],"a":{"<&>":"\u2028\u007f\u001b\"\\\t\r\n` + "\ufffd" + `"},"none":[{},[],{},[]]}`,
		" ": `{
 "b": [
  1,
  1.0e5,
  true,
  false,
  null
 ],
 "a": {
  "<&>": "\u2028\u007f\u001b\"\\\t\r\n` + "\ufffd" + `"
 },
 "none": [
  {},
  [],
  {},
  []
 ]
}`,
	}
	for indent, want := range tests {
		if diff := cmp.Diff("x"+want, string(AppendJSON([]byte("x"), tree, indent))); diff != "" {
			t.Errorf("indent %q (-want +got):\n%s", indent, diff)
		}
	}
}

// checkJSON fails unless tree is what encoding/json reads from data, and
// reads back from its own JSON.
func checkJSON(t *testing.T, data []byte, tree any) {
	t.Helper()
	if finite(tree) {
		var want any
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, unordered(t, tree)) {
			t.Fatalf("encoding/json reads %v, not %s", want, AppendJSON(nil, tree, ""))
		}
	}
	for _, indent := range []string{"", jsonIndent} {
		written := AppendJSON(nil, tree, indent)
		again, err := ParseJSON(written)
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		if !reflect.DeepEqual(tree, again) {
			t.Fatalf("%s\nreads back as %s", written, AppendJSON(nil, again, ""))
		}
	}
}

func TestWriteJSON(t *testing.T) {
	want, err := os.ReadFile("testdata/cache.json")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := WriteJSON(&got, cacheObjects(t)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	got.Reset()
	if err := WriteJSON(&got, nil); err != nil {
		t.Fatal(err)
	}
	empty := "{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"List\",\n    \"items\": []\n}\n"
	if diff := cmp.Diff(empty, got.String()); diff != "" {
		t.Errorf("no objects (-want +got):\n%s", diff)
	}
}
