// Package nested is what a cluster with nodes consists of: the first process of the cluster's namespaces, and the
// first process of each node's, which lie inside the cluster's.
//
// A set of namespaces ends with its first process. The kernel then kills whatever else runs in it and takes its
// network, its mounts and its process ids away, so that nothing can be left behind.
package nested

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// The names that a process of a cluster is started under.
const (
	hostRole = "patternctl-test-cluster"
	nodeRole = "patternctl-test-node"
)

// Main does nothing, unless this process was started to be part of a cluster: then it is that part, and doesn't return.
// Every program that starts clusters calls it first.
func Main() {
	var part func(in *bufio.Reader) error
	switch os.Args[0] {
	case hostRole:
		part = runHost
	case nodeRole:
		part = runNode
	default:
		return
	}
	if err := part(bufio.NewReader(os.Stdin)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// newNamespaces are those that a cluster and a node have of their own.
const newNamespaces = unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC

// command starts this program again, as the first process of new namespaces. What it is to do is then written to its
// standard input by send.
func command(role string) *exec.Cmd {
	return &exec.Cmd{Path: "/proc/self/exe", Args: []string{role}, SysProcAttr: &unix.SysProcAttr{Cloneflags: newNamespaces}}
}

// send writes one message, as a line.
func send(w io.Writer, message any) error {
	return json.NewEncoder(w).Encode(message)
}

// receive reads one message.
func receive(r *bufio.Reader, message any) error {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, message)
}
