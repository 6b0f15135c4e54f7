package catalogue

import (
	"slices"
	"strconv"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
)

// examples is the folder of a library's first specs. They are no package, so
// package schemas has no part in them.
const examples = "schemas/examples"

// Example returns the library's first spec for kind: CUE text, with comments,
// that generates as it stands. The system that it describes is called name,
// which may be "" for the name that the library gave it.
func (l *Library) Example(kind, name string) (string, bool) {
	specs := l.packages[examples]
	i := slices.IndexFunc(specs, func(s source) bool { return s.name == examples+"/"+kind+".cue" })
	if i < 0 {
		return "", false
	}
	text := string(specs[i].text)
	if literal := nameLiteral(text); literal != nil && name != "" {
		start := literal.Pos().Offset()
		text = text[:start] + strconv.Quote(name) + text[start+len(literal.Value):]
	}
	return text, true
}

// nameLiteral finds what follows `name:` at the top level of a spec.
func nameLiteral(spec string) *ast.BasicLit {
	file, err := parser.ParseFile("", spec)
	if err != nil {
		return nil
	}
	for _, decl := range file.Decls {
		field, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		if label, _, err := ast.LabelName(field.Label); err == nil && label == "name" {
			literal, _ := field.Value.(*ast.BasicLit)
			return literal
		}
	}
	return nil
}
