package build

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	// HAProxySuite is the suite of Debian with the version of HAProxy that manifests name.
	HAProxySuite = "forky"
	// VarnishSuite is that with the version of Varnish, and VarnishPackage what it is called there: by the name that its
	// project has since version 9.
	VarnishSuite, VarnishPackage = "forky", "vinyl-cache"
)

// Runtime gives a folder with Debian's containerd, runc and network plugins, unpacked and not installed,
// so that nothing is started on the machine itself.
func (c Cache) Runtime() (string, error) {
	return c.debian("the container runtime", "", false, "containerd", "runc", "containernetworking-plugins")
}

// HAProxy gives the path of a program that is HAProxy of the version that manifests name. It brings its own libraries.
func (c Cache) HAProxy() (string, error) {
	return c.engine("haproxy", HAProxySuite, "haproxy", func(string) string { return "" })
}

// Varnish gives the path of a program that is varnishd of the version that manifests name. It brings its own libraries,
// and compiles configurations with this machine's C compiler.
func (c Cache) Varnish() (string, error) {
	return c.engine("varnishd", VarnishSuite, VarnishPackage, func(libraries string) string {
		// Asked for its version it wants no more arguments.
		return "${2+-p vmod_path=" + filepath.Join(libraries, VarnishPackage, "vmods") + "}"
	})
}

// engine gives the path of a program that is one of a package's, with its own libraries. What arguments gives for their
// folder comes after the caller's.
func (c Cache) engine(program, suite, name string, arguments func(libraries string) string) (string, error) {
	root, err := c.debian("root of "+name, suite, true, name)
	if err != nil {
		return "", err
	}
	loaders, err := filepath.Glob(filepath.Join(root, "usr/lib/*/ld-linux-*.so.*"))
	if err != nil || len(loaders) != 1 {
		return "", fmt.Errorf("%s has %d dynamic loaders", root, len(loaders))
	}
	libraries := filepath.Dir(loaders[0])
	script := fmt.Sprintf("#!/bin/sh\nexec %q --library-path %q %q \"$@\" %s\n",
		loaders[0], libraries+":"+filepath.Join(libraries, name), filepath.Join(root, "usr/sbin", program), arguments(libraries))
	dir, err := c.make(program, []string{script}, func(dir string, _ io.Writer) error {
		return os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755)
	})
	return filepath.Join(dir, program), err
}

// debian unpacks packages of a suite, or of this machine's if it is empty, into a folder: with all that they depend on
// if it is to be a root file system.
func (c Cache) debian(what, suite string, root bool, packages ...string) (string, error) {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "", fmt.Errorf("%s comes from Debian's packages: %w", what, err)
	}
	if root {
		// It has the links by which programs and libraries are found.
		packages = append(packages, "base-files")
	}
	ingredients := append([]string{string(release), suite, fmt.Sprint(root)}, packages...)
	return c.make(what, ingredients, func(dir string, log io.Writer) error {
		work, err := os.MkdirTemp("", "patternctl-cluster-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(work)
		// The user that apt downloads as may have no way into a folder of ours.
		if err := os.Chmod(work, 0o777); err != nil {
			return err
		}
		apt := apt{work: work, log: log}
		if suite != "" {
			if err := apt.use(suite); err != nil {
				return err
			}
		}
		if root {
			if packages, err = apt.closure(packages); err != nil {
				return err
			}
		}
		if err := apt.download(packages); err != nil {
			return err
		}
		debs, err := filepath.Glob(filepath.Join(work, "*.deb"))
		if err != nil {
			return err
		}
		for _, deb := range debs {
			if _, err := run(log, work, nil, "dpkg-deb", "--extract", deb, dir); err != nil {
				return err
			}
		}
		return nil
	})
}
