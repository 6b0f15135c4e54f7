// Package scenario is a small vocabulary for saying how manifests are to behave on a real cluster: apply, wait, request,
// kill, drain, observe.
//
// A scenario owns the namespaces that it makes, all of which enforce the restricted Pod Security Standard, and removes
// them at its end. Whatever goes wrong ends the test with the reason and with what the cluster says about the pods.
package scenario

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is where scenarios run.
type Cluster struct {
	// Kubeconfig is the path of the kubeconfig.
	Kubeconfig string
	// Kubectl is the command that is kubectl, with the arguments that come first.
	Kubectl []string
	// App is the image of the test application, which the cluster can run.
	App string
	// KillNode ends a node as a power failure would, and StartNode starts it again. Nil where that may not be done.
	KillNode, StartNode func(name string) error
	// Signal sends a signal to the processes of a pod that run a program, SignalAPIServer to the API server, and CutOff
	// takes an address away from a pod or gives it back. The pod is known by its UID. Nil where that is impossible.
	Signal          func(pod, program string, signal syscall.Signal) error
	SignalAPIServer func(signal syscall.Signal) error
	CutOff          func(pod, address string, off bool) error
}

// patience is how long anything may take that nobody says otherwise about.
const patience = 3 * time.Minute

// Scenario is a test on a cluster.
type Scenario struct {
	*testing.T
	// Kube is for what the vocabulary has no word for.
	Kube kubernetes.Interface

	cluster    Cluster
	namespaces []string
}

// New begins a scenario.
func New(t *testing.T, cluster Cluster) *Scenario {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.Burst = 100, 200
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	s := &Scenario{T: t, Kube: kube, cluster: cluster}
	t.Cleanup(s.end)
	return s
}

// Namespace makes a namespace that enforces the restricted standard. It is deleted with all in it when the scenario ends.
func (s *Scenario) Namespace(name string) {
	s.Helper()
	_, err := s.Kube.CoreV1().Namespaces().Create(s.Context(), &core.Namespace{ObjectMeta: meta.ObjectMeta{
		Name: name,
		Labels: map[string]string{
			"pod-security.kubernetes.io/enforce": "restricted",
			"pod-security.kubernetes.io/warn":    "restricted",
		},
	}}, meta.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		s.Fatalf("namespace %s is there already: it may be somebody's, so nothing is done to it", name)
	}
	if err != nil {
		s.Fatal(err)
	}
	s.namespaces = append(s.namespaces, name)
}

// end tells what a failed scenario left, and deletes its namespaces.
func (s *Scenario) end() {
	if s.Failed() {
		for _, namespace := range s.namespaces {
			s.Log(s.describe(namespace))
		}
	}
	now := int64(0)
	for _, namespace := range s.namespaces {
		// Pods would otherwise take their grace period, and the next scenario has to share the machine with them.
		_ = s.Kube.CoreV1().Pods(namespace).DeleteCollection(context.Background(), meta.DeleteOptions{GracePeriodSeconds: &now}, meta.ListOptions{})
		if err := s.Kube.CoreV1().Namespaces().Delete(context.Background(), namespace, meta.DeleteOptions{}); err != nil {
			s.Errorf("delete namespace %s: %v", namespace, err)
		}
	}
}

// describe says how the pods of a namespace are, and what events warned of.
func (s *Scenario) describe(namespace string) string {
	var b strings.Builder
	b.WriteString("namespace " + namespace + ":\n")
	pods, err := s.Kube.CoreV1().Pods(namespace).List(context.Background(), meta.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, pod := range pods.Items {
		b.WriteString("  " + pod.Name + " " + string(pod.Status.Phase))
		for _, c := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			b.WriteString(" " + c.Name + ":")
			switch {
			case c.Ready:
				b.WriteString("ready")
			case c.State.Waiting != nil:
				b.WriteString(c.State.Waiting.Reason)
			case c.State.Terminated != nil:
				b.WriteString(c.State.Terminated.Reason)
			default:
				b.WriteString("not ready")
			}
		}
		b.WriteString("\n")
	}
	events, err := s.Kube.CoreV1().Events(namespace).List(context.Background(), meta.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		return err.Error()
	}
	for _, event := range events.Items {
		b.WriteString("  " + event.InvolvedObject.Name + ": " + event.Reason + ": " + event.Message + "\n")
	}
	return b.String()
}

// kubectl runs kubectl and returns what it prints on both outputs.
func (s *Scenario) kubectl(stdin string, args ...string) (stdout, stderr string, err error) {
	var out, warnings strings.Builder
	cmd := s.kubectlCommand(args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &out, &warnings
	err = cmd.Run()
	return out.String(), warnings.String(), err
}

func (s *Scenario) kubectlCommand(args ...string) *exec.Cmd {
	all := append(append([]string{}, s.cluster.Kubectl[1:]...), args...)
	cmd := exec.Command(s.cluster.Kubectl[0], all...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.cluster.Kubeconfig)
	return cmd
}
