package overlay_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

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
			deployment, "{spec: {$patch: replace, replicas: 1}}",
			"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 1}}",
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
			got, err := overlay.Merge(object, parse(t, c.patch)[0])
			if err != nil {
				t.Fatal(err)
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
	got, err := overlay.Merge(parse(t, deployment)[0], parse(t, "$patch: delete")[0])
	if got != nil || err != nil {
		t.Errorf("got %v and error %v", got, err)
	}
}

func TestMergeRefuses(t *testing.T) {
	for patch, want := range map[string]string{
		"{kind: StatefulSet}":                                                  `a patch can't change kind, which is "Deployment", to "StatefulSet"`,
		"{metadata: {name: api}}":                                              `a patch can't change metadata.name, which is "web", to "api"`,
		"{metadata: {name: null}}":                                             "a patch can't remove apiVersion, kind, metadata.name or metadata.namespace",
		"{metadata: {$patch: delete}}":                                         "a patch can't remove apiVersion, kind, metadata.name or metadata.namespace",
		"{spec: {template: [a]}}":                                              "spec.template is a map, but the patch gives it a list",
		"{spec: {replicas: {min: 1}}}":                                         "spec.replicas is a single value, but the patch gives it a map",
		"{spec: {template: {spec: {containers: {web: {image: a}}}}}}":          "spec.template.spec.containers is a list, but the patch gives it a map",
		"{spec: {template: {spec: {containers: [{name: web, env: {A: b}}]}}}}": "the patch doesn't fit Deployment/web: wrong node kind: expected SequenceNode but got MappingNode",
		"{spec: {strategy: {$patch: remove}}}":                                 "spec.strategy.$patch is none of replace, delete and merge",
		"{spec: {strategy: {$retainKeys: [type]}}}":                            "spec.strategy.$retainKeys: kustomize doesn't know this directive; use $patch: replace or delete",
		"{spec: {new: [{$patch: delete, name: a}]}}":                           "spec.new[0].$patch does nothing here; it deletes or replaces a map that is there, or an item of a list with a merge key",
	} {
		if got, err := overlay.Merge(parse(t, deployment)[0], parse(t, patch)[0]); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v and error: %v\nwant error: %s", patch, got, err, want)
		}
	}
}

// TestMergeConcurrently is for the race detector.
func TestMergeConcurrently(t *testing.T) {
	object, patch := parse(t, deployment)[0], parse(t, "{spec: {template: {spec: {containers: [{name: logs, image: x}]}}}}")[0]
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := overlay.Merge(object, patch); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
