package catalogue

import (
	"strings"

	"cuelang.org/go/cue"
)

// FirstSentence returns a comment up to its first full stop, as one line without
// it.
func FirstSentence(doc string) string {
	first, _, _ := strings.Cut(strings.Join(strings.Fields(doc), " "), ". ")
	return strings.TrimSuffix(first, ".")
}

// doc returns the comment on a value. Where several declarations carry one, the
// first is that of the field itself, and so the one that was meant for it.
func doc(v cue.Value) string {
	for _, group := range v.Doc() {
		if text := strings.TrimSpace(group.Text()); text != "" {
			return text
		}
	}
	return ""
}

// definition returns the definition with a comment that v is written as, alone or
// unified with more. Without one it is v.
func definition(v cue.Value) cue.Value {
	if op, operands := v.Expr(); op == cue.AndOp {
		for _, operand := range operands {
			if d := definition(operand); d != operand {
				return d
			}
		}
		return v
	}
	root, path := v.ReferencePath()
	if len(path.Selectors()) == 0 {
		return v
	}
	if d := root.LookupPath(path); doc(d) != "" {
		return d
	}
	return v
}
