package overlay_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/patternctl/patternctl/generator/manifest"
	"github.com/patternctl/patternctl/generator/overlay"
)

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}
  template:
    spec:
      containers:
      - name: web
        image: web:1
        args: [a, b]
        env:
        - {name: A, value: "1"}
        - {name: B, value: "1.0"}
      - name: logs
        image: logs:1
`

func TestMerge(t *testing.T) {
	const thing = "{apiVersion: example.org/v1, kind: Thing, metadata: {name: web}, spec: {ratio: 1.0, rules: [{name: a, n: 1}, {name: b, n: 2}]}}"
	for name, c := range map[string]struct{ object, patch, want string }{
		"fields keep their places": {
			deployment, "{spec: {paused: true, replicas: 5, strategy: {rollingUpdate: null, type: Recreate}, template: {spec: {containers: []}}}}",
			strings.NewReplacer("replicas: 3", "replicas: 5", "type: RollingUpdate, rollingUpdate: {maxSurge: 1}", "type: Recreate").Replace(deployment) + "  paused: true\n",
		},
		"an item by its key": {
			deployment, "{spec: {template: {spec: {containers: [{name: web, args: [c], env: [{name: A, $patch: delete}]}]}}}}",
			strings.NewReplacer("[a, b]", "[c]", "        - {name: A, value: \"1\"}\n", "").Replace(deployment),
		},
		"a new item comes last": {
			deployment, "{spec: {template: {spec: {containers: [{name: new, image: new:1}]}}}}",
			deployment + "      - {name: new, image: new:1}\n",
		},
		"items stay where they are": {
			deployment, "{spec: {template: {spec: {containers: [{name: logs, image: logs:2}]}}}}",
			strings.Replace(deployment, "logs:1", "logs:2", 1),
		},
		"a map is replaced": {
			deployment, "{spec: {strategy: {$patch: replace, type: Recreate}}}",
			strings.Replace(deployment, "{type: RollingUpdate, rollingUpdate: {maxSurge: 1}}", "{type: Recreate}", 1),
		},
		"lists of unknown kinds are replaced": {
			thing, "{apiVersion: example.org/v1, kind: Thing, metadata: {name: web}, spec: {rules: [{name: b, n: 3}]}}",
			strings.Replace(thing, "[{name: a, n: 1}, {name: b, n: 2}]", "[{name: b, n: 3}]", 1),
		},
		"strings stay strings": {
			thing, `{spec: {version: "1.10", on: "yes"}}`,
			strings.Replace(thing, "spec: {", `spec: {`, 1)[:len(thing)-2] + `, on: "yes", version: "1.10"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			object := parse(t, c.object)[0]
			before := string(manifest.AppendYAML(nil, object))
			got, problems := overlay.Merge(object, parse(t, c.patch)[0])
			if problems != nil {
				t.Fatal(tell(problems))
			}
			want := string(manifest.AppendYAML(nil, parse(t, c.want)[0]))
			if diff := cmp.Diff(want, string(manifest.AppendYAML(nil, got))); diff != "" {
				t.Errorf("merged (-want +got):\n%s", diff)
			}
			if after := string(manifest.AppendYAML(nil, object)); after != before {
				t.Errorf("the object itself changed:\n%s", after)
			}
		})
	}
}

func TestMergeDeletesTheObject(t *testing.T) {
	got, problems := overlay.Merge(parse(t, deployment)[0], parse(t, "$patch: delete")[0])
	if got != nil || problems != nil {
		t.Errorf("got %v and problems %v", got, problems)
	}
}

func TestMergeRefuses(t *testing.T) {
	const containers = "spec.template.spec.containers"
	for patch, want := range map[string]string{
		"{kind: StatefulSet}":                                   `kind: can't change "Deployment" to "StatefulSet"`,
		"{metadata: {name: api}}":                               `metadata.name: can't change "web" to "api"`,
		"{metadata: {name: null}}":                              ": can't remove apiVersion, kind, metadata.name or metadata.namespace",
		"{metadata: {$patch: delete}}":                          ": can't remove apiVersion, kind, metadata.name or metadata.namespace",
		"{spec: null}":                                          "spec: can't be removed",
		"{spec: {template: [a]}}":                               "spec.template: is a list, not a map",
		"{spec: {replicas: {min: 1}}}":                          "spec.replicas: is a map, not a whole number",
		"{spec: {replicas: \"3\"}}":                             `spec.replicas: is "3", not a whole number`,
		"{spec: {replicas: 1.5}}":                               "spec.replicas: is 1.5, not a whole number",
		"{spec: {paused: \"yes\"}}":                             `spec.paused: is "yes", not true or false`,
		"{spec: {replcas: 3}}":                                  "spec.replcas: is not a field of a Deployment",
		"{metadata: {labels: {tier: 1}}}":                       "metadata.labels.tier: is 1, not a string",
		"{spec: {strategy: {rollingUpdate: {maxSurge: true}}}}": "spec.strategy.rollingUpdate.maxSurge: is true, not a whole number or a string",

		"{spec: {template: {spec: {containers: {web: {image: a}}}}}}":                                           containers + ": is a map, not a list",
		"{spec: {template: {spec: {containers: [web]}}}}":                                                       containers + `.0: is "web", not a map`,
		"{spec: {template: {spec: {containers: [null]}}}}":                                                      containers + ".0: is null, not a map",
		"{spec: {template: {spec: {containers: [{name: web, env: {A: b}}]}}}}":                                  containers + ".0.env: is a map, not a list",
		"{spec: {template: {spec: {containers: [{image: a}]}}}}":                                                containers + ".0: has no name",
		"{spec: {template: {spec: {containers: [{name: web, ports: [{}]}]}}}}":                                  containers + ".0.ports.0: has no containerPort",
		"{spec: {template: {spec: {containers: null}}}}":                                                        ": Deployment/web has no " + containers + " with it",
		"{spec: {template: {spec: {containers: [{name: web, $patch: delete}, {name: logs, $patch: delete}]}}}}": ": Deployment/web has no " + containers + " with it",
		"{spec: {template: {spec: {hostAliases: [{hostnames: [a]}]}}}}":                                         "spec.template.spec.hostAliases.0: has no ip",
		"{spec: {template: {spec: {topologySpreadConstraints: [{topologyKey: a}]}}}}":                           "spec.template.spec.topologySpreadConstraints.0: has no whenUnsatisfiable",
		"{spec: {template: {spec: {containers: [{name: web, lifecycle: {preStop: {httpGet: {}}}}]}}}}":          ": Deployment/web has no " + containers + "[web].lifecycle.preStop.httpGet.port with it",

		"{spec: {strategy: {$patch: remove}}}":       "spec.strategy.$patch: is none of replace, delete and merge",
		"{spec: {strategy: {$retainKeys: [type]}}}":  "spec.strategy.$retainKeys: is a directive that kustomize doesn't know",
		"{spec: {new: [{$patch: delete, name: a}]}}": ": spec.new.0.$patch does nothing",
		"{spec: {replcas: 3, paused: 1}}":            "spec.replcas: is not a field of a Deployment\nspec.paused: is 1, not true or false",
	} {
		got, problems := overlay.Merge(parse(t, deployment)[0], parse(t, patch)[0])
		if told := tell(problems); got != nil || told != want {
			t.Errorf("%s\n got %v and problems:\n%s\nwant:\n%s", patch, got, told, want)
		}
	}
}

func TestMergeRefusesAnotherShapeInUnknownKinds(t *testing.T) {
	thing := parse(t, "{apiVersion: example.org/v1, kind: Thing, metadata: {name: web}, spec: {ratio: 1.0, rules: [a]}}")[0]
	_, problems := overlay.Merge(thing, parse(t, "{spec: {ratio: [1], rules: {a: 1}, ratoi: 2}}")[0])
	want := "spec.ratio: is a single value in the Thing, but the patch gives it a list\n" +
		"spec.rules: is a list in the Thing, but the patch gives it a map"
	if told := tell(problems); told != want {
		t.Errorf("got problems:\n%s\nwant:\n%s", told, want)
	}
}

func TestMergeTakesWhatKubernetesTakes(t *testing.T) {
	for _, patch := range []string{
		"{spec: {strategy: {rollingUpdate: {maxSurge: \"25%\", maxUnavailable: 0}}}}",
		"{spec: {template: {spec: {containers: [{name: web, resources: {limits: {cpu: 1, memory: 1Gi}}}]}}}}",
		"{spec: {template: {spec: {containers: [{$patch: replace}, {name: web, image: a}]}}}}",
		"{spec: {template: {spec: {containers: [{name: web, ports: [{containerPort: 80, protocol: UDP}]}]}}}}",
		"{spec: {template: {spec: {initContainers: [{name: sidecar, image: a, restartPolicy: Always}]}}}}",
		"{spec: {replicas: null, template: {spec: {nodeSelector: null}}}}",
	} {
		if _, problems := overlay.Merge(parse(t, deployment)[0], parse(t, patch)[0]); problems != nil {
			t.Errorf("%s: %s", patch, tell(problems))
		}
	}
}

// TestMergeKnowsNewFields holds that no field of Kubernetes is taken for another
// one that is misspelt, although kustomize's schemas are older than the API.
func TestMergeKnowsNewFields(t *testing.T) {
	for _, object := range []any{
		appsv1.Deployment{}, appsv1.StatefulSet{}, appsv1.DaemonSet{}, appsv1.ReplicaSet{}, batchv1.Job{}, batchv1.CronJob{},
		corev1.Pod{}, corev1.Service{}, corev1.ServiceAccount{}, corev1.ConfigMap{}, corev1.PersistentVolumeClaim{}, corev1.Namespace{},
		policyv1.PodDisruptionBudget{}, networkingv1.NetworkPolicy{}, networkingv1.Ingress{},
		rbacv1.Role{}, rbacv1.RoleBinding{},
	} {
		kind := reflect.TypeOf(object)
		version := strings.NewReplacer("k8s.io/api/", "", "core/", "", "networking/", "networking.k8s.io/", "rbac/", "rbac.authorization.k8s.io/").Replace(kind.PkgPath())
		target := manifest.Map{{Key: "apiVersion", Value: version}, {Key: "kind", Value: kind.Name()}}
		eachField(kind, func(patch any) any { return patch }, func(patch any) {
			_, problems := overlay.Merge(target, patch.(manifest.Map))
			for _, p := range problems {
				if strings.HasPrefix(p.Message, "is not a field") {
					t.Errorf("%s: %s", strings.Join(p.Path, "."), p.Message)
				}
			}
		})
	}
}

// eachField visits every field of a type with a patch that removes it. wrap
// makes a patch of the object out of one of the type.
func eachField(typ reflect.Type, wrap func(any) any, visit func(patch any)) {
	switch typ.Kind() {
	case reflect.Pointer:
		eachField(typ.Elem(), wrap, visit)
	case reflect.Slice:
		eachField(typ.Elem(), func(item any) any { return wrap([]any{item}) }, visit)
	case reflect.Struct:
		for i := range typ.NumField() {
			field := typ.Field(i)
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if key == "" && field.Anonymous {
				eachField(field.Type, wrap, visit)
			}
			if key == "" || key == "-" || key == "managedFields" {
				continue
			}
			inner := func(value any) any { return wrap(manifest.Map{{Key: key, Value: value}}) }
			visit(inner(nil))
			eachField(field.Type, inner, visit)
		}
	}
}

// tell writes problems one a line.
func tell(problems []overlay.Problem) string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, strings.Join(p.Path, ".")+": "+p.Message)
	}
	return strings.Join(lines, "\n")
}

// TestMergeConcurrently is for the race detector.
func TestMergeConcurrently(t *testing.T) {
	object, patch := parse(t, deployment)[0], parse(t, "{spec: {template: {spec: {containers: [{name: logs, image: x}]}}}}")[0]
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, problems := overlay.Merge(object, patch); problems != nil {
				t.Error(tell(problems))
			}
		})
	}
	all.Wait()
}
