package engine

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// TestVersionIsRendered holds that the engines which the environment names are
// of the versions that manifests name.
func TestVersionIsRendered(t *testing.T) {
	engines, err := os.ReadFile("../../templates/shared/engines.cue")
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range []struct{ name, variable, flag, says string }{
		{"haproxy", "HAPROXY", "-v", `^HAProxy version (\d+\.\d+)\.`},
		{"varnish", "VARNISH", "-V", `^(?:varnish|vinyl)d \((?:varnish|vinyl-cache)-(\d+\.\d+)\.`},
		{"bento", "BENTO", "--version", `^Version: v(\d+\.\d+)\.`},
	} {
		t.Run(engine.name, func(t *testing.T) {
			path := os.Getenv(engine.variable)
			if path == "" {
				t.Skipf("%s is not set: make test runs these tests with the rendered version too", engine.variable)
			}
			image := regexp.MustCompile("/" + engine.name + `:(\d+\.\d+)`).FindSubmatch(engines)
			if image == nil {
				t.Fatalf("the data of engines has no image of %s", engine.name)
			}
			said, err := exec.Command(path, engine.flag).CombinedOutput()
			if err != nil {
				t.Fatal(err)
			}
			version := regexp.MustCompile(engine.says).FindSubmatch(said)
			if version == nil || string(version[1]) != string(image[1]) {
				t.Errorf("manifests name %s %s, and this is %s", engine.name, image[1], said)
			}
		})
	}
}

// TestVersionsAgree holds that routers of different versions, as there are
// while HAProxy is upgraded, have the same shard for a key.
func TestVersionsAgree(t *testing.T) {
	if os.Getenv("HAPROXY") == "" {
		t.Skip("HAPROXY is not set: make test runs these tests with the rendered version too")
	}
	shards, keys := newShards(t, 5), keysOf(numKeys)
	config := routerConfig(t, "shards: 5, "+store)
	rendered := start(t, config, shards).place(keys)
	t.Setenv("HAPROXY", "")
	if m := moved(rendered, start(t, config, shards).place(keys)); len(m) > 0 {
		t.Errorf("%d of %d keys are on another shard for this machine's version", len(m), len(keys))
	}
}
