package build

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// prometheusOperator is the module, and its version, whose kinds manifests may have.
const prometheusOperator = "github.com/prometheus-operator/prometheus-operator@v0.85.0"

// CustomResources gives the YAML of the custom resource definitions of all add-ons whose objects are rendered.
func (c Cache) CustomResources() ([]string, error) {
	out, err := run(io.Discard, ".", []string{"GOWORK=off"}, "go", "mod", "download", "-json", prometheusOperator)
	if err != nil {
		return nil, err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(out), &module); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(module.Dir, "example/prometheus-operator-crd/*_podmonitors.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no definition of PodMonitor", prometheusOperator)
	}
	var definitions []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		definitions = append(definitions, string(text))
	}
	return definitions, nil
}
