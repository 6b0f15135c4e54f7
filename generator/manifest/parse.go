package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxDepth is far beyond what any API accepts, and well within what readers
// of YAML and JSON can follow.
const maxDepth = 1000

// ParseJSON reads one JSON value and keeps the order of its fields. What is no
// Unicode in a string, such as half of a surrogate pair, becomes U+FFFD.
//
// It is an error if data is not exactly one JSON value, if a key occurs twice
// in one object, and if objects and lists nest deeper than 1,000 levels.
func ParseJSON(data []byte) (any, error) {
	if !json.Valid(data) {
		err := json.Unmarshal(data, new(json.RawMessage))
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("invalid JSON at byte %d: %w", syntax.Offset, err)
		}
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	p := parser{data: data}
	return p.value(0)
}

// A parser reads data that is known to be valid JSON.
type parser struct {
	data []byte
	pos  int
	// The fields and items so far of all objects and lists around pos.
	fields []Field
	items  []any
}

func (p *parser) value(depth int) (any, error) {
	c := p.next()
	if depth == maxDepth && (c == '{' || c == '[') {
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	switch c {
	case '{':
		return p.object(depth)
	case '[':
		return p.list(depth)
	case '"':
		return p.string()
	case 't':
		p.pos += len("true")
		return true, nil
	case 'f':
		p.pos += len("false")
		return false, nil
	case 'n':
		p.pos += len("null")
		return nil, nil
	default:
		start := p.pos
		for p.pos < len(p.data) && strings.IndexByte("0123456789+-.eE", p.data[p.pos]) >= 0 {
			p.pos++
		}
		return json.Number(p.data[start:p.pos]), nil
	}
}

// next skips white space, commas and colons, and returns the byte at pos.
func (p *parser) next() byte {
	for {
		switch c := p.data[p.pos]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			p.pos++
		default:
			return c
		}
	}
}

func (p *parser) object(depth int) (any, error) {
	p.pos++
	start := len(p.fields)
	for p.next() != '}' {
		key, err := p.string()
		if err != nil {
			return nil, err
		}
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.fields = append(p.fields, Field{key, value})
	}
	p.pos++
	m := make(Map, len(p.fields)-start)
	copy(m, p.fields[start:])
	p.fields = p.fields[:start]
	if key, twice := m.repeated(); twice {
		return nil, fmt.Errorf("key %q occurs twice", key)
	}
	return m, nil
}

func (p *parser) list(depth int) (any, error) {
	p.pos++
	start := len(p.items)
	for p.next() != ']' {
		item, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, item)
	}
	p.pos++
	list := make([]any, len(p.items)-start)
	copy(list, p.items[start:])
	p.items = p.items[:start]
	return list, nil
}

func (p *parser) string() (string, error) {
	start, escaped := p.pos, false
	for p.pos++; p.data[p.pos] != '"'; p.pos++ {
		if p.data[p.pos] == '\\' {
			escaped = true
			p.pos++
		}
	}
	p.pos++
	quoted := p.data[start:p.pos]
	if text := quoted[1 : len(quoted)-1]; !escaped && utf8.Valid(text) {
		return string(text), nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return s, err
}

// repeated returns a key that two fields of m share.
func (m Map) repeated() (key string, found bool) {
	if len(m) <= 32 {
		for i, f := range m {
			for _, g := range m[:i] {
				if f.Key == g.Key {
					return f.Key, true
				}
			}
		}
		return "", false
	}
	seen := make(map[string]bool, len(m))
	for _, f := range m {
		if seen[f.Key] {
			return f.Key, true
		}
		seen[f.Key] = true
	}
	return "", false
}
