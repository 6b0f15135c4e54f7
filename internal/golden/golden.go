// Package golden keeps what tests compare with in folders of files.
package golden

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Recording reports whether tests are to record what they get, to be read as a
// diff: UPDATE_GOLDEN is set.
func Recording() bool { return os.Getenv("UPDATE_GOLDEN") != "" }

// Read returns the files below folder, by their paths in it, with slashes. Parts
// are the files and folders in it to read; without any it is read as a whole.
// What isn't there has no files.
func Read(t testing.TB, folder string, parts ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, part := range orWhole(parts) {
		err := filepath.WalkDir(filepath.Join(folder, part), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			path, err := filepath.Rel(folder, name)
			files[filepath.ToSlash(path)] = string(content)
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return files
}

// Record makes files all that Read finds.
func Record(t testing.TB, files map[string]string, folder string, parts ...string) {
	t.Helper()
	for _, part := range orWhole(parts) {
		if err := os.RemoveAll(filepath.Join(folder, part)); err != nil {
			t.Fatal(err)
		}
	}
	for path, content := range files {
		name := filepath.Join(folder, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func orWhole(parts []string) []string {
	if len(parts) == 0 {
		return []string{"."}
	}
	return parts
}
