package style_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"

	"github.com/patternctl/patternctl/generator/catalogue"
)

const (
	root   = "../.."
	module = "github.com/patternctl/patternctl"
)

// TestArrows holds the directions in which packages may depend on each other,
// and that the generator draws nothing on a terminal.
func TestArrows(t *testing.T) {
	for _, arrow := range []struct {
		from      string
		forbidden []string
	}{
		{"generator/...", []string{module + "/cmd", "github.com/spf13/cobra", "golang.org/x/term", "k8s.io/client-go"}},
		{"generator/manifest", []string{module + "/generator/", "cuelang.org/go", "sigs.k8s.io/kustomize"}},
		{"generator/diagnostic", []string{module + "/generator/", "cuelang.org/go", "sigs.k8s.io/kustomize"}},
		{"generator/tree", []string{module + "/generator/overlay", module + "/generator/catalogue", "cuelang.org/go", "sigs.k8s.io/kustomize"}},
		{"generator/check", []string{module + "/generator/overlay", module + "/generator/catalogue", "cuelang.org/go", "sigs.k8s.io/kustomize"}},
		{"generator/overlay", []string{module + "/generator/catalogue", "cuelang.org/go"}},
		{"generator/catalogue", []string{module + "/generator/overlay", "sigs.k8s.io/kustomize"}},
		{"cmd/...", []string{"k8s.io/client-go"}},
	} {
		packages := run(t, "go", "list", "./"+arrow.from)
		for _, pkg := range strings.Fields(packages) {
			for _, dep := range strings.Fields(run(t, "go", "list", "-deps", pkg)) {
				if dep == pkg {
					continue
				}
				for _, forbidden := range arrow.forbidden {
					if dep == forbidden || strings.HasPrefix(dep, strings.TrimSuffix(forbidden, "/")+"/") {
						t.Errorf("%s depends on %s", pkg, dep)
					}
				}
			}
		}
	}
}

// TestOffline holds that no package of ours can open a connection: CUE brings
// the network with it, for a tool that is not used here.
func TestOffline(t *testing.T) {
	for _, line := range strings.Split(strings.TrimSpace(run(t, "go", "list", "-f", "{{.ImportPath}} {{.Imports}}", "./generator/...", "./cmd/...")), "\n") {
		pkg, imports, _ := strings.Cut(line, " ")
		for _, imported := range strings.Fields(strings.Trim(imports, "[]")) {
			if imported == "net" || strings.HasPrefix(imported, "net/http") {
				t.Errorf("%s imports %s", pkg, imported)
			}
		}
	}
}

// TestWriters holds that nobody but a tree and init's first spec is written to
// the disk.
func TestWriters(t *testing.T) {
	writes := regexp.MustCompile(`\b(os|ioutil)\.(Chmod|Chown|Chtimes|CopyFS|Create|CreateTemp|Link|Mkdir|MkdirAll|MkdirTemp|OpenFile|Remove|RemoveAll|Rename|Symlink|Truncate|WriteFile)\b`)
	allowed := map[string]bool{"generator/tree/apply.go": true, "cmd/patternctl/init.go": true, "cmd/elector/image/main.go": true}
	eachFile(t, ".go", func(name string, content []byte) {
		program := strings.HasPrefix(name, "generator/") || strings.HasPrefix(name, "cmd/")
		if call := writes.Find(content); call != nil && program && !allowed[name] && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s uses %s", name, call)
		}
	})
}

// TestPositions holds that golden diagnostics point into files of the user's.
func TestPositions(t *testing.T) {
	eachFile(t, ".txt", func(name string, content []byte) {
		if strings.HasSuffix(name, "/diagnostics.txt") && regexp.MustCompile("(?m)^"+module).Match(content) {
			t.Errorf("%s points into the library", name)
		}
	})
}

// TestCUEIsFormatted is cue fmt --check for every CUE file that people write.
func TestCUEIsFormatted(t *testing.T) {
	eachFile(t, ".cue", func(name string, content []byte) {
		if strings.Contains(name, "testdata/specs/invalid-") {
			return
		}
		formatted, err := format.Source(content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if !bytes.Equal(content, formatted) {
			t.Errorf("%s is not formatted: run cue fmt", name)
		}
	})
}

// TestCUEIsValid is cue vet -c=false for every CUE package: what is written for
// a library is CUE by itself, for editors and other tools to read.
func TestCUEIsValid(t *testing.T) {
	library, err := catalogue.Open()
	if err != nil {
		t.Fatal(err)
	}
	packages := catalogue.NewPackages(library)
	instances := map[string]*build.Instance{}
	eachFile(t, ".cue", func(name string, content []byte) {
		file, err := parser.ParseFile(name, content, parser.PackageClauseOnly)
		if err != nil || file.PackageName() == "" || strings.Contains(name, "testdata/specs/invalid-") {
			return
		}
		folder := filepath.Dir(name)
		if instances[folder] == nil {
			instances[folder] = packages.NewInstance(folder, nil)
		}
		catalogue.AddFile(instances[folder], name, content)
	})
	for _, folder := range slices.Sorted(maps.Keys(instances)) {
		if err := packages.Context.BuildInstance(instances[folder]).Validate(); err != nil {
			t.Errorf("%s: %s", folder, errors.Details(err, nil))
		}
	}
}

// TestDependenciesHaveReasons wants a sentence in ARCHITECTURE.md for each
// direct dependency of each module, and none for one that is gone.
func TestDependenciesHaveReasons(t *testing.T) {
	architecture := read(t, "ARCHITECTURE.md")
	direct := map[string]bool{}
	for line := range strings.Lines(read(t, "go.mod") + read(t, "cmd/elector/go.mod") + read(t, "test/cluster/go.mod")) {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) >= 2 && strings.HasPrefix(fields[1], "v") && !strings.Contains(line, "// indirect") {
			direct[fields[0]] = true
			if !strings.Contains(architecture, "`"+fields[0]+"`") {
				t.Errorf("ARCHITECTURE.md has no reason for %s", fields[0])
			}
		}
	}
	for _, m := range regexp.MustCompile("(?m)^- `([^`]+\\.[^`]+/[^`]+)`:").FindAllStringSubmatch(architecture, -1) {
		if !direct[m[1]] {
			t.Errorf("ARCHITECTURE.md gives a reason for %s, which is no direct dependency", m[1])
		}
	}
}

// TestPackageComments wants each package's comment in the file that is named
// after the package.
func TestPackageComments(t *testing.T) {
	for _, line := range strings.Split(strings.TrimSpace(run(t, "go", "list", "-f", "{{if .GoFiles}}{{.Dir}} {{.Name}}{{end}}", "./...")), "\n") {
		dir, name, _ := strings.Cut(line, " ")
		if name == "main" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, name+".go"))
		if err != nil {
			t.Errorf("package %s has no file of its name: %v", name, err)
			continue
		}
		if !bytes.Contains(content, []byte("// Package "+name+" ")) {
			t.Errorf("%s.go does not begin with the comment of package %s", name, name)
		}
	}
}

func eachFile(t *testing.T, extension string, visit func(name string, content []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != extension {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(strings.TrimPrefix(path, root+"/")), content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = root
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}
