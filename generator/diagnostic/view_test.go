package diagnostic_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// sample has an error, a warning, and a problem without a place.
var sample = diagnostic.List{
	{
		Code: "PC1003", Path: "sharded.cache.shard", Message: "unknown field",
		Position: diagnostic.Position{File: "my shop.cue", Line: 14, Column: 3},
		Hint:     `did you mean "shards"?`,
	},
	{
		Code: "PC2103", Path: "environments.prod.sharded.cache.shards",
		Severity: diagnostic.Warning,
		Position: diagnostic.Position{File: "my shop.cue", Line: 21, Column: 2},
		Message:  "2 is fewer than the base's 4",
		Notes: []diagnostic.Note{
			{Position: diagnostic.Position{File: "my shop.cue", Line: 15, Column: 3}, Message: "the base says 4"},
			{Message: "data on shards 2 and 3 would be orphaned"},
		},
	},
	{Message: "no spec: <nothing> & nobody"},
}

func render(t testing.TB, f diagnostic.Format, list diagnostic.List, opts diagnostic.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := diagnostic.Write(&b, f, list, opts); err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	return b.String()
}

func TestViews(t *testing.T) {
	opts := diagnostic.Options{
		Version: "1.2.3",
		Explain: func(code string) (string, bool) { return "Fields are checked.", code == "PC1003" },
	}
	for _, test := range []struct {
		format        diagnostic.Format
		sample, empty string
	}{
		{diagnostic.Text, `no spec: <nothing> & nobody
my shop.cue:14:3: sharded.cache.shard: unknown field [PC1003]
  hint: did you mean "shards"?
my shop.cue:21:2: warning: environments.prod.sharded.cache.shards: 2 is fewer than the base's 4 [PC2103]
  note: my shop.cue:15:3: the base says 4
  note: data on shards 2 and 3 would be orphaned
`, ""},
		{diagnostic.JSON, `{
  "diagnostics": [
    {
      "severity": "error",
      "message": "no spec: <nothing> & nobody"
    },
    {
      "code": "PC1003",
      "severity": "error",
      "position": {
        "file": "my shop.cue",
        "line": 14,
        "column": 3
      },
      "path": "sharded.cache.shard",
      "message": "unknown field",
      "hint": "did you mean \"shards\"?"
    },
    {
      "code": "PC2103",
      "severity": "warning",
      "position": {
        "file": "my shop.cue",
        "line": 21,
        "column": 2
      },
      "path": "environments.prod.sharded.cache.shards",
      "message": "2 is fewer than the base's 4",
      "notes": [
        {
          "position": {
            "file": "my shop.cue",
            "line": 15,
            "column": 3
          },
          "message": "the base says 4"
        },
        {
          "message": "data on shards 2 and 3 would be orphaned"
        }
      ]
    }
  ]
}
`, `{
  "diagnostics": []
}
`},
		{diagnostic.SARIF, `{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "patternctl",
          "version": "1.2.3",
          "informationUri": "https://github.com/patternctl/patternctl",
          "rules": [
            {
              "id": "PC1003",
              "help": {
                "text": "Fields are checked."
              }
            },
            {
              "id": "PC2103"
            }
          ]
        }
      },
      "columnKind": "unicodeCodePoints",
      "results": [
        {
          "level": "error",
          "message": {
            "text": "no spec: <nothing> & nobody"
          }
        },
        {
          "ruleId": "PC1003",
          "level": "error",
          "message": {
            "text": "unknown field\nhint: did you mean \"shards\"?"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "my%20shop.cue"
                },
                "region": {
                  "startLine": 14,
                  "startColumn": 3
                }
              },
              "logicalLocations": [
                {
                  "fullyQualifiedName": "sharded.cache.shard"
                }
              ]
            }
          ]
        },
        {
          "ruleId": "PC2103",
          "level": "warning",
          "message": {
            "text": "2 is fewer than the base's 4"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "my%20shop.cue"
                },
                "region": {
                  "startLine": 21,
                  "startColumn": 2
                }
              },
              "logicalLocations": [
                {
                  "fullyQualifiedName": "environments.prod.sharded.cache.shards"
                }
              ]
            }
          ],
          "relatedLocations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "my%20shop.cue"
                },
                "region": {
                  "startLine": 15,
                  "startColumn": 3
                }
              },
              "message": {
                "text": "the base says 4"
              }
            },
            {
              "message": {
                "text": "data on shards 2 and 3 would be orphaned"
              }
            }
          ]
        }
      ]
    }
  ]
}
`, `{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "patternctl",
          "version": "1.2.3",
          "informationUri": "https://github.com/patternctl/patternctl",
          "rules": []
        }
      },
      "columnKind": "unicodeCodePoints",
      "results": []
    }
  ]
}
`},
		{diagnostic.JUnit, `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="2">
  <testsuite name="patternctl" tests="3" failures="2" errors="0" skipped="0">
    <testcase name="no spec: &lt;nothing&gt; &amp; nobody" classname="patternctl">
      <failure message="no spec: &lt;nothing&gt; &amp; nobody" type="">no spec: &lt;nothing&gt; &amp; nobody</failure>
    </testcase>
    <testcase name="my shop.cue:14:3: sharded.cache.shard: unknown field [PC1003]" classname="my shop.cue" file="my shop.cue">
      <failure message="unknown field" type="PC1003">my shop.cue:14:3: sharded.cache.shard: unknown field [PC1003]&#xA;hint: did you mean &#34;shards&#34;?</failure>
    </testcase>
    <testcase name="my shop.cue:21:2: warning: environments.prod.sharded.cache.shards: 2 is fewer than the base&#39;s 4 [PC2103]" classname="my shop.cue" file="my shop.cue">
      <system-out>my shop.cue:21:2: warning: environments.prod.sharded.cache.shards: 2 is fewer than the base&#39;s 4 [PC2103]&#xA;note: my shop.cue:15:3: the base says 4&#xA;note: data on shards 2 and 3 would be orphaned</system-out>
    </testcase>
  </testsuite>
</testsuites>
`, `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="1" failures="0">
  <testsuite name="patternctl" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="no problems" classname="patternctl"></testcase>
  </testsuite>
</testsuites>
`},
		{diagnostic.GitHub, `::error::no spec: <nothing> & nobody
::error file=my shop.cue,line=14,col=3,title=PC1003::sharded.cache.shard: unknown field%0Ahint: did you mean "shards"?
::warning file=my shop.cue,line=21,col=2,title=PC2103::environments.prod.sharded.cache.shards: 2 is fewer than the base's 4%0Anote: my shop.cue:15:3: the base says 4%0Anote: data on shards 2 and 3 would be orphaned
`, ""},
	} {
		t.Run(string(test.format), func(t *testing.T) {
			if d := cmp.Diff(test.sample, render(t, test.format, sample, opts)); d != "" {
				t.Errorf("sample (-want +got):\n%s", d)
			}
			if d := cmp.Diff(test.empty, render(t, test.format, nil, opts)); d != "" {
				t.Errorf("empty list (-want +got):\n%s", d)
			}
		})
	}
}

// Formats that count in characters must not be given bytes.
func TestColumnsInCharacters(t *testing.T) {
	list := diagnostic.List{{Message: "m", Position: diagnostic.Position{File: "s.cue", Line: 2, Column: 8}}}
	opts := diagnostic.Options{Source: func(string) ([]byte, bool) { return []byte("\na: \"é漢b\n"), true }}
	if got := render(t, diagnostic.SARIF, list, opts); !strings.Contains(got, `"startColumn": 6`) {
		t.Errorf("no column in characters:\n%s", got)
	}
	if got, want := render(t, diagnostic.GitHub, list, opts), "::error file=s.cue,line=2,col=6::m\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := render(t, diagnostic.JSON, list, opts); !strings.Contains(got, `"column": 8`) {
		t.Errorf("no column in bytes:\n%s", got)
	}
}

func TestSARIFLocations(t *testing.T) {
	for file, uri := range map[string]string{
		"a/b.cue":        "a/b.cue",
		"../b.cue":       "../b.cue",
		"a:b%.cue":       "./a:b%25.cue",
		"/home/ü/b#.cue": "file:///home/%C3%BC/b%23.cue",
		"-":              "-",
	} {
		list := diagnostic.List{{Message: "m", Position: diagnostic.Position{File: file}}}
		got := render(t, diagnostic.SARIF, list, diagnostic.Options{})
		if !strings.Contains(got, `"uri": "`+uri+`"`) {
			t.Errorf("%s: want uri %s, got:\n%s", file, uri, got)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range diagnostic.Formats() {
		if got, err := diagnostic.ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	for name, want := range map[string]string{
		"serif": `unknown format "serif": did you mean "sarif"?`,
		"JSON":  `unknown format "JSON": did you mean "json"?`,
		"":      `unknown format "": the formats are text, json, sarif, junit, github`,
		"html":  `unknown format "html": the formats are text, json, sarif, junit, github`,
	} {
		_, err := diagnostic.ParseFormat(name)
		if err == nil || err.Error() != want {
			t.Errorf("ParseFormat(%q): %v, want %s", name, err, want)
		}
	}
	if err := diagnostic.Write(io.Discard, "jsonn", nil, diagnostic.Options{}); err == nil {
		t.Error("Write accepts a format that does not exist")
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriteReportsWriteErrors(t *testing.T) {
	for _, f := range diagnostic.Formats() {
		if err := diagnostic.Write(brokenPipe{}, f, sample, diagnostic.Options{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: got %v", f, err)
		}
	}
}

// Whatever a diagnostic holds, every format stays what its reader expects.
func FuzzViews(f *testing.F) {
	for _, s := range []string{
		"plain", "two\nlines", "\r\n::error::injected", "\x1b[31mred\x1b[0m", "bell\a nul\x00",
		"]]> <a b='\"&", "\xff\xfe invalid", "\u202etxt.exe\u2028", "100% a:b,c=d", "é漢👍🏽", "\ufffe\U0010ffff", strings.Repeat("x", 5000),
	} {
		f.Add(s, 1, 1)
		f.Add(s, 2, 3)
		f.Add(s, -1, 1<<40)
	}
	workflowCommand := regexp.MustCompile(`^::(error|warning)( [a-z]+=[^:,\n]*(,[a-z]+=[^:,\n]*)*)?::`)
	f.Fuzz(func(t *testing.T, s string, line, column int) {
		at := diagnostic.Position{File: s, Line: line, Column: column}
		list := diagnostic.List{
			{Code: s, Position: at, Path: s, Message: s, Hint: s, Notes: []diagnostic.Note{{Position: at, Message: s}}},
			{Severity: diagnostic.Warning, Position: at, Message: "again: " + s},
		}
		opts := diagnostic.Options{
			Terminal: true,
			Source:   func(string) ([]byte, bool) { return []byte("first\n" + s), true },
			Explain:  func(string) (string, bool) { return s, true },
		}
		text := render(t, diagnostic.Text, list, opts)
		for _, r := range text {
			if r != '\n' && !unicode.IsGraphic(r) {
				t.Errorf("text holds %q:\n%q", r, text)
			}
		}
		for l := range strings.Lines(render(t, diagnostic.Text, list, diagnostic.Options{})) {
			if strings.HasPrefix(l, "  hint: ") || strings.HasPrefix(l, "  note: ") {
				continue
			}
			if d := list[0].Error() + "\n"; l != d && l != list[1].Error()+"\n" {
				t.Errorf("a line of its own: %q", l)
			}
		}
		for _, f := range []diagnostic.Format{diagnostic.JSON, diagnostic.SARIF} {
			if out := render(t, f, list, opts); !json.Valid([]byte(out)) {
				t.Errorf("%s is not JSON:\n%s", f, out)
			}
		}
		var suites struct {
			Cases []struct{} `xml:"testsuite>testcase"`
		}
		if err := xml.Unmarshal([]byte(render(t, diagnostic.JUnit, list, opts)), &suites); err != nil || len(suites.Cases) != 2 {
			t.Errorf("junit: %d cases, %v", len(suites.Cases), err)
		}
		commands := render(t, diagnostic.GitHub, list, opts)
		if n := strings.Count(commands, "\n"); n != 2 || strings.Contains(commands, "\r") || !utf8.ValidString(commands) {
			t.Errorf("%d workflow commands:\n%q", n, commands)
		}
		for l := range strings.Lines(commands) {
			if !workflowCommand.MatchString(l) {
				t.Errorf("not a workflow command: %q", l)
			}
		}
	})
}

func ExampleWrite() {
	list := diagnostic.List{{
		Code:     "PC1003",
		Position: diagnostic.Position{File: "shop.cue", Line: 2, Column: 2},
		Path:     "sharded.cache.shard",
		Message:  "unknown field",
		Hint:     `did you mean "shards"?`,
	}}
	var b strings.Builder
	err := diagnostic.Write(&b, diagnostic.Text, list, diagnostic.Options{
		Terminal: true,
		Source:   func(string) ([]byte, bool) { return []byte("sharded: cache: {\n\tshard: 4\n}\n"), true },
	})
	fmt.Print(b.String(), err)
	// Output:
	// shop.cue:2:2: sharded.cache.shard: unknown field [PC1003]
	//   2 |     shard: 4
	//     |     ^
	//   hint: did you mean "shards"?
	// <nil>
}
