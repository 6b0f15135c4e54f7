// Package accept shows that the API server accepts every object of every golden case: strictly, without a warning, in a
// namespace that enforces the restricted Pod Security Standard, on the oldest and the newest Kubernetes.
package accept

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/test/cluster"
)

func TestMain(m *testing.M) {
	cluster.Main()
	os.Exit(m.Run())
}

// golden is where the cases are.
const golden = "../../../golden"

// TestAccepted sends each case's base, and what kustomize builds of each of its environments, to each version.
func TestAccepted(t *testing.T) {
	manifests := readManifests(t)
	for _, version := range versions() {
		t.Run(version, func(t *testing.T) {
			server := start(t, version)
			for _, m := range manifests {
				t.Run(m.name, func(t *testing.T) {
					t.Parallel()
					for _, problem := range server.submit(t, m) {
						if !excused(version, problem) {
							t.Error(problem)
						}
					}
				})
			}
		})
	}
}

// excuses are what a version says of objects that are meant for another.
var excuses = []struct{ version, problem, reason string }{
	{cluster.Oldest, `trafficDistribution: Unsupported value: "PreferSameZone"`, "the spec asks for Kubernetes 1.34 or newer"},
	{cluster.Newest, `"PreferClose" is deprecated`, "the spec is for clusters older than 1.34 too, which have nothing else"},
}

func excused(version, problem string) bool {
	for _, e := range excuses {
		if e.version == version && strings.Contains(problem, e.problem) {
			return true
		}
	}
	return false
}

// TestRefused proves that the check can fail.
func TestRefused(t *testing.T) {
	server := start(t, versions()[0])
	for _, c := range []struct{ name, manifest, problem string }{
		{"misspelt field", strings.Replace(podOf("restricted"), "containers:", "serviceAcountName: x\n  containers:", 1), `unknown field "spec.serviceAcountName"`},
		{"privileged container", strings.Replace(podOf("restricted"), "allowPrivilegeEscalation: false", "privileged: true", 1), "violates PodSecurity"},
		{"privileged container of a workload", deploymentOf(strings.Replace(podOf("restricted"), "allowPrivilegeEscalation: false", "privileged: true", 1)), "would violate PodSecurity"},
		{"wrong type", strings.Replace(podOf("restricted"), "containerPort: 8080", "containerPort: http", 1), "containerPort"},
		{"impossible value", strings.Replace(podOf("restricted"), "containerPort: 8080", "containerPort: 80800", 1), "must be between 1 and 65535"},
		{"unknown kind", "apiVersion: v1\nkind: Pud\nmetadata: {name: x, namespace: x}\n", "Pud"},
		{"nothing wrong", podOf("restricted"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems := strings.Join(server.submit(t, manifest{name: "refused", text: c.manifest}), "\n")
			if c.problem == "" && problems != "" {
				t.Errorf("refused: %s", problems)
			}
			if !strings.Contains(problems, c.problem) {
				t.Errorf("the API server says nothing of %q, but %q", c.problem, problems)
			}
		})
	}
}

func podOf(name string) string {
	return `apiVersion: v1
kind: Pod
metadata: {name: ` + name + `, namespace: x}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: a
    image: example.com/a:1
    ports: [{containerPort: 8080}]
    securityContext:
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL]}
`
}

// deploymentOf makes a pod the template of a Deployment.
func deploymentOf(pod string) string {
	_, spec, _ := strings.Cut(pod, "spec:\n")
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: x}
spec:
  selector: {matchLabels: {a: a}}
  template:
    metadata: {labels: {a: a}}
    spec:
` + "    " + strings.ReplaceAll(strings.TrimSuffix(spec, "\n"), "\n", "\n    ") + "\n"
}

// manifest is a stream of objects.
type manifest struct{ name, text string }

// readManifests reads every golden case: its base, and what is built for each environment.
func readManifests(t *testing.T) []manifest {
	t.Helper()
	bases, err := filepath.Glob(filepath.Join(golden, "*", "base"))
	if err != nil || len(bases) == 0 {
		t.Fatalf("no golden cases in %s: %v", golden, err)
	}
	var all []manifest
	for _, base := range bases {
		name := filepath.Base(filepath.Dir(base))
		files, err := filepath.Glob(filepath.Join(base, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		m := manifest{name: name + "/base"}
		for _, file := range files {
			if filepath.Base(file) != "kustomization.yaml" {
				m.text += "---\n" + read(t, file)
			}
		}
		all = append(all, m)
		environments, err := filepath.Glob(filepath.Join(golden, name, "built", "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range environments {
			all = append(all, manifest{name: name + "/" + strings.TrimSuffix(filepath.Base(file), ".yaml"), text: read(t, file)})
		}
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
