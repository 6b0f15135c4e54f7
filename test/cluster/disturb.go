package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Signal sends a signal to the processes of a pod, which is known by its UID, that run a program, such as /app.
func (c *Cluster) Signal(pod, program string, signal syscall.Signal) error {
	processes, err := podProcesses(pod)
	if err != nil {
		return err
	}
	var found bool
	for _, p := range processes {
		// The process that holds the pod's namespaces is no container's.
		if p.args[0] != program || len(p.args) > 1 && p.args[1] == "pause" {
			continue
		}
		found = true
		if err := syscall.Kill(p.id, signal); err != nil {
			return fmt.Errorf("signal %s in pod %s: %w", program, pod, err)
		}
	}
	if !found {
		return fmt.Errorf("no process of pod %s runs %s", pod, program)
	}
	return nil
}

// SignalAPIServer sends a signal to the API server.
func (c *Cluster) SignalAPIServer(signal syscall.Signal) error {
	processes, err := processesWith(func(id int, args []string) bool {
		return len(args) > 1 && args[1] == "kube-apiserver" && strings.Contains(strings.Join(args, " "), c.dir.path)
	})
	if err != nil || len(processes) != 1 {
		return fmt.Errorf("%d API servers run: %w", len(processes), err)
	}
	return syscall.Kill(processes[0].id, signal)
}

// CutOff has a pod's network drop what it sends to an address, or no longer.
func (c *Cluster) CutOff(pod, address string, off bool) error {
	processes, err := podProcesses(pod)
	if err != nil {
		return err
	}
	if len(processes) == 0 {
		return fmt.Errorf("pod %s has no processes", pod)
	}
	route := &netlink.Route{Dst: &net.IPNet{IP: net.ParseIP(address), Mask: net.CIDRMask(32, 32)}, Type: unix.RTN_BLACKHOLE}
	return inNetwork(processes[0].id, func() error {
		if off {
			return netlink.RouteAdd(route)
		}
		return netlink.RouteDel(route)
	})
}

// inNetwork calls f in the network of a process.
func inNetwork(id int, f func() error) error {
	file, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", id))
	if err != nil {
		return err
	}
	defer file.Close()
	result := make(chan error)
	go func() {
		// The thread ends with this function, and nothing else runs in that network.
		runtime.LockOSThread()
		if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
			result <- err
			return
		}
		result <- f()
	}()
	return <-result
}

// running is a process of this machine.
type running struct {
	id   int
	args []string
}

// podProcesses are those in the control groups of a pod.
func podProcesses(pod string) ([]running, error) {
	return processesWith(func(id int, _ []string) bool {
		groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", id))
		return err == nil && bytes.Contains(groups, []byte("/pod"+pod))
	})
}

func processesWith(is func(id int, args []string) bool) ([]running, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, err
	}
	var found []running
	for _, file := range files {
		line, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) || len(line) == 0 {
			continue // it has ended
		}
		if err != nil {
			return nil, err
		}
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		if args := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00"); is(id, args) {
			found = append(found, running{id, args})
		}
	}
	return found, nil
}
