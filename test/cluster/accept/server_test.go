package accept

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/patternctl/patternctl/test/cluster"
)

// versions are those to which objects are sent: the user's own cluster if KUBECONFIG names it.
func versions() []string {
	if own := os.Getenv("KUBECONFIG"); own != "" {
		return []string{"own"}
	}
	return []string{cluster.Oldest, cluster.Newest}
}

// server is an API server with controllers, and without nodes.
type server struct {
	config *rest.Config
	kube   kubernetes.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

// start brings up a control plane for the test, or takes the user's.
func start(t *testing.T, version string) *server {
	t.Helper()
	kubeconfig := os.Getenv("KUBECONFIG")
	if version != "own" {
		c, err := cluster.Start(t.Context(), cluster.Options{Version: version, Progress: func(line string) { fmt.Fprintln(os.Stderr, line) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Stop)
		kubeconfig = c.Kubeconfig
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.Burst = 500, 1000
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{config: config, kube: kube, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kube.Discovery()))}
	if version != "own" {
		s.define(t)
	}
	return s
}

// define makes the kinds of the add-ons known.
func (s *server) define(t *testing.T) {
	t.Helper()
	definitions, err := cluster.CustomResources()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range definitions {
		objects, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			if err := s.create(t.Context(), s.config, object, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	time.Sleep(time.Second) // a new kind is served a moment later
	s.mapper.Reset()
}

// submit sends a manifest's objects to the server, in namespaces of its own: first dry, then for real. It returns
// everything that the server and its controllers find wrong.
func (s *server) submit(t *testing.T, m manifest) []string {
	t.Helper()
	objects, err := decode(m.text)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	warnings := &warnings{}
	config := rest.CopyConfig(s.config)
	config.WarningHandler = warnings
	namespaces := map[string]string{}
	for _, object := range objects {
		name := object.GetNamespace()
		if name == "" {
			continue
		}
		if namespaces[name] == "" {
			namespaces[name] = s.namespace(t)
		}
		object.SetNamespace(namespaces[name])
	}
	if err := s.provide(t.Context(), objects); err != nil {
		t.Fatal(err)
	}
	for _, dryRun := range [][]string{{meta.DryRunAll}, nil} {
		for _, object := range objects {
			if err := s.create(t.Context(), config, object, dryRun); err != nil {
				problems = append(problems, fmt.Sprintf("%s %s: %v", object.GetKind(), object.GetName(), err))
			}
			for _, warning := range warnings.take() {
				problems = append(problems, fmt.Sprintf("%s %s: warning: %s", object.GetKind(), object.GetName(), warning))
			}
		}
	}
	for _, namespace := range namespaces {
		problems = append(problems, s.controllersSay(t, namespace)...)
	}
	return problems
}

// create sends one object, which must have no unknown or repeated field.
func (s *server) create(ctx context.Context, config *rest.Config, object *unstructured.Unstructured, dryRun []string) error {
	mapping, err := s.mapper.RESTMapping(object.GroupVersionKind().GroupKind(), object.GroupVersionKind().Version)
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	_, err = client.Resource(mapping.Resource).Namespace(object.GetNamespace()).Create(ctx, object, meta.CreateOptions{
		DryRun:          dryRun,
		FieldValidation: meta.FieldValidationStrict,
	})
	return err
}

// controllersSay waits until the controllers have made pods of every workload in a namespace, and returns what they
// couldn't do. There are no nodes, so no pod runs.
func (s *server) controllersSay(t *testing.T, namespace string) []string {
	t.Helper()
	missing := ""
	for range 300 {
		if missing = s.workloadWithoutPods(t, namespace); missing == "" {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	var problems []string
	if missing != "" {
		problems = append(problems, missing+" has no pods after 30 s")
	}
	events, err := s.kube.CoreV1().Events(namespace).List(t.Context(), meta.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		return []string{err.Error()}
	}
	for _, event := range events.Items {
		// Whether pods run is not asked here.
		if event.Reason == "FailedCreate" || event.Reason == "ProvisioningFailed" {
			problems = append(problems, fmt.Sprintf("%s %s: %s: %s", event.InvolvedObject.Kind, event.InvolvedObject.Name, event.Reason, event.Message))
		}
	}
	return problems
}

// workloadWithoutPods names a workload that wants pods and has none.
func (s *server) workloadWithoutPods(t *testing.T, namespace string) string {
	t.Helper()
	apps, batch := s.kube.AppsV1(), s.kube.BatchV1()
	deployments, err1 := apps.Deployments(namespace).List(t.Context(), meta.ListOptions{})
	sets, err2 := apps.StatefulSets(namespace).List(t.Context(), meta.ListOptions{})
	jobs, err3 := batch.Jobs(namespace).List(t.Context(), meta.ListOptions{})
	if err := errors.Join(err1, err2, err3); err != nil {
		return err.Error()
	}
	for _, d := range deployments.Items {
		if *d.Spec.Replicas > 0 && d.Status.Replicas == 0 {
			return "Deployment " + d.Name
		}
	}
	for _, set := range sets.Items {
		if *set.Spec.Replicas > 0 && set.Status.Replicas == 0 {
			return "StatefulSet " + set.Name
		}
	}
	for _, job := range jobs.Items {
		suspended := job.Spec.Suspend != nil && *job.Spec.Suspend
		if !suspended && job.Status.Active == 0 {
			return "Job " + job.Name
		}
	}
	return ""
}

// namespace makes one that enforces the restricted standard, and deletes it at the test's end.
func (s *server) namespace(t *testing.T) string {
	t.Helper()
	made, err := s.kube.CoreV1().Namespaces().Create(t.Context(), &core.Namespace{ObjectMeta: meta.ObjectMeta{
		GenerateName: "accept-",
		Labels: map[string]string{
			"pod-security.kubernetes.io/enforce": "restricted",
			"pod-security.kubernetes.io/warn":    "restricted",
		},
	}}, meta.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.kube.CoreV1().Namespaces().Delete(context.Background(), made.Name, meta.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	for range 100 {
		if _, err = s.kube.CoreV1().ServiceAccounts(made.Name).Get(t.Context(), "default", meta.GetOptions{}); err == nil {
			return made.Name
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("namespace %s has no ServiceAccount: %v", made.Name, err)
	return ""
}

// decode reads a stream of YAML documents.
func decode(text string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		var content map[string]any
		if err := decoder.Decode(&content); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if content != nil {
			objects = append(objects, &unstructured.Unstructured{Object: content})
		}
	}
}

// warnings collects what the API server warns of.
type warnings struct {
	mu   sync.Mutex
	text []string
}

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, text)
}

func (w *warnings) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := w.text
	w.text = nil
	return text
}
