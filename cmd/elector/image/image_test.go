package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestReproducible builds the image twice, from two folders, and wants the same bytes: what is in a registry can be
// compared with the sources.
func TestReproducible(t *testing.T) {
	const name = "registry.example.com/elector:1"
	elsewhere := filepath.Join(t.TempDir(), "another", "folder")
	if err := os.CopyFS(elsewhere, os.DirFS("..")); err != nil {
		t.Fatal(err)
	}
	var digests []string
	var archives [][]byte
	for i, module := range []string{"..", elsewhere} {
		path := filepath.Join(t.TempDir(), "elector.tar")
		digest, err := write(path, module, name, []string{runtime.GOARCH})
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		digests, archives = append(digests, digest), append(archives, content)
		if digests[i] != digests[0] || !bytes.Equal(archives[i], archives[0]) {
			t.Errorf("%s gives %s, and %s gives %s", "..", digests[0], module, digest)
		}
	}
	if digest := "blobs/sha256/" + digests[0][len("sha256:"):]; !has(t, archives[0], digest) {
		t.Errorf("the archive has no %s", digest)
	}
}

func has(t *testing.T, archive []byte, name string) bool {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name == name {
			return true
		}
	}
}
