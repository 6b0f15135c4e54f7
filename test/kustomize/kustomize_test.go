// Package kustomize builds the golden overlays with the oldest kustomize that
// users have: the one in kubectl 1.31. The newest builds them wherever goldens
// are recorded.
package kustomize

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/google/go-cmp/cmp"
)

const oldest = "sigs.k8s.io/kustomize/kustomize/v5@v5.4.2"

func TestOldestKustomize(t *testing.T) {
	built, err := filepath.Glob("../../golden/*/built/*.yaml")
	if err != nil || len(built) == 0 {
		t.Fatalf("no golden builds: %v", err)
	}
	kustomize := install(t)
	for _, name := range built {
		environment := name[len(filepath.Dir(name))+1 : len(name)-len(".yaml")]
		overlay := filepath.Join(filepath.Dir(name), "..", "overlays", environment)
		t.Run(overlay, func(t *testing.T) {
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			command := exec.Command(kustomize, "build", overlay)
			var stderr bytes.Buffer
			command.Stderr = &stderr
			got, err := command.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, firstLine(stderr.Bytes()))
			}
			if diff := cmp.Diff(documents(t, want), documents(t, got)); diff != "" {
				t.Errorf("%s builds something else (-want +got):\n%s", oldest, diff)
			}
		})
	}
}

// install builds kustomize, which Go keeps for the next time.
func install(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	command := exec.Command("go", "install", oldest)
	command.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=-mod=mod")
	if out, err := command.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("go install %s: %v\n%s", oldest, err, out)
		}
		t.Skipf("needs %s, which can't be installed: %v", oldest, err)
	}
	return filepath.Join(folder, "kustomize")
}

// documents reads a stream into objects by what identifies them.
func documents(t *testing.T, stream []byte) map[[4]string]any {
	t.Helper()
	objects := map[[4]string]any{}
	decoder := yaml.NewDecoder(bytes.NewReader(stream))
	for {
		var object map[string]any
		if decoder.Decode(&object) != nil {
			return objects
		}
		metadata, _ := object["metadata"].(map[string]any)
		text := func(value any) string { s, _ := value.(string); return s }
		objects[[4]string{text(object["apiVersion"]), text(object["kind"]), text(metadata["namespace"]), text(metadata["name"])}] = object
	}
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line
}
