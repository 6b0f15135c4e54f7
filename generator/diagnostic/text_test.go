package diagnostic_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

func TestCaret(t *testing.T) {
	for _, test := range []struct {
		name, line string
		column     int
		want       string
	}{
		{"start", "shard: 4", 1, "shard: 4\n^"},
		{"middle", "shard: 4", 8, "shard: 4\n       ^"},
		{"behind the end", "shard: 4", 9, "shard: 4\n        ^"},
		{"far behind the end", "shard: 4", 99, "shard: 4\n        ^"},
		{"empty line", "", 1, "\n^"},
		{"tabs", "\t\tshard:\t4", 10, "        shard:    4\n                  ^"},
		{"two bytes a letter", "é: 4", 5, "é: 4\n   ^"},
		{"wide letters", "漢字: 4", 9, "漢字: 4\n      ^"},
		{"emoji", "👍: 4", 7, "👍: 4\n    ^"},
		{"combining accent", "e\u0301: 4", 6, "e\u0301: 4\n   ^"},
		{"inside a letter", "漢字", 2, "漢字\n^"},
		{"control characters", "\x1b[2J: 4", 7, "\\x1b[2J: 4\n         ^"},
		{"not UTF-8", "\xff\xfe: 4", 5, "\\xff\\xfe: 4\n          ^"},
		{"DOS line end", "a: 4\r", 4, "a: 4\n   ^"},
		{"long line", strings.Repeat("a", 500) + "!" + strings.Repeat("b", 500), 501,
			"…" + strings.Repeat("a", 72) + "!" + strings.Repeat("b", 71) + "…\n" + strings.Repeat(" ", 73) + "^"},
		{"long line of wide letters", strings.Repeat("漢", 500), 300,
			"…" + strings.Repeat("漢", 24) + strings.Repeat("漢", 24) + "…\n" + strings.Repeat(" ", 49) + "^"},
		{"line only", "a: 4", 0, "a: 4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := diagnostic.List{{Message: "m", Position: diagnostic.Position{File: "f", Line: 10, Column: test.column}}}
			source := strings.Repeat("\n", 9) + test.line + "\nafter"
			got := render(t, diagnostic.Text, list, diagnostic.Options{
				Terminal: true,
				Source:   func(file string) ([]byte, bool) { return []byte(source), file == "f" },
			})
			text, caret, _ := strings.Cut(test.want, "\n")
			want := list[0].Error() + "\n  10 | " + text + "\n"
			if test.column > 0 {
				want += "     | " + caret + "\n"
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// Without a line to show there is no excerpt.
func TestNoExcerpt(t *testing.T) {
	source := func(file string) ([]byte, bool) { return []byte("one line"), file == "f" }
	for name, opts := range map[string]diagnostic.Options{
		"no terminal": {Source: source},
		"no source":   {Terminal: true},
	} {
		list := diagnostic.List{{Message: "m", Position: diagnostic.Position{File: "f", Line: 1, Column: 1}}}
		if got := render(t, diagnostic.Text, list, opts); got != "f:1:1: m\n" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	for _, at := range []diagnostic.Position{{}, {File: "f"}, {File: "f", Line: 2, Column: 1}, {File: "g", Line: 1, Column: 1}} {
		list := diagnostic.List{{Message: "m", Position: at}}
		got := render(t, diagnostic.Text, list, diagnostic.Options{Terminal: true, Source: source})
		if got != list[0].Error()+"\n" {
			t.Errorf("%v: got %q", at, got)
		}
	}
}

func TestColor(t *testing.T) {
	list := diagnostic.List{
		{Code: "PC1", Message: "m", Hint: "h", Position: diagnostic.Position{File: "f", Line: 1, Column: 2}},
		{Severity: diagnostic.Warning, Message: "w"},
	}
	opts := diagnostic.Options{
		Color: true, Terminal: true,
		Source: func(string) ([]byte, bool) { return []byte("abc"), true },
	}
	want := "\x1b[1;33mwarning:\x1b[0m \x1b[1;33mw\x1b[0m\n" +
		"\x1b[1mf:1:2:\x1b[0m \x1b[1;31mm\x1b[0m \x1b[2m[PC1]\x1b[0m\n" +
		"  \x1b[2m1 |\x1b[0m abc\n" +
		"  \x1b[2m  |\x1b[0m  \x1b[1;31m^\x1b[0m\n" +
		"  \x1b[36mhint:\x1b[0m h\n"
	if d := cmp.Diff(want, render(t, diagnostic.Text, list, opts)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestPositionString(t *testing.T) {
	for want, p := range map[string]diagnostic.Position{
		"":        {},
		"f":       {File: "f"},
		"f:3":     {File: "f", Line: 3},
		"f:3:1":   {File: "f", Line: 3, Column: 1},
		"-:10:12": {File: "-", Line: 10, Column: 12},
	} {
		if got := p.String(); got != want {
			t.Errorf("%#v: got %q, want %q", p, got, want)
		}
	}
}
