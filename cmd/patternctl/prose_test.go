package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	for _, test := range []struct{ name, prose, want string }{
		{"nothing", "", ""},
		{"lines are joined", "one\ntwo\n", "  one two\n"},
		{"paragraphs stay apart", "one\n\ntwo\n", "  one\n\n  two\n"},
		{"lists and examples stay as they are", "such as\n- one\n- two\n\tcode\nand so on", "  such as\n  - one\n  - two\n  \tcode\n  and so on\n"},
		{
			"no line is longer than 80",
			"123456789 123456789 123456789 123456789 123456789 123456789 123456789 12345678 123456789",
			"  123456789 123456789 123456789 123456789 123456789 123456789 123456789 12345678\n  123456789\n",
		},
		{
			"but a word may be",
			"https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors is long",
			"  https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors\n  is long\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, wrap(test.prose, "  ")); diff != "" {
				t.Errorf("wrap (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChapter(t *testing.T) {
	for doc, want := range map[string]string{
		"Replicated runs copies (chapter 6).":              "6",
		"Hands out items (chapters 11 and 12).":            "11 and 12",
		"Is everywhere (chapters 3, 4\nand 5).":            "3, 4 and 5",
		"Is of the user's own.":                            "",
		"Has a number of 7 chapters, and no chapter as it": "",
	} {
		if got := chapter(doc); got != want {
			t.Errorf("chapter(%q) = %q, want %q", doc, got, want)
		}
	}
}
