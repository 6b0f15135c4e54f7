package cluster

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/patternctl/patternctl/test/cluster/internal/nested"
)

// run is the folder of one cluster. It is locked for as long as the process that made it lives.
type run struct {
	path string
	lock *os.File
}

// newRun makes a folder for a cluster, and removes those of clusters whose processes were killed.
func newRun(parent string) (run, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return run{}, err
	}
	// While another process makes a folder here and hasn't locked it yet, nothing is removed.
	making, err := os.Open(parent)
	if err != nil {
		return run{}, err
	}
	defer making.Close()
	if err := unix.Flock(int(making.Fd()), unix.LOCK_EX); err != nil {
		return run{}, err
	}
	left, err := filepath.Glob(filepath.Join(parent, "*"))
	if err != nil {
		return run{}, err
	}
	for _, path := range left {
		if r, err := lockRun(path); err == nil {
			r.remove()
		}
	}
	path, err := os.MkdirTemp(parent, "")
	if err != nil {
		return run{}, err
	}
	if err := os.Chmod(path, 0o755); err != nil {
		return run{}, err
	}
	return lockRun(path)
}

func lockRun(path string) (run, error) {
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return run{}, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return run{}, errors.Join(err, lock.Close())
	}
	return run{path: path, lock: lock}, nil
}

// remove leaves nothing of the cluster.
func (r run) remove() {
	_ = nested.RemoveCgroups(filepath.Base(r.path))
	_ = os.RemoveAll(r.path)
	_ = r.lock.Close()
}
