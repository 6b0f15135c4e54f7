package manifest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// kubectl indents JSON by four spaces.
const jsonIndent = "    "

// AppendJSON appends tree to dst as JSON, its fields in order, without a
// newline at the end. Each level is indented by indent; if that is empty,
// all is one line without spaces. Strings keep <, > and &, and bytes that are
// no UTF-8 become U+FFFD.
//
// It panics if tree holds a type that no tree consists of.
func AppendJSON(dst []byte, tree any, indent string) []byte {
	return appendJSON(dst, tree, indent, 0)
}

// WriteJSON writes objects to w as one List, like kubectl get -o json. It
// returns the first error of w.
func WriteJSON(w io.Writer, objects []Map) error {
	if len(objects) == 0 {
		_, err := io.WriteString(w, listHead+"]\n}\n")
		return err
	}
	b := bufio.NewWriterSize(w, streamBuffer)
	separator := listHead
	for _, object := range objects {
		item := append(b.AvailableBuffer(), separator...)
		item = appendJSONLine(item, jsonIndent, 2)
		if _, err := b.Write(appendJSON(item, object, jsonIndent, 2)); err != nil {
			return err
		}
		separator = ","
	}
	if _, err := b.WriteString("\n    ]\n}\n"); err != nil {
		return err
	}
	return b.Flush()
}

const listHead = `{
    "apiVersion": "v1",
    "kind": "List",
    "items": [`

func appendJSON(dst []byte, tree any, indent string, depth int) []byte {
	switch tree := tree.(type) {
	case Map:
		dst = append(dst, '{')
		for i, f := range tree {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONLine(dst, indent, depth+1)
			dst = append(appendQuoted(dst, validUTF8(f.Key)), ':')
			if indent != "" {
				dst = append(dst, ' ')
			}
			dst = appendJSON(dst, f.Value, indent, depth+1)
		}
		if len(tree) > 0 {
			dst = appendJSONLine(dst, indent, depth)
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, item := range tree {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONLine(dst, indent, depth+1)
			dst = appendJSON(dst, item, indent, depth+1)
		}
		if len(tree) > 0 {
			dst = appendJSONLine(dst, indent, depth)
		}
		return append(dst, ']')
	case string:
		return appendQuoted(dst, validUTF8(tree))
	case json.Number:
		return append(dst, tree...)
	case bool:
		return strconv.AppendBool(dst, tree)
	case nil:
		return append(dst, "null"...)
	default:
		panic(fmt.Sprintf("manifest: %T in a tree", tree))
	}
}

// appendJSONLine begins a line at depth, unless all is to stay on one line.
func appendJSONLine(dst []byte, indent string, depth int) []byte {
	if indent == "" {
		return dst
	}
	dst = append(dst, '\n')
	for range depth {
		dst = append(dst, indent...)
	}
	return dst
}
