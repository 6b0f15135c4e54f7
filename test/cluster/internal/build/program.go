package build

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// programs holds the main packages that are built around other people's modules. They are no packages of
// this module, which would have to require all of Kubernetes then.
//
//go:embed programs
var programs embed.FS

// Newest and Oldest are the versions of Kubernetes at the ends of what patternctl supports: of the newest
// minor version the newest release, of the oldest the one whose modules the Go proxy has all of.
const (
	Newest = "1.37.2"
	Oldest = "1.31.0"
)

// coreDNS is the version of CoreDNS that is built.
const coreDNS = "v1.14.7"

// bento is the version of Bento that is built: of the minor version that manifests name the newest release.
const bento = "v1.20.0"

// Kube gives the path of one program that holds etcd and all components of a version of Kubernetes, such
// as 1.37.2; its first argument says which of them it is to be.
func (c Cache) Kube(version string) (string, error) {
	numbers := strings.Split(version, ".")
	if len(numbers) != 3 {
		return "", fmt.Errorf("%q is not a version of Kubernetes such as %s", version, Newest)
	}
	flags := "-s -w"
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags += fmt.Sprintf(" -X %[1]s.gitVersion=v%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s -X %[1]s.gitTreeState=clean", pkg, version, numbers[0], numbers[1])
	}
	return c.program("kube", "Kubernetes "+version, "k8s.io/kubernetes", "v"+version, flags)
}

// CoreDNS gives the path of CoreDNS with the plugins that a cluster's DNS needs.
func (c Cache) CoreDNS() (string, error) {
	return c.program("coredns", "CoreDNS "+coreDNS, "github.com/coredns/coredns", coreDNS, "-s -w")
}

// Bento gives the path of Bento with the components that manifests use.
func (c Cache) Bento() (string, error) {
	return c.program("bento", "Bento "+bento, "github.com/warpstreamlabs/bento", bento, "-s -w -X main.version="+bento)
}

// program builds the main package programs/<name> around a module, with exactly the dependencies that
// the module's own authors build it with.
func (c Cache) program(name, what, module, version, flags string) (string, error) {
	sources, err := programs.ReadDir("programs/" + name)
	if err != nil {
		return "", err
	}
	ingredients := []string{version, runtime.Version(), runtime.GOARCH}
	var files []string
	for _, source := range sources {
		text, err := programs.ReadFile("programs/" + name + "/" + source.Name())
		if err != nil {
			return "", err
		}
		ingredients = append(ingredients, string(text))
		files = append(files, source.Name())
	}
	dir, err := c.make(what, ingredients, func(dir string, log io.Writer) error {
		source, err := os.MkdirTemp("", "patternctl-cluster-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(source)
		sources, err := fs.Sub(programs, "programs/"+name)
		if err != nil {
			return err
		}
		if err := os.CopyFS(source, sources); err != nil {
			return err
		}
		goMod, err := requirements(log, source, module, version)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(source, "go.mod"), []byte(goMod), 0o644); err != nil {
			return err
		}
		args := []string{"build", "-mod=mod", "-trimpath", "-ldflags", flags, "-o", filepath.Join(dir, name)}
		_, err = run(log, source, []string{"CGO_ENABLED=0", "GOWORK=off"}, "go", append(args, files...)...)
		return err
	})
	return filepath.Join(dir, name), err
}

var (
	staging     = regexp.MustCompile(`(?m)^\s*(?:replace )?(k8s\.io/[a-z0-9-]+) => \./staging/.*$`)
	unpublished = regexp.MustCompile(`(?m)^(\s*k8s\.io/[a-z0-9-]+) v0\.0\.0$`)
	requireList = regexp.MustCompile(`(?ms)^require \(.*?^\)$`)
	settings    = regexp.MustCompile(`(?m)^(go|godebug) .*$`)
)

// requirements writes a go.mod that requires a module and whatever it requires itself. The modules that
// Kubernetes keeps in its own repository are required as they are published: v0.37.2 for v1.37.2.
func requirements(log io.Writer, dir, module, version string) (string, error) {
	out, err := run(log, dir, []string{"GOWORK=off"}, "go", "mod", "download", "-json", module+"@"+version)
	if err != nil {
		return "", err
	}
	var download struct{ GoMod string }
	if err := json.Unmarshal([]byte(out), &download); err != nil {
		return "", err
	}
	text, err := os.ReadFile(download.GoMod)
	if err != nil {
		return "", err
	}
	published := "v0." + strings.TrimPrefix(version, "v1.")
	var goMod strings.Builder
	goMod.WriteString("module program\n\n")
	for _, line := range settings.FindAllString(string(text), -1) {
		goMod.WriteString(line + "\n")
	}
	fmt.Fprintf(&goMod, "\nrequire %s %s\n\n", module, version)
	for _, list := range requireList.FindAllString(string(text), -1) {
		goMod.WriteString(unpublished.ReplaceAllString(list, "$1 "+published) + "\n\n")
	}
	for _, match := range staging.FindAllStringSubmatch(string(text), -1) {
		fmt.Fprintf(&goMod, "replace %s => %s %s\n", match[1], match[1], published)
	}
	return goMod.String(), nil
}

// App gives the path of the test application, which the images of tests hold.
func (c Cache) App() (string, error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(c.Dir, "app")
	const source = "github.com/patternctl/patternctl/test/cluster/app"
	_, err := run(io.Discard, ".", []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, source)
	return path, err
}

// Elector gives the path of an archive with the elector's image under a name, as `make elector` makes it.
func (c Cache) Elector(name string) (string, error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return "", err
	}
	here, err := run(io.Discard, ".", nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/patternctl/patternctl/test/cluster")
	if err != nil {
		return "", err
	}
	module := filepath.Join(strings.TrimSpace(here), "..", "..", "cmd", "elector")
	path := filepath.Join(c.Dir, "elector.tar")
	// Another cluster may be reading the one before.
	unfinished := fmt.Sprintf("%s.%d", path, os.Getpid())
	if _, err := run(io.Discard, module, []string{"GOWORK=off"}, "go", "run", "./image", "-name", name, "-o", unfinished); err != nil {
		return "", err
	}
	return path, os.Rename(unfinished, path)
}
