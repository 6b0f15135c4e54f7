package tree_test

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator/tree"
)

// faultCase is a directory and a tree that need every operation there is.
func faultCase() (have files, want tree.Tree, after files) {
	have = files{
		"base/update.yaml":               in("old\n"),
		"base/keep.yaml":                 in("keep\n"),
		"base/stale.yaml":                in("stale\n"),
		"base/edited.yaml":               in("old\n") + "edited\n",
		"base/mine.yaml":                 "mine\n",
		"base/.gone.yaml.patternctl-tmp": "# Gen",
		"overlays/gone/stale.yaml":       in("stale\n"),
	}
	want = tree.Tree{
		"top.yaml":                []byte("top\n"),
		"base/update.yaml":        []byte("new\n"),
		"base/keep.yaml":          []byte("keep\n"),
		"base/edited.yaml":        []byte("new\n"),
		"overlays/new/in/it.yaml": []byte("it\n"),
	}
	after = files{"base/mine.yaml": "mine\n"}
	for p, content := range want {
		after[p] = in(string(content))
	}
	return have, want, after
}

// operations lists what Apply does in the fault case.
func operations(t *testing.T) []string {
	have, want, after := faultCase()
	dir := filepath.Join(t.TempDir())
	have.write(t, dir)
	var list []string
	err := compare(t, dir, want).ApplyWith(true, func(operation, path string) error {
		list = append(list, operation+" "+path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(after, read(t, dir)); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
	return list
}

// No new file takes its place, and none is deleted, before all are written.
func TestOrderOfOperations(t *testing.T) {
	want := []string{
		"remove base/.gone.yaml.patternctl-tmp",
		"create base/edited.yaml", "write base/edited.yaml", "sync base/edited.yaml",
		"create base/update.yaml", "write base/update.yaml", "sync base/update.yaml",
		"mkdir overlays/new", "mkdir overlays/new/in",
		"create overlays/new/in/it.yaml", "write overlays/new/in/it.yaml", "sync overlays/new/in/it.yaml",
		"create top.yaml", "write top.yaml", "sync top.yaml",
		"rename base/edited.yaml", "rename base/update.yaml", "rename overlays/new/in/it.yaml", "rename top.yaml",
		"remove base/stale.yaml", "remove overlays/gone/stale.yaml",
		"rmdir overlays/gone",
	}
	if d := cmp.Diff(want, operations(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A run that dies before any operation leaves each file old or new, and the
// next run completes it.
func TestKilledAnywhere(t *testing.T) {
	for i, operation := range operations(t) {
		t.Run(operation, func(t *testing.T) {
			have, want, after := faultCase()
			dir := t.TempDir()
			have.write(t, dir)
			plan := compare(t, dir, want)
			killed := func() (killed any) {
				defer func() { killed = recover() }()
				n := 0
				return plan.ApplyWith(true, func(string, string) error {
					if n++; n > i {
						panic("killed")
					}
					return nil
				})
			}()
			if killed != "killed" {
				t.Fatalf("not killed: %v", killed)
			}
			for p, content := range read(t, dir) {
				if !strings.HasSuffix(p, ".patternctl-tmp") && !strings.HasSuffix(p, "/") && content != have[p] && content != after[p] {
					t.Errorf("%s is neither old nor new: %q", p, content)
				}
			}
			for p := range have {
				if _, kept := after[p]; kept && read(t, dir)[p] == "" {
					t.Errorf("%s is gone", p)
				}
			}
			if err := compare(t, dir, want).Apply(true); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(after, read(t, dir)); d != "" {
				t.Errorf("completed (-want +got):\n%s", d)
			}
		})
	}
}

// A run in which any operation fails says where, leaves no temporary file,
// and, before the first file takes its place, changes nothing at all.
func TestFailsAnywhere(t *testing.T) {
	list := operations(t)
	firstRename := slices.Index(list, "rename base/edited.yaml")
	for i, operation := range list {
		t.Run(operation, func(t *testing.T) {
			have, want, after := faultCase()
			dir := t.TempDir()
			have.write(t, dir)
			n := 0
			err := compare(t, dir, want).ApplyWith(true, func(string, string) error {
				if n++; n == i+1 {
					return errors.New("disk on fire")
				}
				return nil
			})
			_, path, _ := strings.Cut(operation, " ")
			where, why := filepath.Join(dir, path), ": cannot write: disk on fire [PC3004]"
			if err == nil || !strings.HasPrefix(err.Error(), where) || !strings.HasSuffix(err.Error(), why) {
				t.Errorf("got %v, want %s%s", err, where, why)
			}
			got := read(t, dir)
			if i <= firstRename {
				old := maps.Clone(have)
				if i > 0 {
					delete(old, "base/.gone.yaml.patternctl-tmp")
				}
				if d := cmp.Diff(old, got); d != "" {
					t.Errorf("(-before +after):\n%s", d)
				}
			} else {
				for p := range got {
					if strings.HasSuffix(p, ".patternctl-tmp") {
						t.Errorf("left %s", p)
					}
				}
			}
			if err := compare(t, dir, want).Apply(true); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(after, read(t, dir)); d != "" {
				t.Errorf("completed (-want +got):\n%s", d)
			}
		})
	}
}

// A failure before anything is in its place also takes back the directories.
func TestFailureRemovesNewDirectories(t *testing.T) {
	for _, operation := range []string{"mkdir", "create", "rename"} {
		dir := t.TempDir()
		plan := compare(t, filepath.Join(dir, "a", "b"), tree.Tree{"base/a.yaml": []byte("a\n")})
		seen := 0
		err := plan.ApplyWith(false, func(op, _ string) error {
			if op == operation {
				seen++
			}
			if op == operation && (op != "mkdir" || seen == 2) {
				return errors.New("disk on fire")
			}
			return nil
		})
		if err == nil {
			t.Errorf("%s: no error", operation)
		}
		if d := cmp.Diff(files{}, read(t, dir)); d != "" {
			t.Errorf("%s (-want +got):\n%s", operation, d)
		}
	}
}
