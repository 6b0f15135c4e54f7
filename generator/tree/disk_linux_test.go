package tree_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator/tree"
)

// mount returns a small file system of its own. It takes root to make one.
func mount(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("cannot mount a file system to fill or to write-protect: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

func TestDiskFull(t *testing.T) {
	dir := mount(t)
	files{"deploy/base/a.yaml": in("old\n"), "deploy/base/z.yaml": in("stale\n")}.write(t, dir)
	before := read(t, dir)
	deploy := filepath.Join(dir, "deploy")
	want := tree.Tree{
		"base/a.yaml":           []byte("new\n"),
		"base/b.yaml":           bytes.Repeat([]byte("b: 1\n"), 8<<10),
		"overlays/x/large.yaml": bytes.Repeat([]byte("c: 1\n"), 8<<10),
	}
	plan := compare(t, deploy, want)
	err := plan.Apply(false)
	name := filepath.Join(deploy, "overlays/x/large.yaml")
	if err == nil || err.Error() != name+": cannot write: no space left on device [PC3004]" {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff(before, read(t, dir)); d != "" {
		t.Errorf("(-before +after):\n%s", d)
	}
	want["overlays/x/large.yaml"] = []byte("small\n")
	if err := compare(t, deploy, want).Apply(false); err != nil {
		t.Error(err)
	}
}

func TestReadOnly(t *testing.T) {
	dir := mount(t)
	files{"base/a.yaml": in("a\n")}.write(t, dir)
	if err := syscall.Mount("none", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	before := read(t, dir)
	for changed, want := range map[string]tree.Tree{
		"base/a.yaml":     {"base/a.yaml": []byte("new\n")},
		"overlays/x.yaml": {"base/a.yaml": []byte("a\n"), "overlays/x.yaml": nil},
	} {
		err := compare(t, dir, want).Apply(false)
		if err == nil || err.Error() != filepath.Join(dir, changed)+": cannot write: read-only file system [PC3004]" {
			t.Errorf("%s: got %v", changed, err)
		}
	}
	if err := compare(t, dir, tree.Tree{}).Apply(false); err == nil || !strings.Contains(err.Error(), "read-only file system") {
		t.Errorf("delete: got %v", err)
	}
	sub := filepath.Join(dir, "deploy")
	err := compare(t, sub, tree.Tree{"base/a.yaml": nil}).Apply(false)
	if err == nil || err.Error() != sub+": cannot write: read-only file system [PC3004]" {
		t.Errorf("new directory: got %v", err)
	}
	// Nothing to write is no reason to fail.
	if err := compare(t, dir, tree.Tree{"base/a.yaml": []byte("a\n")}).Apply(false); err != nil {
		t.Errorf("unchanged: got %v", err)
	}
	if d := cmp.Diff(before, read(t, dir)); d != "" {
		t.Errorf("(-before +after):\n%s", d)
	}
}
