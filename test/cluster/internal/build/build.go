// Package build makes what a cluster runs: Kubernetes itself and CoreDNS from pinned Go modules,
// the container runtime and the servers in images from Debian's packages.
//
// Everything is kept in a cache under a name that is a digest of what it is made of,
// so that nothing is made twice and a change of a version makes it anew.
package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Cache keeps what was built.
type Cache struct {
	// Dir is the folder of the cache.
	Dir string
	// Progress gets a line when something has to be built, and while it takes long. Nil drops them.
	Progress func(line string)
}

// make gives the folder that holds the result of build for these ingredients. build is called only if
// the folder isn't there yet; it fills a folder that becomes visible when all went well.
func (c Cache) make(what string, ingredients []string, build func(dir string, log io.Writer) error) (string, error) {
	digest := sha256.New()
	for _, ingredient := range ingredients {
		fmt.Fprintf(digest, "%d %s", len(ingredient), ingredient)
	}
	name := strings.ReplaceAll(what, " ", "-") + "-" + hex.EncodeToString(digest.Sum(nil))[:12]
	dir := filepath.Join(c.Dir, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return "", err
	}
	unfinished, err := os.MkdirTemp(c.Dir, "unfinished-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(unfinished)
	if err := os.Chmod(unfinished, 0o755); err != nil {
		return "", err
	}
	logPath := filepath.Join(c.Dir, name+".log")
	log, err := os.Create(logPath)
	if err != nil {
		return "", err
	}
	defer log.Close()
	stopReporting := c.report(what)
	start := time.Now()
	err = build(unfinished, log)
	stopReporting()
	if err != nil {
		return "", fmt.Errorf("build %s: %w; see %s", what, err, logPath)
	}
	c.progress("built %s in %.0f s", what, time.Since(start).Seconds())
	if err := os.Rename(unfinished, dir); err != nil {
		if _, made := os.Stat(dir); made == nil {
			return dir, nil
		}
		return "", err
	}
	return dir, nil
}

// report says that something is being built, and every half minute that it still is, until it is told to stop.
func (c Cache) report(what string) (stop func()) {
	c.progress("building %s", what)
	done, start := make(chan struct{}), time.Now()
	go func() {
		tick := time.NewTicker(30 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				c.progress("still building %s after %.0f s", what, time.Since(start).Seconds())
			}
		}
	}()
	return func() { close(done) }
}

func (c Cache) progress(format string, args ...any) {
	if c.Progress != nil {
		c.Progress(fmt.Sprintf(format, args...))
	}
}

// run runs a program in a folder; all that it prints goes to log, and what it prints on standard output is returned too.
func run(log io.Writer, dir string, env []string, name string, args ...string) (string, error) {
	fmt.Fprintf(log, "$ %s %s\n", name, strings.Join(args, " "))
	var out strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout = io.MultiWriter(&out, log)
	cmd.Stderr = log
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args[:min(len(args), 1)], " "), err)
	}
	return out.String(), nil
}
