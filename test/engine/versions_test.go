package engine

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// TestVersionIsRendered holds that the HAProxy which HAPROXY names is of the
// version that manifests name.
func TestVersionIsRendered(t *testing.T) {
	path := os.Getenv("HAPROXY")
	if path == "" {
		t.Skip("HAPROXY is not set: make test runs these tests with the rendered version too")
	}
	engines, err := os.ReadFile("../../templates/shared/engines.cue")
	if err != nil {
		t.Fatal(err)
	}
	image := regexp.MustCompile(`/haproxy:(\d+\.\d+)`).FindSubmatch(engines)
	if image == nil {
		t.Fatal("the data of engines has no image of HAProxy")
	}
	said, err := exec.Command(path, "-v").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`^HAProxy version (\d+\.\d+)\.`).FindSubmatch(said)
	if version == nil || string(version[1]) != string(image[1]) {
		t.Errorf("manifests name HAProxy %s, and this is %s", image[1], said)
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
