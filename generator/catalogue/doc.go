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

// definitionDoc returns the comment on the definition that v is written as, alone
// or unified with more.
func definitionDoc(v cue.Value) string {
	if op, operands := v.Expr(); op == cue.AndOp {
		for _, operand := range operands {
			if text := definitionDoc(operand); text != "" {
				return text
			}
		}
		return ""
	}
	root, path := v.ReferencePath()
	if len(path.Selectors()) == 0 {
		return ""
	}
	return doc(root.LookupPath(path))
}
