package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProcess has this program be an elector of the API server that it names.
const asProcess = "ELECTOR_TEST_API"

func TestMain(m *testing.M) {
	if host := os.Getenv(asProcess); host != "" {
		o := testOptions(1)
		o.addresses = []netip.Addr{netip.MustParseAddr("127.0.0.2")}
		_, _ = fmt.Sscan(os.Getenv("PORT"), &o.port)
		if err := elect(stopSignal(), o, clientConfig(host)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A process is an elector that can be paused.
type process struct {
	*exec.Cmd
	url string
}

func startProcess(t *testing.T, a *api) *process {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	p := &process{exec.Command(os.Args[0]), fmt.Sprintf("http://127.0.0.1:%d/leader", port)}
	p.Env = append(os.Environ(), asProcess+"="+a.URL, fmt.Sprintf("PORT=%d", port))
	p.Stderr = os.Stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

func (p *process) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// pause stops the process, and returns when none of its threads runs any more: until then it may still answer.
func (p *process) pause(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGSTOP)
	eventually(t, slack, "all threads stand still", func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.Process.Pid))
		if err != nil || len(threads) == 0 {
			return false
		}
		return !slices.ContainsFunc(threads, func(file string) bool {
			text, err := os.ReadFile(file)
			// The state follows the name, which is in parentheses.
			_, state, _ := strings.Cut(string(text), ") ")
			return err != nil || !strings.HasPrefix(state, "T")
		})
	})
}

func (p *process) status() int {
	response, err := http.Get(p.url)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// TestPause stops the leader's process for so long that another one leads. A request that waits while it is stopped is
// the first that it answers when it goes on, and gets no yes; then the process ends.
func TestPause(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	p := startProcess(t, a)
	eventually(t, crashBound, "the process leads", func() bool { return p.status() == http.StatusOK })
	token := token(a.lease("work"))
	other := a.start(t, 2)
	p.pause(t)
	said := make(chan int)
	go func() { said <- p.status() }()
	_, says := leader(t, crashBound, other)
	if says.Token <= token {
		t.Errorf("token %d follows %d", says.Token, token)
	}
	p.signal(t, syscall.SIGCONT)
	if status := <-said; status == http.StatusOK {
		t.Error("it says that it leads")
	}
	var exit *exec.ExitError
	if err := p.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v", err)
	}
	eventually(t, slack, "the Service leads to the other", func() bool {
		return a.leadsTo("work-leader-ipv4") == other.addresses[0].String()
	})
}

// TestSignal shows that a process that is told to stop gives the Lease back and ends well, and that one that is killed
// leaves it to expire.
func TestSignal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		signal syscall.Signal
		bound  time.Duration
		ends   string
	}{
		{syscall.SIGTERM, gracefulBound, ""},
		{syscall.SIGKILL, crashBound, "signal: killed"},
	} {
		t.Run(test.signal.String(), func(t *testing.T) {
			a := startAPI(t)
			p := startProcess(t, a)
			eventually(t, crashBound, "the process leads", func() bool { return p.status() == http.StatusOK })
			other := a.start(t, 2)
			eventually(t, crashBound, "another one stands by", func() bool { status, _ := other.ask(); return status == http.StatusConflict })
			p.signal(t, test.signal)
			leader(t, test.bound, other)
			if err := p.Wait(); err == nil && test.ends != "" || err != nil && err.Error() != test.ends {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}
