package build

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Runtime gives a folder with Debian's containerd, runc and network plugins, unpacked and not installed,
// so that nothing is started on the machine itself.
func (c Cache) Runtime() (string, error) {
	return c.debian("the container runtime", false, "containerd", "runc", "containernetworking-plugins")
}

// debian unpacks packages into a folder: with all that they depend on if it is to be a root file system.
func (c Cache) debian(what string, root bool, packages ...string) (string, error) {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "", fmt.Errorf("%s comes from Debian's packages: %w", what, err)
	}
	ingredients := append([]string{string(release), fmt.Sprint(root)}, packages...)
	return c.make(what, ingredients, func(dir string, log io.Writer) error {
		archives, err := os.MkdirTemp("", "patternctl-cluster-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(archives)
		// The user that apt downloads as may have no way into a folder of ours.
		if err := os.Chmod(archives, 0o777); err != nil {
			return err
		}
		if root {
			if packages, err = closure(log, packages); err != nil {
				return err
			}
		}
		download := append([]string{"download", "-q"}, packages...)
		if _, err := run(log, archives, nil, "apt-get", download...); err != nil {
			if _, err := run(log, archives, nil, "apt-get", "update", "-q"); err != nil {
				return err
			}
			if _, err := run(log, archives, nil, "apt-get", download...); err != nil {
				return err
			}
		}
		debs, err := filepath.Glob(filepath.Join(archives, "*.deb"))
		if err != nil {
			return err
		}
		for _, deb := range debs {
			if _, err := run(log, archives, nil, "dpkg-deb", "--extract", deb, dir); err != nil {
				return err
			}
		}
		return nil
	})
}

// closure adds what packages depend on, directly or not.
func closure(log io.Writer, packages []string) ([]string, error) {
	args := []string{"depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances"}
	out, err := run(log, "/", nil, "apt-cache", append(args, packages...)...)
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(out) {
		name := strings.TrimSpace(line)
		if name == "" || line[0] == ' ' || line[0] == '<' || strings.Contains(name, ":") {
			continue
		}
		all = append(all, name)
	}
	sort.Strings(all)
	return all, nil
}
