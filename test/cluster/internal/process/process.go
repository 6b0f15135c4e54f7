// Package process starts programs that cannot outlive the process that started them.
//
// The kernel kills each of them when its parent ends, however that happens: by
// returning, by a panic, by ^C or by SIGKILL. Nothing has to be cleaned up by name.
package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Group is a set of programs that are stopped together, the last started first.
// Their output goes to a file for each in one folder. A Group must be made by New.
type Group struct {
	logs    string
	starts  chan func()
	failure chan error

	mu      sync.Mutex
	members []*Process
}

// New gives an empty group that writes what its programs print into the folder logs.
func New(logs string) (*Group, error) {
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, err
	}
	g := &Group{logs: logs, starts: make(chan func()), failure: make(chan error, 1)}
	go g.start()
	return g, nil
}

// start runs on one thread that lives as long as the group: the kernel takes
// the end of the thread that made a child for the end of its parent.
func (g *Group) start() {
	runtime.LockOSThread()
	for f := range g.starts {
		f()
	}
}

// OnThread calls f on the thread that starts the programs. A namespace that f makes for the thread is theirs.
func (g *Group) OnThread(f func() error) error {
	result := make(chan error)
	g.starts <- func() { result <- f() }
	return <-result
}

// Process is a running program.
type Process struct {
	// Name is what the program is called in messages and what its log file is named after.
	Name string

	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
}

// Start runs cmd. Standard output, unless cmd says otherwise, and standard error
// go to the program's log.
func (g *Group) Start(name string, cmd *exec.Cmd) (*Process, error) {
	p := &Process{Name: name, cmd: cmd, log: filepath.Join(g.logs, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if cmd.Stdout == nil {
		cmd.Stdout = log
	}
	cmd.Stderr = log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	cmd.SysProcAttr.Setpgid = true // ^C in a terminal is for the parent, which then stops its children in order
	if err := g.OnThread(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.members = append(g.members, p)
	go func() {
		p.err = cmd.Wait()
		close(p.done)
		if g.leave(p) {
			select {
			case g.failure <- p.ended():
			default:
			}
		}
	}()
	return p, nil
}

// Failure receives why the first program to end by itself did so, with the end of what it printed.
func (g *Group) Failure() <-chan error { return g.failure }

// leave takes a program out of the group, and says whether it was in it.
func (g *Group) leave(p *Process) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.members, p)
	if i < 0 {
		return false
	}
	g.members = slices.Delete(g.members, i, i+1)
	return true
}

// Stop ends all programs: politely, and after the grace period by force.
func (g *Group) Stop(grace time.Duration) {
	g.mu.Lock()
	members := g.members
	g.members = nil
	g.mu.Unlock()
	for _, p := range slices.Backward(members) {
		p.stop(grace)
	}
}

// Kill ends the program without warning, as a power failure would.
func (g *Group) Kill(p *Process) {
	g.leave(p)
	p.stop(0)
}

// ID is the program's process id.
func (p *Process) ID() int { return p.cmd.Process.Pid }

func (p *Process) stop(grace time.Duration) {
	if grace > 0 {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
			return
		case <-time.After(grace):
		}
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *Process) ended() error {
	reason := "it ended by itself"
	if exit := (*exec.ExitError)(nil); errors.As(p.err, &exit) {
		reason = exit.String()
	}
	return fmt.Errorf("%s: %s\n%s", p.Name, reason, tail(p.log, 2000))
}

// tail is the last part of a file, at most max bytes of it, from the start of a line.
func tail(path string, max int64) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > max {
		_, _ = f.Seek(-max, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	if int64(len(text)) == max {
		if _, rest, ok := bytes.Cut(text, []byte("\n")); ok {
			return rest
		}
	}
	return text
}
