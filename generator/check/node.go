package check

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/patternctl/patternctl/generator/manifest"
)

// A node is a map somewhere in an object. Its methods read one field each: a
// field that is absent or null reads as the zero value, and one of the wrong
// type does too, after a GEN-22 finding. A map that is absent reads as empty.
type node struct {
	object *object
	path   string
	fields manifest.Map
}

// exists reports whether the object has this map, even an empty one.
func (n node) exists() bool { return n.fields != nil }

// at is the place of the field called key.
func (n node) at(key string) string {
	if n.path == "" {
		return key
	}
	return n.path + "." + key
}

func (n node) value(key string) any {
	v, _ := n.fields.Get(key)
	return v
}

// has reports whether the field is there and not null.
func (n node) has(key string) bool { return n.value(key) != nil }

func (n node) malformed(place string, value any, want string) {
	n.object.report(Finding{
		Code:    "GEN-22",
		Field:   place,
		Message: fmt.Sprintf("%s is not %s", describe(value), want),
		Hint:    "look for a patch that sets this field",
	})
}

func describe(value any) string {
	switch v := value.(type) {
	case manifest.Map:
		return "a map"
	case []any:
		return "a list"
	case string:
		return strconv.Quote(shorten(v))
	case nil:
		return "null"
	default:
		return fmt.Sprint(v)
	}
}

// shorten keeps messages to one line of text.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}

func (n node) child(key string) node {
	place := n.at(key)
	switch v := n.value(key).(type) {
	case nil:
		return node{n.object, place, nil}
	case manifest.Map:
		if v == nil {
			v = manifest.Map{}
		}
		return node{n.object, place, v}
	default:
		n.malformed(place, v, "a map")
		return node{n.object, place, nil}
	}
}

// in follows keys through nested maps.
func (n node) in(keys ...string) node {
	for _, key := range keys {
		n = n.child(key)
	}
	return n
}

func (n node) list(key string) []any {
	switch v := n.value(key).(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		n.malformed(n.at(key), v, "a list")
		return nil
	}
}

// children reads a list of maps.
func (n node) children(key string) []node {
	items := n.list(key)
	if len(items) == 0 {
		return nil
	}
	nodes := make([]node, 0, len(items))
	for i, item := range items {
		if m, ok := item.(manifest.Map); ok {
			nodes = append(nodes, node{n.object, n.at(key) + "[" + itemName(m, i) + "]", m})
		} else {
			n.malformed(fmt.Sprintf("%s[%d]", n.at(key), i), item, "a map")
		}
	}
	return nodes
}

func itemName(item manifest.Map, index int) string {
	if name := manifest.String(item, "name"); name != "" {
		return name
	}
	return strconv.Itoa(index)
}

func (n node) text(key string) string {
	switch v := n.value(key).(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		n.malformed(n.at(key), v, "a string")
		return ""
	}
}

// texts reads a list of strings.
func (n node) texts(key string) []string {
	items := n.list(key)
	if len(items) == 0 {
		return nil
	}
	texts := make([]string, 0, len(items))
	for i, item := range items {
		if s, ok := item.(string); ok {
			texts = append(texts, s)
		} else {
			n.malformed(fmt.Sprintf("%s[%d]", n.at(key), i), item, "a string")
		}
	}
	return texts
}

// pairs reads a map of strings.
func (n node) pairs(key string) map[string]string {
	child := n.child(key)
	if len(child.fields) == 0 {
		return nil
	}
	pairs := make(map[string]string, len(child.fields))
	for _, f := range child.fields {
		if s, ok := f.Value.(string); ok {
			pairs[f.Key] = s
		} else {
			n.malformed(fmt.Sprintf("%s[%s]", child.path, f.Key), f.Value, "a string")
		}
	}
	return pairs
}

func (n node) flag(key string) bool {
	switch v := n.value(key).(type) {
	case nil:
		return false
	case bool:
		return v
	default:
		n.malformed(n.at(key), v, "true or false")
		return false
	}
}

// number reads a whole number, or fallback where there is none. Its size is
// bounded so that sums and percentages cannot overflow.
func (n node) number(key string, fallback int) int {
	v := n.value(key)
	if v == nil {
		return fallback
	}
	if i, ok := whole(v); ok {
		return i
	}
	n.malformed(n.at(key), v, "a whole number")
	return fallback
}

func whole(v any) (int, bool) {
	const bound = math.MaxInt / 200
	number, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(number.String())
	return i, err == nil && -bound < i && i < bound
}

// An amount is a number or a percentage of something; Kubernetes calls it
// IntOrString.
type amount struct {
	value   int
	percent bool
}

// of is the amount out of total, with percentages rounded up or down.
func (a amount) of(total int, up bool) int {
	switch {
	case !a.percent:
		return a.value
	case up:
		return (a.value*total + 99) / 100
	default:
		return a.value * total / 100
	}
}

// ofReplicas writes the amount as it was given, and what a percentage comes to
// when it is rounded up.
func (a amount) ofReplicas(total int) string {
	if a.percent {
		return fmt.Sprintf("%s of %d replicas (%d)", a, total, a.of(total, true))
	}
	return fmt.Sprintf("%s of %d replicas", a, total)
}

// String writes the amount as a manifest does.
func (a amount) String() string {
	if a.percent {
		return strconv.Itoa(a.value) + "%"
	}
	return strconv.Itoa(a.value)
}

// amount reads a number or percentage, or fallback where there is none.
func (n node) amount(key string, fallback amount) amount {
	v := n.value(key)
	if v == nil {
		return fallback
	}
	if i, ok := whole(v); ok && i >= 0 {
		return amount{value: i}
	}
	if s, ok := v.(string); ok && len(s) > 1 && s[len(s)-1] == '%' {
		if i, ok := whole(json.Number(s[:len(s)-1])); ok && i >= 0 && i <= 100 {
			return amount{value: i, percent: true}
		}
	}
	n.malformed(n.at(key), v, "a number or a percentage")
	return fallback
}

// A portRef is a port by number, or by name if it has one; the zero portRef is
// no port.
type portRef struct {
	number int
	name   string
}

// String writes the port as a manifest does.
func (p portRef) String() string {
	if p.name != "" {
		return strconv.Quote(p.name)
	}
	return strconv.Itoa(p.number)
}

// port reads a port's number or name.
func (n node) port(key string) portRef {
	v := n.value(key)
	if v == nil {
		return portRef{}
	}
	if s, ok := v.(string); ok {
		return portRef{name: s}
	}
	if i, ok := whole(v); ok {
		return portRef{number: i}
	}
	n.malformed(n.at(key), v, "a port's number or name")
	return portRef{}
}
