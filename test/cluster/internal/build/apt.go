package build

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// apt looks up and downloads Debian's packages, and installs none.
type apt struct {
	// work is where packages are downloaded to.
	work string
	log  io.Writer
	// options let apt look elsewhere than in this machine's own lists.
	options []string
}

// use makes apt look in another suite than the machine's, and leave the machine's lists as they are.
func (a *apt) use(suite string) error {
	mirror, err := a.mirror()
	if err != nil {
		return err
	}
	for _, dir := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.work, dir), 0o755); err != nil {
			return err
		}
	}
	source := fmt.Sprintf("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n", mirror, suite)
	for name, text := range map[string]string{"sources.list": source, "status": ""} {
		if err := os.WriteFile(filepath.Join(a.work, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for option, file := range map[string]string{
		"Dir::Etc::sourcelist": "sources.list",
		"Dir::State::lists":    "lists",
		"Dir::State::status":   "status",
		"Dir::Cache":           "cache",
	} {
		a.options = append(a.options, "--option="+option+"="+filepath.Join(a.work, file))
	}
	a.options = append(a.options, "--option=Dir::Etc::sourceparts=/dev/null", "--option=Acquire::Languages=none")
	_, err = a.run("apt-get", "update")
	return err
}

// mirror is where this machine gets Debian from.
func (a *apt) mirror() (string, error) {
	ask := func() (string, error) {
		return a.run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian")
	}
	out, err := ask()
	if err == nil && out == "" {
		if _, err := a.run("apt-get", "update"); err != nil {
			return "", err
		}
		out, err = ask()
	}
	if err != nil {
		return "", err
	}
	mirror, _, _ := strings.Cut(out, "\n")
	if mirror == "" {
		return "", fmt.Errorf("apt knows no mirror of Debian")
	}
	return mirror, nil
}

// closure adds what packages depend on, directly or not.
func (a *apt) closure(packages []string) ([]string, error) {
	args := []string{"depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances"}
	out, err := a.run("apt-cache", append(args, packages...)...)
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(out) {
		// Names begin a line, their dependencies are indented, and what several packages provide is in angle brackets.
		name := strings.TrimSpace(line)
		if name != "" && line[0] != ' ' && line[0] != '<' && !strings.Contains(name, ":") {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all, nil
}

// download fetches the packages' archives. If that fails, the lists may be old.
func (a *apt) download(packages []string) error {
	args := append([]string{"download"}, packages...)
	if _, err := a.run("apt-get", args...); err == nil {
		return nil
	}
	if _, err := a.run("apt-get", "update"); err != nil {
		return err
	}
	_, err := a.run("apt-get", args...)
	return err
}

func (a *apt) run(name string, args ...string) (string, error) {
	return run(a.log, a.work, nil, name, append(append([]string{"--quiet"}, a.options...), args...)...)
}
