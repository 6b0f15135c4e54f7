package engine

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/patternctl/patternctl/generator"
)

func haproxy(t *testing.T) string {
	t.Helper()
	return program(t, "haproxy", "HAPROXY", "apt-get install --no-install-recommends haproxy")
}

// routerConfig is the configuration of the router of a sharded instance, which
// is given as the fields that it has besides its container.
func routerConfig(t *testing.T, fields string) string {
	t.Helper()
	for _, config := range configurations(t, shardedUsers(fields), "", "haproxy.cfg") {
		return config
	}
	t.Fatal("the spec becomes no router")
	return ""
}

func shardedUsers(fields string) generator.Sources {
	text := fmt.Sprintf(`
name: "demo"
sharded: users: {
	container: {image: "ghcr.io/acme/users:2.0.1", port: 8080, probes: readiness: path: "/ready"}
	%s
}`, fields)
	return generator.Sources{Files: []generator.Source{{Name: "demo.cue", Text: []byte(text)}}}
}

var (
	bindLine   = regexp.MustCompile(`(?m)^( *bind) \S+`)
	serverLine = regexp.MustCompile(`(?m)^( *server (\S+)) \S+`)
)

// onLoopback replaces the addresses in a generated configuration, which exist
// only in a cluster, and nothing else: names, ids, weights and rules remain.
// What the proxy listens on, the admin port, then the one for requests, and
// perhaps one for plain HTTP, becomes file descriptors from 3 on, which are open
// already. Servers without an address are left to DNS.
func onLoopback(t *testing.T, config string, addresses map[string]string) string {
	t.Helper()
	descriptor := 2
	config = bindLine.ReplaceAllStringFunc(config, func(line string) string {
		descriptor++
		return bindLine.ReplaceAllString(line, fmt.Sprintf("${1} fd@%d", descriptor))
	})
	if descriptor < 4 {
		t.Fatalf("the configuration listens on %d ports, not on 2:\n%s", descriptor-2, config)
	}
	return serverLine.ReplaceAllStringFunc(config, func(line string) string {
		parts := serverLine.FindStringSubmatch(line)
		address, ok := addresses[parts[2]]
		if !ok && strings.Contains(config, "\nresolvers ") {
			return line
		}
		if !ok {
			t.Fatalf("there is no shard for %q", line)
		}
		return parts[1] + " " + address
	})
}

// A proxy is a running HAProxy.
type proxy struct {
	// url and admin are where it listens, and plain where it does besides.
	url, admin, plain string
	client            *http.Client
	command           *exec.Cmd
	// ended is closed when the process has.
	ended chan struct{}
}

// start runs HAProxy with a generated configuration in front of shards, and
// waits until it is ready. A warning is an error.
func start(t *testing.T, config string, shards []*shard) *proxy {
	t.Helper()
	command, listeners := prepare(t, config, addressesOf(shards))
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &proxy{
		admin:   "http://" + listeners[0].Addr().String(),
		url:     "http://" + listeners[1].Addr().String(),
		client:  &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: parallel}},
		command: command,
		ended:   make(chan struct{}),
	}
	if len(listeners) > 2 {
		p.plain = "http://" + listeners[2].Addr().String()
	}
	// Now only HAProxy holds the ports.
	for _, l := range listeners {
		l.Close()
	}
	for _, f := range command.ExtraFiles {
		f.Close()
	}
	go func() {
		defer close(p.ended)
		// How it ended, and that it was killed, is of no interest.
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			said := output.Bytes()
			t.Logf("HAProxy's last words:\n%s", said[max(0, len(said)-2000):])
		}
	})
	eventually(t, "HAProxy is ready", func() bool { return p.status("/readyz") == http.StatusOK })
	return p
}

// prepare makes the command and the sockets that it will listen on.
func prepare(t *testing.T, config string, addresses map[string]string, flags ...string) (*exec.Cmd, []net.Listener) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(onLoopback(t, config, addresses)), 0o600); err != nil {
		t.Fatal(err)
	}
	// -dW makes warnings errors, -db keeps it in the foreground.
	command := exec.CommandContext(context.Background(), haproxy(t), append([]string{"-dW", "-db", "-f", file}, flags...)...)
	var listeners []net.Listener
	for range bindLine.FindAllString(config, -1) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		listeners = append(listeners, l)
		command.ExtraFiles = append(command.ExtraFiles, f)
	}
	return command, listeners
}

// stop kills the proxy, if it still runs.
func (p *proxy) stop() {
	_ = p.command.Process.Kill()
	<-p.ended
	p.client.CloseIdleConnections()
}

// status is what the admin port answers, or 0.
func (p *proxy) status(path string) int {
	response, err := p.client.Get(p.admin + path)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// metrics is what Prometheus would be told.
func (p *proxy) metrics(t *testing.T) string {
	t.Helper()
	answer := ask(p.client, get(p.admin+"/metrics"))
	if answer.status != http.StatusOK {
		t.Fatalf("/metrics is answered with %d %s", answer.status, answer.body)
	}
	return answer.body
}

// eventually waits for something that takes a few seconds at most.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !happened(); {
		if time.Now().After(deadline) {
			t.Fatalf("still not true after 10 seconds: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestConfigurationsAreValid checks every configuration that the specs of the
// golden cases become, in all of their environments.
func TestConfigurationsAreValid(t *testing.T) {
	mounted, checked := newSecret(t), 0
	eachGolden(t, func(folder, environment string, sources generator.Sources) {
		scripts := configurations(t, sources, environment, "certificate.lua")
		for name, config := range configurations(t, sources, environment, "haproxy.cfg") {
			if script, ok := scripts[name]; ok {
				config = mounted.mounted(t, config, script)
			}
			addresses := map[string]string{}
			for _, parts := range serverLine.FindAllStringSubmatch(config, -1) {
				addresses[parts[2]] = "127.0.0.1:1"
			}
			command, _ := prepare(t, config, addresses, "-c")
			if output, err := command.CombinedOutput(); err != nil {
				t.Errorf("%s [%s] %s: %v\n%s\n%s", folder, environment, name, err, output, config)
			}
			checked++
		}
	}, "ambassadors-*", "replicated-*", "sharded-*")
	if checked < 10 {
		t.Errorf("checked only %d configurations", checked)
	}
}
