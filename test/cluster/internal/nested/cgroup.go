package nested

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// hierarchy is a mounted cgroup hierarchy (version 1).
type hierarchy struct {
	// dir is where it is mounted, such as /sys/fs/cgroup/memory.
	dir string
	// options are its controllers, as mount takes them.
	options string
}

// CheckCgroups says why nodes can't run on this machine, if they can't.
func CheckCgroups() error {
	found, err := hierarchies()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(found, func(h hierarchy) bool { return h.options == "memory" }) {
		return errors.New("nodes need the cgroup hierarchies of version 1, and this machine has only those of version 2: use a cluster of your own by setting KUBECONFIG")
	}
	return nil
}

// hierarchies reads them from this process's mounts.
func hierarchies() ([]hierarchy, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []hierarchy
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// 36 35 98:0 /mnt1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
		own, kernel, ok := strings.Cut(lines.Text(), " - ")
		if !ok || !strings.HasPrefix(kernel, "cgroup ") {
			continue
		}
		options := strings.Split(strings.Fields(kernel)[2], ",")
		options = slices.DeleteFunc(options, func(o string) bool {
			return o == "rw" || o == "ro" || o == "xattr" || strings.HasPrefix(o, "release_agent=")
		})
		if slices.ContainsFunc(options, func(o string) bool { return strings.HasPrefix(o, "name=") }) {
			options = append([]string{"none"}, options...)
		}
		found = append(found, hierarchy{dir: strings.Fields(own)[4], options: strings.Join(options, ",")})
	}
	return found, nil
}

// group is the folder of a cluster's group of this name, below the group that this process is in.
func (h hierarchy) group(name string) (string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		// 7:memory:/user.slice
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) == 3 && parts[1] == strings.TrimPrefix(h.options, "none,") {
			return filepath.Join(h.dir, parts[2], "patternctl-"+name), nil
		}
	}
	return "", fmt.Errorf("this process is in no group of %s", h.options)
}

// ownCgroups moves this process into groups of its own, and shows it nothing but those.
func ownCgroups(name string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		group, err := h.group(name)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(group, 0o755); err != nil {
			return err
		}
		// A new cpuset has no processors and takes no process.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(filepath.Dir(group), file))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(group, file), value, 0o644); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0o644); err != nil {
			return err
		}
	}
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return fmt.Errorf("get a cgroup namespace: %w", err)
	}
	if err := mount("sysfs", "/sys", "sysfs", 0, ""); err != nil {
		return err
	}
	if err := mount("tmpfs", "/sys/fs/cgroup", "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	for _, h := range all {
		if err := os.MkdirAll(h.dir, 0o755); err != nil {
			return err
		}
		if err := mount("cgroup", h.dir, "cgroup", 0, h.options); err != nil {
			return err
		}
		controllers := strings.Split(filepath.Base(h.dir), ",")
		for _, controller := range controllers[:len(controllers)-1] {
			if err := os.Symlink(filepath.Base(h.dir), filepath.Join(filepath.Dir(h.dir), controller)); err != nil {
				return err
			}
		}
	}
	return nil
}

// RemoveCgroups removes the groups of a cluster's nodes, whose names begin with prefix. Their processes must have been
// killed; the kernel may need a moment yet until they have left.
func RemoveCgroups(prefix string) error {
	var err error
	for range 50 {
		if err = removeCgroups(prefix); !errors.Is(err, unix.EBUSY) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

func removeCgroups(prefix string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		pattern, err := h.group(prefix)
		if err != nil {
			return err
		}
		groups, err := filepath.Glob(pattern + "*")
		if err != nil {
			return err
		}
		for _, group := range groups {
			if err := removeGroup(group); err != nil {
				return err
			}
		}
	}
	return nil
}

func removeGroup(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeGroup(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return os.Remove(dir)
}
