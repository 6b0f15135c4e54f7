package cluster_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/patternctl/patternctl/test/cluster"
)

func TestMain(m *testing.M) {
	cluster.Main()
	os.Exit(m.Run())
}

// TestNothingIsLeft ends the program that keeps a cluster in the ways in which programs end.
func TestNothingIsLeft(t *testing.T) {
	program := filepath.Join(t.TempDir(), "cluster")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/cluster").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, nodes := range []string{"0", "1"} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
			t.Run(nodes+" nodes, "+signal.String(), func(t *testing.T) {
				if nodes != "0" && os.Geteuid() != 0 {
					t.Skip("nodes need root")
				}
				cmd, dir := keep(t, program, nodes)
				if len(processes(t, dir)) == 0 {
					t.Fatal("no process of the cluster is to be seen")
				}
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				_ = cmd.Wait()
				var left []string
				for range 100 {
					if left = processes(t, dir); len(left) == 0 {
						break
					}
					time.Sleep(100 * time.Millisecond)
				}
				if len(left) > 0 {
					t.Errorf("processes are left: %q", left)
				}
				if signal == syscall.SIGKILL {
					// What a killed program couldn't remove, the next one removes.
					cmd, _ := keep(t, program, "0")
					if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
						t.Fatal(err)
					}
					_ = cmd.Wait()
				}
				if _, err := os.Stat(dir); !os.IsNotExist(err) {
					t.Errorf("%s is left", dir)
				}
				groups, _ := exec.Command("find", "/sys/fs/cgroup", "-name", "patternctl-"+filepath.Base(dir)+"*").Output()
				if len(groups) > 0 {
					t.Errorf("cgroups are left: %s", groups)
				}
			})
		}
	}
}

// keep starts the program, and returns when the cluster is up, with the cluster's folder.
func keep(t *testing.T, program, nodes string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(program, "--nodes", nodes)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, kubeconfig, ok := strings.Cut(strings.TrimSpace(line), "KUBECONFIG=")
	if !ok {
		t.Fatalf("it printed %q", line)
	}
	return cmd, filepath.Dir(filepath.Dir(kubeconfig))
}

// processes are those with a path below dir among their arguments.
func processes(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte(dir)) {
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// TestReasons shows that what can't work says why.
func TestReasons(t *testing.T) {
	if _, err := cluster.Start(t.Context(), cluster.Options{Version: "1.37"}); err == nil || !strings.Contains(err.Error(), "is not a version of Kubernetes such as") {
		t.Errorf("an impossible version: %v", err)
	}
	if _, err := cluster.Start(t.Context(), cluster.Options{Nodes: 9}); err == nil || !strings.Contains(err.Error(), "0 to 8 nodes") {
		t.Errorf("too many nodes: %v", err)
	}
	t.Setenv("PATH", "/nowhere")
	if os.Geteuid() == 0 {
		if _, err := cluster.Start(t.Context(), cluster.Options{Nodes: 1}); err == nil || !strings.Contains(err.Error(), "nft") {
			t.Errorf("a machine without nft: %v", err)
		}
	}
}

// TestVocabulary holds that scenarios can be told without anything else of this project: the words are for its users too.
func TestVocabulary(t *testing.T) {
	const own = "github.com/patternctl/patternctl/test/cluster/scenario"
	out, err := exec.Command("go", "list", "-deps", own).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range strings.Fields(string(out)) {
		if strings.HasPrefix(pkg, "github.com/patternctl/") && pkg != own {
			t.Errorf("the vocabulary depends on %s", pkg)
		}
	}
}
