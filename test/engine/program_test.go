package engine

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator"
)

// program is the path of a real engine: that which the environment variable
// names, or this machine's. Without one the test is skipped, or fails in CI; get
// says how to have it.
func program(t *testing.T, name, variable, get string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path
	}
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") != "":
		t.Fatalf("there is no %s: %s", name, get)
	}
	t.Skipf("needs a real %s: %s", name, get)
	return ""
}

// freeAddress is an address on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// eachGolden calls f with the specs of the golden cases whose names match the
// patterns, in each of their environments and the base.
func eachGolden(t *testing.T, f func(folder, environment string, sources generator.Sources), patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		folders, err := filepath.Glob("../../testdata/specs/" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			sources, err := generator.Read(strings.NewReader(""), folder)
			if err != nil {
				t.Fatal(err)
			}
			spec, err := generator.Parse(sources, generator.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, environment := range append(spec.Environments(), "") {
				f(folder, environment, sources)
			}
		}
	}
}
