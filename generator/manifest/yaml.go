package manifest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The longest key that a reader of YAML must accept without "? " before it.
const maxImplicitKey = 1024

// streamBuffer is the number of bytes that the writers hand over at a time.
const streamBuffer = 64 << 10

// AppendYAML appends tree to dst as one YAML document in block style, which
// ends in a newline and has no "---" before it.
//
// Equal trees with their fields in the same order become the same bytes, and
// every reader of YAML 1.1 or 1.2 reads them back as that tree. Maps indent by
// two spaces, lists not at all, as kubectl writes them; no line is folded.
// Bytes of a string that are no UTF-8 become U+FFFD, as in encoding/json.
//
// It panics if tree holds a type that no tree consists of.
func AppendYAML(dst []byte, tree any) []byte {
	if s, ok := tree.(string); ok {
		return append(appendInline(dst, s), '\n')
	}
	return appendBlock(dst, tree, 0)
}

// WriteYAML writes objects to w as a stream of documents, each after a line
// "---". It returns the first error of w.
func WriteYAML(w io.Writer, objects []Map) error {
	b := bufio.NewWriterSize(w, streamBuffer)
	for _, object := range objects {
		document := append(b.AvailableBuffer(), "---\n"...)
		if _, err := b.Write(AppendYAML(document, object)); err != nil {
			return err
		}
	}
	return b.Flush()
}

// appendBlock writes tree from where dst ends, which is at the given column,
// to the end of its last line.
func appendBlock(dst []byte, tree any, column int) []byte {
	switch tree := tree.(type) {
	case Map:
		if len(tree) == 0 {
			return append(dst, "{}\n"...)
		}
		for i, f := range tree {
			if i > 0 {
				dst = appendSpaces(dst, column)
			}
			dst = appendKey(dst, f.Key, column)
			dst = appendFieldValue(dst, f.Value, column)
		}
		return dst
	case []any:
		if len(tree) == 0 {
			return append(dst, "[]\n"...)
		}
		for i, item := range tree {
			if i > 0 {
				dst = appendSpaces(dst, column)
			}
			dst = append(dst, "- "...)
			if s, ok := item.(string); ok {
				dst = append(appendString(dst, s, column), '\n')
			} else {
				dst = appendBlock(dst, item, column+2)
			}
		}
		return dst
	case json.Number:
		dst = appendNumber(dst, string(tree))
	case bool:
		dst = strconv.AppendBool(dst, tree)
	case nil:
		dst = append(dst, "null"...)
	default:
		panic(fmt.Sprintf("manifest: %T in a tree", tree))
	}
	return append(dst, '\n')
}

// appendFieldValue writes what stands after the colon of a key at column.
func appendFieldValue(dst []byte, value any, column int) []byte {
	switch v := value.(type) {
	case Map:
		if len(v) > 0 {
			dst = appendSpaces(append(dst, '\n'), column+2)
			return appendBlock(dst, value, column+2)
		}
	case []any:
		if len(v) > 0 {
			dst = appendSpaces(append(dst, '\n'), column)
			return appendBlock(dst, value, column)
		}
	case string:
		return append(appendString(append(dst, ' '), v, column), '\n')
	}
	return appendBlock(append(dst, ' '), value, column)
}

// appendKey writes a key and its colon.
func appendKey(dst []byte, key string, column int) []byte {
	start := len(dst)
	dst = appendInline(dst, key)
	if len(dst)-start > maxImplicitKey {
		dst = slices.Insert(dst, start, '?', ' ')
		dst = appendSpaces(append(dst, '\n'), column)
	}
	return append(dst, ':')
}

// appendNumber writes a JSON number. A reader of YAML 1.1 takes one with an
// exponent for a string, unless it has a point and the exponent a sign.
func appendNumber(dst []byte, n string) []byte {
	e := strings.IndexAny(n, "eE")
	if e < 0 {
		return append(dst, n...)
	}
	mantissa, exponent := n[:e], n[e+1:]
	dst = append(dst, mantissa...)
	if !strings.Contains(mantissa, ".") {
		dst = append(dst, ".0"...)
	}
	dst = append(dst, 'e')
	if !strings.HasPrefix(exponent, "-") && !strings.HasPrefix(exponent, "+") {
		dst = append(dst, '+')
	}
	return append(dst, exponent...)
}

const spaces = "                                                                "

func appendSpaces(dst []byte, n int) []byte {
	for n > len(spaces) {
		dst = append(dst, spaces...)
		n -= len(spaces)
	}
	return append(dst, spaces[:n]...)
}
