package build

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// definitions are where the kinds that manifests may have are defined: Go modules, and the files in them.
var definitions = []struct{ module, files string }{
	{"github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd/*_podmonitors.yaml"},
	{"sigs.k8s.io/gateway-api@v1.4.1", "config/crd/standard/*_httproutes.yaml"},
}

// CustomResources gives the YAML of the custom resource definitions of all add-ons whose objects are rendered.
func (c Cache) CustomResources() ([]string, error) {
	var texts []string
	for _, d := range definitions {
		out, err := run(io.Discard, ".", []string{"GOWORK=off"}, "go", "mod", "download", "-json", d.module)
		if err != nil {
			return nil, err
		}
		var module struct{ Dir string }
		if err := json.Unmarshal([]byte(out), &module); err != nil {
			return nil, err
		}
		files, err := filepath.Glob(filepath.Join(module.Dir, d.files))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s has no %s", d.module, d.files)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			texts = append(texts, string(text))
		}
	}
	return texts, nil
}
