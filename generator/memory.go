package generator

import (
	"crypto/sha256"
	"sync"

	"github.com/patternctl/patternctl/generator/manifest"
)

// A memory keeps products by what their templates were told, because most
// instances are the same in most environments. The nil memory keeps nothing.
type memory struct{ products sync.Map }

func (m *memory) recall(input manifest.Map, render func(manifest.Map) (product, error)) (product, error) {
	if m == nil {
		return render(input)
	}
	key := sha256.Sum256(manifest.AppendJSON(nil, input, ""))
	if kept, ok := m.products.Load(key); ok {
		return kept.(product), nil
	}
	result, err := render(input)
	if err == nil {
		m.products.Store(key, result)
	}
	return result, err
}
