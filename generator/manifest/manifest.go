// Package manifest holds Kubernetes objects as ordered trees and writes them
// as canonical YAML or JSON.
//
// A manifest reads as its template wrote it: fields keep their order from the
// template to the file. A tree consists of these Go types and no others:
//
//	Map          an object, fields in order
//	[]any        a list
//	string       a string
//	json.Number  a number, kept as it was written
//	bool, nil
//
// Trees are values: nothing in this module changes one that it was given.
package manifest

import (
	"slices"
	"strings"
)

// A Map is an object whose fields keep the order in which they were written.
// Keys are unique.
type Map []Field

// A Field is one entry of a Map.
type Field struct {
	Key   string
	Value any
}

// Get returns the value of the field called key.
func (m Map) Get(key string) (any, bool) {
	for _, f := range m {
		if f.Key == key {
			return f.Value, true
		}
	}
	return nil, false
}

// With returns m with key set to value: in its place if m has the key,
// at the end otherwise.
func (m Map) With(key string, value any) Map {
	out := slices.Clone(m)
	for i := range out {
		if out[i].Key == key {
			out[i].Value = value
			return out
		}
	}
	return append(out, Field{key, value})
}

// Without returns m without the field called key.
func (m Map) Without(key string) Map {
	return slices.DeleteFunc(slices.Clone(m), func(f Field) bool { return f.Key == key })
}

// Lookup follows keys through nested maps. It returns nil where the path ends
// early, so that a type assertion on the result tells both absences.
func Lookup(tree any, keys ...string) any {
	for _, key := range keys {
		m, ok := tree.(Map)
		if !ok {
			return nil
		}
		if tree, ok = m.Get(key); !ok {
			return nil
		}
	}
	return tree
}

// String is Lookup for a string; it is empty where there is none.
func String(tree any, keys ...string) string {
	s, _ := Lookup(tree, keys...).(string)
	return s
}

// Maps is Lookup for a list of maps; items that are no maps are left out.
func Maps(tree any, keys ...string) []Map {
	list, _ := Lookup(tree, keys...).([]any)
	maps := make([]Map, 0, len(list))
	for _, item := range list {
		if m, ok := item.(Map); ok {
			maps = append(maps, m)
		}
	}
	return maps
}

// An ID names one object in a cluster.
type ID struct {
	APIVersion, Kind, Namespace, Name string
}

// IDOf returns the identity that object claims in its own fields.
func IDOf(object Map) ID {
	return ID{
		APIVersion: String(object, "apiVersion"),
		Kind:       String(object, "kind"),
		Namespace:  String(object, "metadata", "namespace"),
		Name:       String(object, "metadata", "name"),
	}
}

// Group returns the API group, which is empty for the core group.
func (id ID) Group() string {
	group, _, found := strings.Cut(id.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

// String writes the identity as kubectl does: Kind/name.
func (id ID) String() string { return id.Kind + "/" + id.Name }

// A Group is what one pattern instance became: its objects in apply order.
type Group struct {
	// Kind and Name are those of the instance, such as "sharded" and "cache".
	Kind, Name string
	Objects    []Map
}

// Path is the instance's place in the spec, such as "sharded.cache".
func (g Group) Path() string { return g.Kind + "." + g.Name }

// Equal reports whether two trees say the same: the order of a map's fields
// does not count, the order of a list's items does.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case Map:
		b, ok := b.(Map)
		if !ok || len(a) != len(b) {
			return false
		}
		for i, f := range a {
			// Most maps are compared with a copy of themselves: try the same place first.
			if b[i].Key == f.Key {
				if !Equal(f.Value, b[i].Value) {
					return false
				}
				continue
			}
			other, ok := b.Get(f.Key)
			if !ok || !Equal(f.Value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	default:
		if _, composite := b.(Map); composite {
			return false
		}
		if _, composite := b.([]any); composite {
			return false
		}
		return a == b
	}
}
