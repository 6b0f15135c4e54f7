package overlay

import (
	"encoding/json"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/patternctl/patternctl/generator/manifest"
)

// toNode copies tree into the form that kustomize's code works on, as if it had
// been read from a file.
func toNode(tree any) *yaml.Node {
	switch tree := tree.(type) {
	case manifest.Map:
		node := &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap, Content: make([]*yaml.Node, 0, 2*len(tree))}
		for _, f := range tree {
			node.Content = append(node.Content, scalar(yaml.NodeTagString, f.Key), toNode(f.Value))
		}
		return node
	case []any:
		node := &yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq, Content: make([]*yaml.Node, 0, len(tree))}
		for _, item := range tree {
			node.Content = append(node.Content, toNode(item))
		}
		return node
	case json.Number:
		if isInteger(tree) {
			return scalar(yaml.NodeTagInt, string(tree))
		}
		return scalar(yaml.NodeTagFloat, string(tree))
	case bool:
		return scalar(yaml.NodeTagBool, strconv.FormatBool(tree))
	case string:
		node := scalar(yaml.NodeTagString, tree)
		// What a patch puts in the place of a quoted string is quoted too, and so
		// is a string, whatever it was.
		if manifest.AppendYAML(nil, tree)[0] == '"' {
			node.Style = yaml.DoubleQuotedStyle
		}
		return node
	default:
		return scalar(yaml.NodeTagNull, "null")
	}
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

func isInteger(n json.Number) bool {
	for i, c := range []byte(n) {
		if (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false
		}
	}
	return true
}

// fromNode is the way back. What is done to numbers that may be fractions is the
// caller's choice: asWritten or canonical.
func fromNode(node *yaml.Node, fraction func(json.Number) json.Number) any {
	switch node.Kind {
	case yaml.DocumentNode:
		return fromNode(node.Content[0], fraction)
	case yaml.MappingNode:
		m := make(manifest.Map, 0, len(node.Content)/2)
		for i := 0; i+1 < len(node.Content); i += 2 {
			m = append(m, manifest.Field{Key: node.Content[i].Value, Value: fromNode(node.Content[i+1], fraction)})
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, item := range node.Content {
			list = append(list, fromNode(item, fraction))
		}
		return list
	}
	if node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return node.Value
	}
	switch node.ShortTag() {
	case yaml.NodeTagNull:
		return nil
	case yaml.NodeTagBool:
		return node.Value == "true"
	case yaml.NodeTagInt:
		return json.Number(node.Value)
	case yaml.NodeTagFloat:
		return fraction(json.Number(node.Value))
	default:
		return node.Value
	}
}

func asWritten(n json.Number) json.Number { return n }

// canonical writes a number as kustomize does in what it prints.
func canonical(n json.Number) json.Number {
	f, err := n.Float64()
	if err != nil {
		return n
	}
	text, err := json.Marshal(f)
	if err != nil {
		return n
	}
	return json.Number(text)
}
