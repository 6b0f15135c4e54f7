// image builds the elector and packs it into an image, as an archive that docker, podman, skopeo, crane and containerd
// take. The same sources and the same Go give the same bytes, wherever and whenever that is done.
package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	out := flag.String("o", "elector.tar", "the archive to write")
	module := flag.String("C", ".", "the folder of the elector's module")
	name := flag.String("name", "ghcr.io/patternctl/elector:1.0.0", "what the image is called")
	platforms := flag.String("platforms", runtime.GOARCH, "the processors that it is for, such as amd64,arm64")
	flag.Parse()
	digest, err := write(*out, *module, *name, strings.Split(*platforms, ","))
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Printf("%s@%s\n", *name, digest)
}

// write makes the archive, and gives the digest under which a registry has the image.
func write(path, module, name string, platforms []string) (string, error) {
	a := archive{}
	var manifests []descriptor
	for _, platform := range platforms {
		program, err := build(module, platform)
		if err != nil {
			return "", err
		}
		manifest, err := a.addImage(program, platform)
		if err != nil {
			return "", err
		}
		manifests = append(manifests, manifest)
	}
	index, err := a.addJSON(indexType, map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": manifests})
	if err != nil {
		return "", err
	}
	index.Annotations = map[string]string{
		"io.containerd.image.name":          name,
		"org.opencontainers.image.ref.name": name[strings.LastIndex(name, ":")+1:],
	}
	if err := a.addFile("index.json", map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": []descriptor{index}}); err != nil {
		return "", err
	}
	if err := a.addFile("oci-layout", map[string]any{"imageLayoutVersion": "1.0.0"}); err != nil {
		return "", err
	}
	content, err := pack(a.files)
	if err != nil {
		return "", err
	}
	return index.Digest, os.WriteFile(path, content, 0o644)
}

// build compiles the elector, without anything of this machine in it.
func build(module, platform string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "elector-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "elector")
	cmd := exec.Command("go", "build", "-C", module, "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+platform, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("build for %s: %w", platform, err)
	}
	return os.ReadFile(path)
}

const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

// A descriptor says where content is to be found (OCI image specification).
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// A file is one of an archive's.
type file struct {
	name    string
	mode    int64
	content []byte
}

// An archive is an image layout in files, in the order in which they were added.
type archive struct{ files []file }

// addImage adds an image that holds a program and nothing else.
func (a *archive) addImage(program []byte, platform string) (descriptor, error) {
	root, err := pack([]file{{"elector", 0o755, program}})
	if err != nil {
		return descriptor{}, err
	}
	layer := a.addBlob(layerType, root)
	config, err := a.addJSON(configType, map[string]any{
		"architecture": platform,
		"os":           "linux",
		"config":       map[string]any{"Entrypoint": []string{"/elector"}, "User": "65532:65532"},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{layer.Digest}},
	})
	if err != nil {
		return descriptor{}, err
	}
	manifest, err := a.addJSON(manifestType, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []descriptor{layer},
	})
	manifest.Platform = map[string]string{"architecture": platform, "os": "linux"}
	return manifest, err
}

func (a *archive) addJSON(mediaType string, value any) (descriptor, error) {
	content, err := json.Marshal(value)
	return a.addBlob(mediaType, content), err
}

func (a *archive) addBlob(mediaType string, content []byte) descriptor {
	digest := sha256.Sum256(content)
	name := hex.EncodeToString(digest[:])
	a.files = append(a.files, file{"blobs/sha256/" + name, 0o644, content})
	return descriptor{MediaType: mediaType, Digest: "sha256:" + name, Size: len(content)}
}

func (a *archive) addFile(name string, value any) error {
	content, err := json.Marshal(value)
	a.files = append(a.files, file{name, 0o644, content})
	return err
}

// pack makes a tar of files that belong to root and have no time.
func pack(files []file) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), Format: tar.FormatUSTAR}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
