package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const spec = `name: "shop"
replicated: web: container: {image: "ghcr.io/acme/web:1.4.2", port: 8080}
replicated: web: allow: from: anywhere: true
`

// TestClosedPipe is `patternctl generate | true`: the process ends by SIGPIPE,
// as every other program in a pipe does, and says nothing.
func TestClosedPipe(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	var stderr bytes.Buffer
	cmd := exec.Cmd{
		Path:   executable,
		Args:   []string{"patternctl", "generate", "-"},
		Stdin:  strings.NewReader(spec),
		Stdout: writer,
		Stderr: &stderr,
	}
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) {
		t.Fatalf("the process ended with %v, want SIGPIPE", err)
	}
	if status := exit.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGPIPE {
		t.Errorf("the process ended with %v, want SIGPIPE", exit)
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr: %s", stderr.String())
	}
}

// TestClosedPipeWithoutSignal is the same where a parent ignores SIGPIPE.
func TestClosedPipeWithoutSignal(t *testing.T) {
	reader, writer := io.Pipe()
	reader.CloseWithError(syscall.EPIPE)
	var stderr bytes.Buffer
	if code := run([]string{"generate", "-"}, strings.NewReader(spec), writer, &stderr); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr: %s", stderr.String())
	}
}
