// Package behaviour shows that each pattern does on a real cluster what it promises. The manifests run as patternctl
// writes them: nothing in them is changed for the tests.
package behaviour

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/test/cluster"
	"github.com/patternctl/patternctl/test/cluster/scenario"
)

// repository is the folder of the whole project.
const repository = "../../.."

// kubernetes is the cluster of all tests.
var kubernetes scenario.Cluster

func TestMain(m *testing.M) {
	cluster.Main()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "patternctl-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if binary, err = build(dir, "./cmd/patternctl"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if own := os.Getenv("KUBECONFIG"); own != "" {
		kubernetes = scenario.Cluster{Kubeconfig: own, Kubectl: []string{"kubectl"}, App: os.Getenv("APP_IMAGE")}
		fmt.Fprintln(os.Stderr, "using the cluster of", own)
	} else {
		images, err := images(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		c, err := cluster.Start(ctx, cluster.Options{
			Nodes:    2,
			Images:   images,
			Progress: progress,
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer c.Stop()
		kubernetes = scenario.Cluster{
			Kubeconfig: c.Kubeconfig, Kubectl: c.Kubectl, App: cluster.AppImage,
			KillNode: c.KillNode, StartNode: c.StartNode,
			Signal: c.Signal, SignalAPIServer: c.SignalAPIServer, CutOff: c.CutOff,
		}
		results.version = c.Version
	}
	if code := m.Run(); code != 0 {
		return code
	}
	if err := results.document(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func progress(line string) { fmt.Fprintln(os.Stderr, line) }

// images are those of the engines and of the example, under the names that manifests call them by. What is built for
// them goes into dir.
func images(dir string) ([]cluster.Image, error) {
	search, err := build(dir, "./examples/search/app")
	if err != nil {
		return nil, err
	}
	haproxy, err := imagesCalled(`docker\.io/library/haproxy:\S+`)
	if err != nil {
		return nil, err
	}
	varnish, err := imagesCalled(`docker\.io/library/varnish:\S+`)
	if err != nil {
		return nil, err
	}
	bento, err := imagesCalled(`ghcr\.io/warpstreamlabs/bento:\S+`)
	if err != nil {
		return nil, err
	}
	program, err := cluster.Bento(progress)
	if err != nil {
		return nil, err
	}
	electors, err := imagesCalled(`ghcr\.io/patternctl/elector:\S+`)
	if err != nil {
		return nil, err
	}
	elector, err := cluster.Elector(electors[0], progress)
	if err != nil {
		return nil, err
	}
	return []cluster.Image{{Names: electors, Archive: elector}, {
		Names: haproxy, Packages: []string{"haproxy"}, Suite: cluster.HAProxySuite, User: "99:99", StopSignal: "SIGUSR1",
		Command: []string{"haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"},
	}, {
		Names: varnish, Packages: []string{cluster.VarnishPackage, "dash", "coreutils"}, Suite: cluster.VarnishSuite, User: "1000:1000",
		Command: []string{"varnishd", "-F", "-f", "/etc/varnish/default.vcl"},
	}, {
		Names: bento, Files: map[string]string{"/bento": program}, User: "10001:10001",
		Entrypoint: []string{"/bento"}, Command: []string{"-c", "/bento.yaml"},
	}, {
		Names: []string{"ghcr.io/acme/search:1.4.0"}, Files: map[string]string{"/search": search}, User: "65532:65532",
		Entrypoint: []string{"/search"},
	}}, nil
}

// imagesCalled finds the images of an engine in the golden manifests.
func imagesCalled(pattern string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(repository, "golden", "*", "base", "*.yaml"))
	if err != nil {
		return nil, err
	}
	image := regexp.MustCompile(`(?m)^\s*image: (` + pattern + `)$`)
	var names []string
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, match := range image.FindAllStringSubmatch(string(text), -1) {
			if name := match[1]; !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no golden manifest has an image %s", pattern)
	}
	return names, nil
}

// binary is patternctl.
var binary string

// build builds a program of the repository into dir, and returns its path.
func build(dir, program string) (string, error) {
	path := filepath.Join(dir, filepath.Base(program))
	cmd := exec.Command("go", "build", "-o", path, program)
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
	return path, nil
}

// patternctl runs it on a spec, and returns what it prints. A warning is as bad as an error.
func patternctl(s *scenario.Scenario, spec string, args ...string) string {
	s.Helper()
	var out, stderr strings.Builder
	cmd := exec.Command(binary, append(args, "-")...)
	cmd.Stdin = strings.NewReader(spec)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		s.Fatalf("patternctl %s: %v\n%s\n%s", strings.Join(args, " "), err, stderr.String(), spec)
	}
	return out.String()
}

// generate gives the manifests of a spec.
func generate(s *scenario.Scenario, spec string) string {
	s.Helper()
	return patternctl(s, spec, "generate")
}
