package scenario

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Client is a pod that sends requests, so that they take the way that the requests of any other pod take.
type Client struct {
	s              *Scenario
	namespace, pod string
}

// ClientIn is a client in the main container of a pod that runs the tests' own application, which reaches what listens
// on the pod's loopback.
func (s *Scenario) ClientIn(pod core.Pod) *Client { return &Client{s, pod.Namespace, pod.Name} }

// Client starts a client in a namespace of the scenario.
func (s *Scenario) Client(namespace string) *Client {
	s.Helper()
	yes, no, user := true, false, int64(65532)
	_, err := s.Kube.CoreV1().Pods(namespace).Create(s.Context(), &core.Pod{
		ObjectMeta: meta.ObjectMeta{Name: "client", Labels: map[string]string{"app.kubernetes.io/name": "client"}},
		Spec: core.PodSpec{
			AutomountServiceAccountToken: &no,
			SecurityContext: &core.PodSecurityContext{
				RunAsNonRoot: &yes, RunAsUser: &user,
				SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []core.Container{{
				Name: "client", Image: s.cluster.App, Args: []string{"pause"},
				SecurityContext: &core.SecurityContext{
					AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes,
					Capabilities: &core.Capabilities{Drop: []core.Capability{"ALL"}},
				},
			}},
		},
	}, meta.CreateOptions{})
	if err != nil {
		s.Fatal(err)
	}
	s.Wait("the client", func() string {
		for _, pod := range s.Pods(namespace, "app.kubernetes.io/name=client") {
			if Ready(pod) {
				return ""
			}
		}
		return "it is not ready"
	})
	return &Client{s, namespace, "client"}
}

// Node is the name of the node that the client runs on.
func (c *Client) Node() string {
	c.s.Helper()
	pod, err := c.s.Kube.CoreV1().Pods(c.namespace).Get(c.s.Context(), c.pod, meta.GetOptions{})
	if err != nil {
		c.s.Fatal(err)
	}
	return pod.Spec.NodeName
}

// Request says what a client sends.
type Request struct {
	// URL is where to. {key} in it stands for the request's key.
	URL string
	// Method is GET unless it is set. Body may hold {key} too.
	Method, Body string
	// Header names the header that carries the key.
	Header string
	// Trust is the certificate, in PEM, by which servers that speak HTTPS are trusted.
	Trust string
	// Cookies makes each key a client that keeps its cookies.
	Cookies bool
	// Keys is the number of different keys, 1 unless it is set; keys are key-0, key-1 and so on.
	Keys int
	// Rounds is how many requests are sent for each key, 1 unless it is set.
	Rounds int
	// Rate is how many are begun in a second, 200 unless it is set.
	Rate int
	// Timeout is how long an answer may take, 5 s unless it is set.
	Timeout time.Duration
}

func (r Request) args() []string {
	args := []string{"/app", "request"}
	for flag, value := range map[string]string{"method": r.Method, "body": r.Body, "header": r.Header, "trust": r.Trust} {
		if value != "" {
			args = append(args, "-"+flag+"="+value)
		}
	}
	for flag, value := range map[string]int{"keys": r.Keys, "rate": r.Rate} {
		if value != 0 {
			args = append(args, "-"+flag+"="+strconv.Itoa(value))
		}
	}
	if r.Cookies {
		args = append(args, "-cookies")
	}
	if r.Timeout != 0 {
		args = append(args, "-timeout="+r.Timeout.String())
	}
	return args
}

// Response is how one request ended.
type Response struct {
	// Key is the request's.
	Key string
	// Status is the HTTP status, or 0 if there was no answer, and then Error says why.
	Status int
	Error  string
	// Pod answered, and Boot tells one run of its container from the next. Value is what it had stored.
	Pod, Boot, Value string
	// Certificate is the serial number of the one that the server showed, if it did.
	Certificate string
	// Served is how many such requests that run of the container had answered.
	Served int64
	// Gathered is what one root made of several servers' answers.
	Gathered json.RawMessage
	// At is when the request was sent, and Took how long the answer took.
	At   time.Time
	Took time.Duration
}

// OK says whether the request was answered as it should be.
func (r Response) OK() bool { return r.Status == http.StatusOK }

// Responses are those to several requests, in the order in which they ended.
type Responses []Response

// Pods counts the responses of each pod.
func (rs Responses) Pods() map[string]int {
	pods := map[string]int{}
	for _, r := range rs {
		if r.OK() {
			pods[r.Pod]++
		}
	}
	return pods
}

// Owners gives the pod that answered for each key.
func (rs Responses) Owners() map[string]string {
	owners := map[string]string{}
	for _, r := range rs {
		if r.OK() {
			owners[r.Key] = r.Pod
		}
	}
	return owners
}

// Failed are those that were not answered as they should be.
func (rs Responses) Failed() Responses {
	var failed Responses
	for _, r := range rs {
		if !r.OK() {
			failed = append(failed, r)
		}
	}
	return failed
}

// String says how many failed, and why the first of them did.
func (rs Responses) String() string {
	failed := rs.Failed()
	if len(failed) == 0 {
		return fmt.Sprintf("%d requests, none failed", len(rs))
	}
	f := failed[0]
	return fmt.Sprintf("%d of %d requests failed, the first at %s with status %d %s", len(failed), len(rs), f.At.Format("15:04:05.000"), f.Status, f.Error)
}

// Get sends one request.
func (c *Client) Get(url string) Response {
	c.s.Helper()
	return c.Request(Request{URL: url})[0]
}

// Request sends requests and returns the responses to all.
func (c *Client) Request(r Request) Responses {
	c.s.Helper()
	rounds := max(r.Rounds, 1)
	args := append(r.args(), "-rounds="+strconv.Itoa(rounds), r.URL)
	out, stderr, err := c.s.kubectl("", append([]string{"exec", "--namespace", c.namespace, c.pod, "--"}, args...)...)
	if err != nil {
		c.s.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	responses := parse(c.s, []byte(out))
	if want := rounds * max(r.Keys, 1); len(responses) != want {
		c.s.Fatalf("%s: %d responses to %d requests", strings.Join(args, " "), len(responses), want)
	}
	return responses
}

// WaitAnswers waits until an address answers every request: every node has to hear of a new Service first.
func (c *Client) WaitAnswers(url string) {
	c.s.Helper()
	c.s.Wait(url+" to answer", func() string {
		responses := c.Request(Request{URL: url, Rounds: 20, Timeout: time.Second})
		if len(responses.Failed()) > 0 {
			return responses.String()
		}
		return ""
	})
}

// Load is a stream of requests that goes on until it is stopped.
type Load struct {
	s       *Scenario
	command *exec.Cmd
	end     io.Closer
	out     bytes.Buffer
}

// Load begins to send requests. Rounds means nothing.
func (c *Client) Load(r Request) *Load {
	c.s.Helper()
	args := append([]string{"exec", "--stdin", "--namespace", c.namespace, c.pod, "--"}, r.args()...)
	l := &Load{s: c.s, command: c.s.kubectlCommand(append(args, "-rounds=0", r.URL)...)}
	l.command.Stdout = &l.out
	stdin, err := l.command.StdinPipe()
	if err != nil {
		c.s.Fatal(err)
	}
	l.end = stdin
	if err := l.command.Start(); err != nil {
		c.s.Fatal(err)
	}
	return l
}

// Stop ends the stream and returns the responses to all its requests.
func (l *Load) Stop() Responses {
	l.s.Helper()
	_ = l.end.Close()
	if err := l.command.Wait(); err != nil {
		l.s.Fatalf("the load ended with %v", err)
	}
	responses := parse(l.s, l.out.Bytes())
	if len(responses) == 0 {
		l.s.Fatal("the load sent no request")
	}
	return responses
}

func parse(s *Scenario, out []byte) Responses {
	s.Helper()
	var responses Responses
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		var r Response
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			s.Fatalf("the client printed %q: %v", lines.Text(), err)
		}
		responses = append(responses, r)
	}
	return responses
}
