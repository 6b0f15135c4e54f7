package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator"
)

// A decorator is a function in front of a service: the proxy, and Bento if it is
// a mapping.
type decorator struct {
	url    string
	client *http.Client
	// changes is the process that runs the mapping.
	changes *exec.Cmd
}

// decorated is a service that says what it was asked.
type decorated struct {
	*httptest.Server
	requests atomic.Int64
	last     atomic.Pointer[http.Request]
	body     atomic.Pointer[string]
}

func newDecorated(t *testing.T) *decorated {
	t.Helper()
	d := &decorated{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.requests.Add(1)
		body, _ := io.ReadAll(r.Body)
		text := string(body)
		d.last.Store(r)
		d.body.Store(&text)
		if wait, err := time.ParseDuration(r.URL.Query().Get("wait")); err == nil {
			time.Sleep(wait)
		}
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		switch r.URL.Path {
		case "/moved":
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, "%d bytes", len(body))
		}
	}))
	t.Cleanup(d.Close)
	return d
}

// startFunction starts what a function becomes, which is given as the fields that
// it has besides its target, in front of a service.
func startFunction(t *testing.T, fields, service string) *decorator {
	t.Helper()
	folder := t.TempDir()
	ports := map[string]string{}
	for _, number := range []string{"8080", "8405", "8406", "8407", "8408"} {
		_, ports[number], _ = net.SplitHostPort(freeAddress(t))
	}
	number := regexp.MustCompile(`\b(8080|840[5-8])\b`)
	for _, file := range functionFiles {
		for _, text := range configurations(t, functionSpec(fields), "", file) {
			if file != "fallback.http" && file != "mapping.blobl" {
				text = strings.ReplaceAll(text, "api.example.com:1080", service)
				text = number.ReplaceAllStringFunc(text, func(port string) string { return ports[port] })
				text = strings.ReplaceAll(text, "0.0.0.0", "127.0.0.1")
				text = strings.ReplaceAll(text, "bind :", "bind 127.0.0.1:")
			}
			writeIn(t, folder, file, text)
		}
	}
	d := &decorator{url: "http://127.0.0.1:" + ports["8080"], client: &http.Client{
		Timeout: 20 * time.Second,
		// HAProxy may end a connection after an answer of its own, and a POST that finds it ended is not sent again.
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if _, err := os.Stat(filepath.Join(folder, "bento.yaml")); err == nil {
		d.changes = run(t, bento(t), "-c", filepath.Join(folder, "bento.yaml"))
		eventually(t, "the mapping is ready", func() bool { return answers(d.client, "http://127.0.0.1:"+ports["8408"]+"/ready") })
	}
	run(t, haproxy(t), "-dW", "-db", "-f", filepath.Join(folder, "haproxy.cfg"))
	eventually(t, "the proxy is ready", func() bool { return answers(d.client, "http://127.0.0.1:"+ports["8405"]+"/readyz") })
	return d
}

// functionFiles are what a function becomes.
var functionFiles = []string{"haproxy.cfg", "decorate.lua", "fallback.http", "bento.yaml", "mapping.blobl"}

func functionSpec(fields string) generator.Sources {
	text := fmt.Sprintf(`
name: "demo"
function: change: {
	decorate: target: "http://api.example.com:1080"
	%s
}`, fields)
	return generator.Sources{Files: []generator.Source{{Name: "demo.cue", Text: []byte(text)}}}
}

// writeIn writes a file that refers to others where they are in a container, and
// are all in one folder here.
func writeIn(t *testing.T, folder, file, text string) {
	t.Helper()
	text = strings.ReplaceAll(text, "/usr/local/etc/haproxy/", folder+"/")
	text = strings.ReplaceAll(text, `from "/mapping.blobl"`, `from "`+folder+`/mapping.blobl"`)
	if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFunctionConfigurationsAreValid checks what the functions of the golden cases
// become, in all of their environments.
func TestFunctionConfigurationsAreValid(t *testing.T) {
	valid := func(path string, args ...string) {
		t.Helper()
		if output, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
			t.Errorf("%s %v: %v\n%s", path, args, err, output)
		}
	}
	checked := 0
	eachGolden(t, func(_, environment string, sources generator.Sources) {
		// The files of one instance are together, by the beginning of the names of
		// their ConfigMaps.
		instances := map[string]string{}
		for _, file := range functionFiles {
			for name, text := range configurations(t, sources, environment, file) {
				instance, _, _ := strings.Cut(name, "-")
				if instances[instance] == "" {
					instances[instance] = t.TempDir()
				}
				writeIn(t, instances[instance], file, serverLine.ReplaceAllString(text, "${1} 127.0.0.1:1"))
			}
		}
		for _, folder := range instances {
			if _, err := os.Stat(filepath.Join(folder, "bento.yaml")); err == nil {
				valid(bento(t), "lint", filepath.Join(folder, "bento.yaml"))
			}
			valid(haproxy(t), "-dW", "-c", "-f", filepath.Join(folder, "haproxy.cfg"))
			checked++
		}
	}, "function-*")
	if checked < 5 {
		t.Errorf("checked only %d configurations", checked)
	}
}

// run starts a program that is killed when the test ends.
func run(t *testing.T, path string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(context.Background(), path, args...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			said := output.Bytes()
			t.Logf("the last words of %s:\n%s", filepath.Base(path), said[max(0, len(said)-2000):])
		}
	})
	return command
}

func answers(client *http.Client, url string) bool {
	response, err := client.Get(url)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// send makes a request, and returns the answer with its body read.
func (d *decorator) send(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := d.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(answer)
}

const colours = `mapping: "root.colour = this.colour.or(\"red\")", failMode: "closed"`

func TestFunctionFillsIn(t *testing.T) {
	service := newDecorated(t)
	d := startFunction(t, colours, service.Listener.Addr().String())
	for body, want := range map[string]string{
		`{"name":"x"}`:                    `{"colour":"red","name":"x"}`,
		`{"colour":"blue"}`:               `{"colour":"blue"}`,
		`{"colour":null}`:                 `{"colour":"red"}`,
		`{"n":9007199254740993,"f":1.10}`: `{"colour":"red","f":1.10,"n":9007199254740993}`,
	} {
		d.send(t, http.MethodPost, "/", body)
		once := *service.body.Load()
		if once != want {
			t.Errorf("of %s the service gets %s, not %s", body, once, want)
		}
		d.send(t, http.MethodPost, "/", once)
		if twice := *service.body.Load(); twice != once {
			t.Errorf("it is not idempotent: %s became %s", once, twice)
		}
	}
}

func TestFunctionLeavesTheRestAlone(t *testing.T) {
	service := newDecorated(t)
	d := startFunction(t, colours, service.Listener.Addr().String())
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		response, body := d.send(t, method, "/a%20b/c?x=1&y=%20&x=2", `{}`, "Cookie", "k=v", "X-Many", "1", "X-Many", "2", "Accept", "text/plain", "Accept-Encoding", "gzip", "X-Forwarded-For", "192.0.2.1")
		r := service.last.Load()
		if r.Method != method || r.RequestURI != "/a%20b/c?x=1&y=%20&x=2" {
			t.Errorf("%s became %s %s", method, r.Method, r.RequestURI)
		}
		r.Header.Del("User-Agent")
		want := http.Header{"Cookie": {"k=v"}, "X-Many": {"1", "2"}, "Accept": {"text/plain"}, "Accept-Encoding": {"gzip"}, "X-Forwarded-For": {"192.0.2.1", "127.0.0.1"}}
		got := r.Header.Clone()
		got.Del("Content-Length")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("headers of %s (-want +got):\n%s", method, diff)
		}
		if response.StatusCode != http.StatusCreated || body != "16 bytes" || len(response.Header["Set-Cookie"]) != 2 {
			t.Errorf("%s is answered with %d %v %s", method, response.StatusCode, response.Header, body)
		}
	}
	if response, _ := d.send(t, http.MethodPost, "/moved", `{}`); response.StatusCode != http.StatusTemporaryRedirect || response.Header.Get("Location") != "/elsewhere" {
		t.Errorf("a redirection became %d %v", response.StatusCode, response.Header)
	}
	if response, body := d.send(t, http.MethodPost, "/empty", `{}`); response.StatusCode != http.StatusNoContent || body != "" {
		t.Errorf("an empty answer became %d %q", response.StatusCode, body)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if response, body := d.send(t, method, "/?x=1", ""); response.StatusCode != http.StatusCreated || body != "0 bytes" || service.last.Load().Method != method {
			t.Errorf("%s without a body is answered with %d %s", method, response.StatusCode, body)
		}
	}
}

func TestFunctionFails(t *testing.T) {
	service := newDecorated(t)
	address := service.Listener.Addr().String()
	closed := startFunction(t, colours+`, timeoutSeconds: 1`, address)
	open := startFunction(t, strings.ReplaceAll(colours, "closed", "open")+`, timeoutSeconds: 1`, address)
	for _, body := range []string{"no JSON", `{"a":1}{"b":2}`, "[1]"} {
		before := service.requests.Load()
		if response, said := closed.send(t, http.MethodPost, "/", body); response.StatusCode != http.StatusBadRequest || !strings.HasPrefix(said, "failed assignment") {
			t.Errorf("%s is answered with %d %s", body, response.StatusCode, said)
		}
		if service.requests.Load() != before {
			t.Errorf("%s got to the service although failMode is closed", body)
		}
		if response, _ := open.send(t, http.MethodPost, "/", body); response.StatusCode != http.StatusCreated || *service.body.Load() != body {
			t.Errorf("with failMode open, %s is answered with %d and became %s", body, response.StatusCode, *service.body.Load())
		}
	}

	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL} {
		for _, d := range []*decorator{closed, open} {
			if err := d.changes.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the mapping is stopped", func() bool {
				status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.changes.Process.Pid))
				return err != nil || strings.ContainsAny(string(status[bytes.LastIndexByte(status, ')'):]), "TZ")
			})
		}
		before := service.requests.Load()
		if response, said := closed.send(t, http.MethodPost, "/", `{}`); response.StatusCode != http.StatusBadGateway {
			t.Errorf("a function that got %s is answered for with %d %s", signal, response.StatusCode, said)
		}
		if service.requests.Load() != before {
			t.Errorf("the function got %s, and the request came to the service although failMode is closed", signal)
		}
		if response, _ := open.send(t, http.MethodPost, "/", `{}`); response.StatusCode != http.StatusCreated || *service.body.Load() != "{}" {
			t.Errorf("with failMode open, a function that got %s is answered for with %d", signal, response.StatusCode)
		}
	}
	if response, _ := closed.send(t, http.MethodGet, "/", ""); response.StatusCode != http.StatusCreated {
		t.Errorf("without a function, a request without a body is answered with %d", response.StatusCode)
	}
}

// TestFunctionIsNotPassedBy tries to get a body to the service that the function
// has not seen.
func TestFunctionIsNotPassedBy(t *testing.T) {
	service := newDecorated(t)
	d := startFunction(t, colours, service.Listener.Addr().String())
	if _, body := d.send(t, http.MethodGet, "/", `{}`); body != "16 bytes" {
		t.Errorf("with GET the service got %s", body)
	}
	if _, body := d.send(t, http.MethodPost, "/", `{}`, "X-Function-Method", "GET"); body != "16 bytes" || service.last.Load().Method != http.MethodPost {
		t.Errorf("with another method in a header the service got %s %s", service.last.Load().Method, body)
	}
	before := service.requests.Load()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	d.client.Transport = &http.Transport{Protocols: &protocols}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url, io.MultiReader(strings.NewReader(`{}`)))
	if err != nil {
		t.Fatal(err)
	}
	if response, err := d.client.Do(request); err == nil {
		response.Body.Close()
		t.Errorf("HTTP/2 is answered with %d", response.StatusCode)
	}
	if service.requests.Load() != before {
		t.Errorf("with HTTP/2 the service got %s", *service.body.Load())
	}
}

func TestFunctionBrings(t *testing.T) {
	const fallback = `{"error": "küche zu"}`
	service := newDecorated(t)
	address := service.Listener.Addr().String()
	d := startFunction(t, colours+`, timeoutSeconds: 2, decorate: {retries: 0, timeoutSeconds: 1, fallback: {status: 200, body: #"`+fallback+`"#}}`, address)
	plain := startFunction(t, colours+`, decorate: {retries: 0, timeoutSeconds: 1}`, address)
	// Its own answers and the function's time are no reason for another.
	if response, _ := d.send(t, http.MethodPost, "/empty", `{}`); response.StatusCode != http.StatusNoContent {
		t.Errorf("an answer became %d", response.StatusCode)
	}
	for _, what := range []string{"is slow", "is down"} {
		path := "/?wait=1500ms"
		if what == "is down" {
			service.CloseClientConnections()
			service.Listener.Close()
			path = "/"
		}
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			response, body := d.send(t, method, path, strings.Repeat(`{}`, len(method)/4))
			if response.StatusCode != http.StatusOK || body != fallback || response.Header.Get("Content-Type") != "application/json" {
				t.Errorf("a service that %s is answered for with %d %v %s to %s", what, response.StatusCode, response.Header, body, method)
			}
			if response, body := plain.send(t, method, path, strings.Repeat(`{}`, len(method)/4)); response.StatusCode < 502 || response.StatusCode > 504 {
				t.Errorf("without a fallback, a service that %s is answered for with %d %s to %s", what, response.StatusCode, body, method)
			}
		}
	}
}

func TestFunctionBounds(t *testing.T) {
	service := newDecorated(t)
	d := startFunction(t, colours+`, maxBody: "300Ki"`, service.Listener.Addr().String())
	document := func(size int) string { return `{"d":"` + strings.Repeat("x", size-8) + `"}` }
	for _, test := range []struct{ size, status int }{{300 << 10, http.StatusCreated}, {300<<10 + 1, http.StatusRequestEntityTooLarge}, {3 << 20, http.StatusRequestEntityTooLarge}} {
		for _, length := range []bool{true, false} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url, strings.NewReader(document(test.size)))
			if err != nil {
				t.Fatal(err)
			}
			if !length {
				request.ContentLength = -1
			}
			request.Close = true
			response, err := d.client.Do(request)
			if err != nil {
				t.Errorf("%d bytes, length said %v: %v", test.size, length, err)
				continue
			}
			response.Body.Close()
			if response.StatusCode != test.status {
				t.Errorf("%d bytes, length said %v, are answered with %d, not %d", test.size, length, response.StatusCode, test.status)
			}
		}
	}
}

func TestFunctionTakesMany(t *testing.T) {
	service := newDecorated(t)
	d := startFunction(t, colours, service.Listener.Addr().String())
	d.client.Transport = &http.Transport{MaxIdleConnsPerHost: 50}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			for range 40 {
				if response, body := d.send(t, http.MethodPost, "/", `{}`); response.StatusCode != http.StatusCreated || body != "16 bytes" {
					t.Errorf("%d %s", response.StatusCode, body)
					return
				}
			}
		})
	}
	group.Wait()
	if n := service.requests.Load(); n != 2000 {
		t.Errorf("2000 requests were %d for the service", n)
	}
}

func TestFunctionHandler(t *testing.T) {
	service := newDecorated(t)
	var asked atomic.Pointer[http.Request]
	handler := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r)
		body, _ := io.ReadAll(r.Body)
		switch string(body) {
		case "refuse":
			w.Header().Set("Content-Type", "text/x-reason")
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, "because")
		case "fail":
			w.WriteHeader(http.StatusInternalServerError)
		case "nothing":
		default:
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, strings.ToUpper(string(body)))
		}
	}))
	defer handler.Close()
	_, port, _ := net.SplitHostPort(handler.Listener.Addr().String())
	const fields = `container: {image: "ghcr.io/acme/check:1.0.0", port: %s}, failMode: %q`
	d := startFunction(t, fmt.Sprintf(fields, port, "closed"), service.Listener.Addr().String())
	if response, _ := d.send(t, http.MethodPut, "/p?q=1", "text", "X-User", "u"); response.StatusCode != http.StatusCreated || *service.body.Load() != "TEXT" {
		t.Errorf("%d, and the service got %s", response.StatusCode, *service.body.Load())
	}
	if r := asked.Load(); r.Method != http.MethodPost || r.RequestURI != "/p?q=1" || r.Header.Get("X-User") != "u" {
		t.Errorf("the function was asked %s %s %v", r.Method, r.RequestURI, r.Header)
	}
	for body, want := range map[string]string{"refuse": "422 text/x-reason because", "fail": "502 text/plain the function gives no answer\n", "nothing": "502 text/plain the function gives no answer\n"} {
		before := service.requests.Load()
		response, said := d.send(t, http.MethodPost, "/", body)
		if got := fmt.Sprint(response.StatusCode, " ", response.Header.Get("Content-Type"), " ", said); got != want || service.requests.Load() != before {
			t.Errorf("%s is answered with %q, not %q, after %d requests to the service", body, got, want, service.requests.Load()-before)
		}
	}
	open := startFunction(t, fmt.Sprintf(fields, port, "open"), service.Listener.Addr().String())
	for _, body := range []string{"refuse", "fail", "nothing"} {
		if response, _ := open.send(t, http.MethodPost, "/", body); response.StatusCode != http.StatusCreated || *service.body.Load() != body {
			t.Errorf("with failMode open, %s is answered with %d", body, response.StatusCode)
		}
	}
}
