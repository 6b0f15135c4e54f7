package generator

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// yamlKey is a line that ends with a key's colon. YAML has one wherever a
// mapping begins, and formatted CUE has none.
var yamlKey = regexp.MustCompile(`(?m)^[ \t]*[-\w./"']+:[ \t]*(#.*)?$`)

// looksLikeYAML tells YAML on standard input from CUE and JSON. Text after the
// first brace or multi-line string decides nothing: it may be a file's content.
func looksLikeYAML(text []byte) bool {
	if bytes.HasPrefix(text, []byte("---\n")) || bytes.HasPrefix(text, []byte("%YAML")) {
		return true
	}
	for _, opening := range []string{"{", `"""`, "'''"} {
		text, _, _ = bytes.Cut(text, []byte(opening))
	}
	return yamlKey.Match(text)
}

// checkYAML refuses what YAML allows and a spec does not: keys that occur
// twice or are no strings, anchors and aliases, merge keys, tags, several
// documents.
func checkYAML(source Source) error {
	decoder := yaml.NewDecoder(bytes.NewReader(source.Text))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return emptyFile(source)
	case err != nil:
		return diagnostic.List{yamlError(source, err)}
	}
	if content := document.Content[0]; content.Kind != yaml.MappingNode {
		return diagnostic.List{{
			Code:     "PC1006",
			Position: diagnostic.Position{File: source.Name, Line: content.Line, Column: content.Column},
			Message:  "a spec is a mapping",
		}}
	}
	if list := checkYAMLNode(source, &document); len(list) > 0 {
		return list
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return diagnostic.List{yamlError(source, err)}
	}
	return diagnostic.List{{
		Code:     "PC1008",
		Position: diagnostic.Position{File: source.Name, Line: max(1, second.Line), Column: max(1, second.Column)},
		Message:  "a spec is one document",
		Hint:     "write environments as fields of `environments`, not as documents",
	}}
}

func checkYAMLNode(source Source, node *yaml.Node) diagnostic.List {
	var list diagnostic.List
	report := func(n *yaml.Node, message, hint string) {
		list = append(list, diagnostic.Diagnostic{
			Code:     "PC1008",
			Position: diagnostic.Position{File: source.Name, Line: n.Line, Column: n.Column},
			Message:  message,
			Hint:     hint,
		})
	}
	if node.Kind == yaml.AliasNode || node.Anchor != "" {
		report(node, "a spec has no anchors and aliases", "in a CUE spec, fields can refer to each other")
	}
	if strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!") {
		report(node, "the tag "+node.Tag+" means nothing in a spec", "")
	}
	if node.Kind == yaml.MappingNode {
		seen := map[string]*yaml.Node{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			switch {
			case key.Kind != yaml.ScalarNode:
				report(key, "a key is a plain string", "")
			case key.Tag == "!!merge":
				report(key, "a spec has no merge keys", "in a CUE spec, fields can refer to each other")
			}
			if first, twice := seen[key.Value]; twice {
				report(key, "the key "+strconv.Quote(key.Value)+" occurs twice", "the first is in line "+strconv.Itoa(first.Line))
				continue
			}
			seen[key.Value] = key
		}
	}
	for _, child := range node.Content {
		list = append(list, checkYAMLNode(source, child)...)
	}
	return list
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(?s:(.*))$`)

func yamlError(source Source, err error) diagnostic.Diagnostic {
	var typeError *yaml.TypeError
	text := err.Error()
	if errors.As(err, &typeError) && len(typeError.Errors) > 0 {
		text = "yaml: " + typeError.Errors[0]
	}
	d := diagnostic.Diagnostic{Code: "PC1006", Position: diagnostic.Position{File: source.Name}, Message: text}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		d.Message = m[2]
		if line, err := strconv.Atoi(m[1]); err == nil {
			d.Position.Line, d.Position.Column = line, 1
		}
	}
	d.Hint = yamlHint(lineAt(source.Text, d.Position.Line), d.Message)
	return d
}

// yamlHint says what to do about a syntax error that is found at a line.
func yamlHint(line, message string) string {
	indentation := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	switch {
	case strings.Contains(indentation, "\t"):
		return "indent with spaces: YAML takes no tabs"
	case strings.Contains(message, "did not find expected key"), strings.Contains(message, "did not find expected '-'"):
		return "begin the keys of one mapping, or the items of one list, in the same column"
	case strings.Contains(message, "mapping values are not allowed"):
		return "begin a key in the column of those beside it, and write a text that has a colon in quotes"
	case strings.Contains(message, "cannot start any token"):
		return "write a text that begins with a sign in quotes"
	}
	return ""
}
