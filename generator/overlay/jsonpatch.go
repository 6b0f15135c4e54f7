package overlay

import (
	"strings"

	"github.com/patternctl/patternctl/generator/manifest"
)

// jsonPatch returns the operations of a JSON patch (RFC 6902) that turn from
// into to. Lists are replaced as a whole.
func jsonPatch(from, to manifest.Map) []any {
	return appendOperations(nil, "", from, to)
}

func appendOperations(ops []any, path string, from, to manifest.Map) []any {
	for _, f := range from {
		if _, kept := to.Get(f.Key); !kept {
			ops = append(ops, manifest.Map{{Key: "op", Value: "remove"}, {Key: "path", Value: path + pointer(f.Key)}})
		}
	}
	for _, f := range to {
		old, had := from.Get(f.Key)
		if had && manifest.Equal(old, f.Value) {
			continue
		}
		oldMap, wasMap := old.(manifest.Map)
		newMap, isMap := f.Value.(manifest.Map)
		if wasMap && isMap {
			ops = appendOperations(ops, path+pointer(f.Key), oldMap, newMap)
			continue
		}
		op := "add"
		if had {
			op = "replace"
		}
		ops = append(ops, manifest.Map{
			{Key: "op", Value: op}, {Key: "path", Value: path + pointer(f.Key)}, {Key: "value", Value: f.Value},
		})
	}
	return ops
}

// pointer escapes key as a part of a JSON pointer.
func pointer(key string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
