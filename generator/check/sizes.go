package check

import (
	"fmt"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

const (
	// A ConfigMap's data may not be larger than this.
	mostConfigBytes = 1 << 20
	// kubectl apply keeps the whole object in an annotation, and annotations
	// may not be larger than this altogether.
	mostAnnotationBytes = 256 << 10
)

// sizes reports ConfigMaps that are larger than Kubernetes stores.
func sizes(s *system) {
	for _, o := range s.objects {
		if o.kind != configMap {
			continue
		}
		size := 0
		for _, field := range []string{"data", "binaryData"} {
			for _, f := range o.root.child(field).fields {
				content, _ := f.Value.(string)
				size += len(f.Key) + len(content)
			}
		}
		switch {
		case size > mostConfigBytes:
			o.report(Finding{
				Code:    "GEN-27",
				Field:   "data",
				Message: fmt.Sprintf("%d bytes of data are more than the %d that a ConfigMap holds", size, mostConfigBytes),
				Hint:    "put large content into an image or a volume",
			})
		case size > mostAnnotationBytes:
			o.report(Finding{
				Code:     "GEN-27",
				Severity: diagnostic.Warning,
				Field:    "data",
				Message:  fmt.Sprintf("%d bytes of data are more than the %d that kubectl apply can compare", size, mostAnnotationBytes),
				Hint:     "apply with --server-side, or put large content into an image or a volume",
			})
		}
	}
}
