package build

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Image is a container image that is made here, under the names that manifests call it by.
type Image struct {
	// Names are references such as docker.io/library/haproxy:3.2-alpine.
	Names []string
	// Packages are Debian's packages that its root file system is made of, with all that they depend on, and Suite is
	// that of Debian which they are from. Empty means this machine's.
	Packages []string
	Suite    string
	// Files are files of this machine by their path in the image.
	Files map[string]string
	// Entrypoint and Command are what runs.
	Entrypoint, Command []string
	// User is a numeric user, with a group after a colon if wanted.
	User string
	// StopSignal is SIGTERM unless it is set.
	StopSignal string
	// Archive is the path of one that is made already. Then the rest means nothing.
	Archive string
}

// Image gives the path of an archive that containerd imports.
func (c Cache) Image(image Image) (string, error) {
	if image.Archive != "" {
		return image.Archive, nil
	}
	what := "image " + strings.NewReplacer("/", "-", ":", "-").Replace(image.Names[0])
	recipe, err := json.Marshal(image)
	if err != nil {
		return "", err
	}
	ingredients := []string{string(recipe)}
	for _, path := range image.Files {
		digest, err := digestOf(path)
		if err != nil {
			return "", err
		}
		ingredients = append(ingredients, digest)
	}
	var root string
	if len(image.Packages) > 0 {
		if root, err = c.debian("root of "+image.Packages[0], image.Suite, true, image.Packages...); err != nil {
			return "", err
		}
		ingredients = append(ingredients, root)
	}
	dir, err := c.make(what, ingredients, func(dir string, _ io.Writer) error {
		layer := filepath.Join(dir, "layer.tar")
		if err := writeLayer(layer, root, image.Files); err != nil {
			return err
		}
		defer os.Remove(layer)
		return writeArchive(filepath.Join(dir, "image.tar"), layer, image)
	})
	return filepath.Join(dir, "image.tar"), err
}

// writeLayer packs a root file system, which may be empty, and files on top of it.
func writeLayer(path, root string, files map[string]string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	layer := tar.NewWriter(f)
	defer func() { err = errors.Join(err, layer.Close(), f.Close()) }()
	if root != "" {
		if err := layer.AddFS(os.DirFS(root)); err != nil {
			return err
		}
	}
	for inside, outside := range files {
		content, err := os.ReadFile(outside)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: strings.TrimPrefix(inside, "/"), Mode: 0o755, Size: int64(len(content))}
		if err := layer.WriteHeader(header); err != nil {
			return err
		}
		if _, err := layer.Write(content); err != nil {
			return err
		}
	}
	return nil
}

// writeArchive writes an image of one layer in the form that `docker save` gives and containerd imports.
func writeArchive(path, layer string, image Image) (err error) {
	digest, err := digestOf(layer)
	if err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config": map[string]any{
			"Entrypoint": image.Entrypoint,
			"Cmd":        image.Command,
			"User":       image.User,
			"StopSignal": image.StopSignal,
			"Env":        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": image.Names, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(f)
	defer func() { err = errors.Join(err, archive.Close(), f.Close()) }()
	for _, file := range []struct {
		name    string
		content []byte
	}{{"manifest.json", manifest}, {"config.json", config}} {
		if err := archive.WriteHeader(&tar.Header{Name: file.name, Mode: 0o644, Size: int64(len(file.content))}); err != nil {
			return err
		}
		if _, err := archive.Write(file.content); err != nil {
			return err
		}
	}
	content, err := os.Open(layer)
	if err != nil {
		return err
	}
	defer content.Close()
	info, err := content.Stat()
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: "layer.tar", Mode: 0o644, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(archive, content)
	return err
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, f); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}
