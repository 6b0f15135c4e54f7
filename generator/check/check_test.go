package check_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patternctl/patternctl/generator/check"
	"github.com/patternctl/patternctl/generator/manifest"
)

// facts are those of the oldest cluster that the system in testdata runs on.
var facts = check.Facts{Minor: 34}

func TestNothingIsWrongWithTheShop(t *testing.T) {
	if diff := cmp.Diff([]string{}, lines(check.Objects(shop(t), facts))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestFine holds the checks back: none of this is a mistake.
func TestFine(t *testing.T) {
	web := func(field string) string { return "Deployment/web spec.template.spec.containers[web]." + field }
	for _, edits := range [][]string{
		{web("image = localhost:5000/web:1")},
		{web("image = web:1.4.2")},
		{web("image = acme/web:latest@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")},
		{web("image = acme/bitnami/web:1")},
		{web("resources.requests.cpu = 1000m")},
		{web("resources.requests.cpu = 0.1"), web("resources.limits.cpu = 100m")},
		{web("resources.requests -")},
		{web("resources -"), "Deployment/web spec.template.spec.resources = {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}", "HorizontalPodAutoscaler/web spec.metrics -"},
		{web("env[+] = {name: SESSION_SECRET, value: $(OTHER)}")},
		{web("env[+] = {name: TOKEN_TTL, value: 15min}")},
		{web("env[+] = {name: TOKENIZER, value: bpe}")},
		{web("env[+] = {name: SECRETS_ENABLED, value: maybe}")},
		{web("env[+] = {name: PASSWORD, value: /run/secrets/password}")},
		{web("env[+] = {name: PASSWORD}")},
		{web("env[+] = {name: DB, value: 'postgres://shop:$(DB_PASSWORD)@db.example.com/shop'}")},
		{web("args = [--token-file, /run/token, --verbose]")},
		{web("env[+] = {name: X, value: 'ghp_short https://example.com/a@b:c'}")},
		{web("env[+] = {name: X, value: http://other.elsewhere.svc.cluster.local:1}")},
		{web("env[+] = {name: X, value: web.shop.svc.example.com}")},
		{web("env[+] = {name: X, value: '_http._tcp.cache.shop.svc.cluster.local'}")},
		{web("env[+] = {name: X, value: 'cache.shop.svc.cluster.local.:8080/x.svc'}")},
		{web("env[+] = {name: X, value: 'http://cache.shop.svc:$(PORT)'}")},
		{web("env[+] = {name: SELF, value: http://web.shop.svc}"), "NetworkPolicy/web spec.ingress[0].from[1] = {podSelector: {matchLabels: {app.kubernetes.io/name: thumbs}}}"},
		{web("lifecycle.preStop = {exec: {command: [/bin/drain, --sleep, '100']}}")},
		{web("livenessProbe.httpGet.path = /alive"), web("livenessProbe.failureThreshold = 2")},
		{web("livenessProbe = {httpGet: {path: /alive, port: http}, failureThreshold: 1, periodSeconds: 30, timeoutSeconds: 30}")},
		{web("startupProbe.timeoutSeconds = 20")},
		{"Deployment/web spec.progressDeadlineSeconds = 61"},
		{web("lifecycle.preStop = {httpGet: {path: /drain, port: http}}")},
		{"StatefulSet/cache spec.template.spec.containers[cache].livenessProbe.timeoutSeconds = 10"},
		{"ConfigMap/cache-router-0f9e8d7c6b data[haproxy.cfg] = \"global\\n  hard-stop-after 30000\\n# hard-stop-after 2h\\n\""},
		{"NetworkPolicy/web spec.egress[1].to[0] = {ipBlock: {cidr: 0.0.0.0/0}}"},
		{"NetworkPolicy/web spec.egress = [{}]"},
		{"NetworkPolicy/web spec.egress[1].to[0] = {namespaceSelector: {}}"},
		{"NetworkPolicy/web spec.egress[1].ports[0] = {port: http}"},
		{"NetworkPolicy/cache spec.ingress[0].ports = [{protocol: TCP}]"},
		{"NetworkPolicy/web spec.policyTypes -", "NetworkPolicy/web spec.egress -"},
		{"Deployment/cache-router spec.replicas = 0"},
		{"Deployment/web spec.strategy = {type: Recreate}"},
		{"Service/web spec.selector -"},
		{"Service/web spec = {type: ExternalName, externalName: example.com, selector: {a: b}, ports: [{port: 80, name: http}]}"},
		{"StatefulSet/cache spec.ordinals = {start: 0}"},
		{"ServiceAccount/web -", "Deployment/web spec.template.spec.serviceAccountName = default"},
		{"Deployment/web spec.template.spec.volumes[tmp] = {name: tmp, projected: {sources: [{configMap: {name: kube-root-ca.crt}}]}}"},
		{"+ {apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: k, namespace: shop}, spec: {selector: {no: one}}}"},
		{"+ {apiVersion: v1, kind: Service, metadata: {name: web, namespace: other}}"},
		{"+ {apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: shop}, spec: {jobTemplate: {spec: {template: {spec: {containers: []}}}}}}"},
		{"Job/thumbs spec.template.spec.subdomain = cache", web("env[+] = {name: X, value: thumbs-1.cache.shop.svc}"), "Service/cache spec.clusterIP = None",
			web("env[CACHE] -"), "NetworkPolicy/web spec.egress = [{}]"},
		{"HorizontalPodAutoscaler/web -",
			"PodDisruptionBudget/web spec = {minAvailable: 2, selector: {matchLabels: {app.kubernetes.io/name: web}}}",
			"+ {apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: web, namespace: shop}, spec: {scaleTargetRef: {name: web}, minReplicaCount: 3}}"},
		{"+ {apiVersion: v1, kind: Service, metadata: {name: first, namespace: shop}, spec: {selector: {app.kubernetes.io/name: cache, apps.kubernetes.io/pod-index: '2'}}}"},
		{"+ {apiVersion: v1, kind: Service, metadata: {name: host, namespace: shop}, spec: {clusterIP: None, selector: {app: bare}}}",
			"+ {apiVersion: v1, kind: Pod, metadata: {name: bare, namespace: shop, labels: {app: bare}}, spec: {hostname: one, subdomain: host}}",
			web("env[+] = {name: X, value: one.host.shop.svc}")},
		{"+ {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d, namespace: shop}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}}",
			"+ {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: d, namespace: shop}, spec: {maxUnavailable: 0, selector: {matchLabels: {a: b}}}}"},
		{"NetworkPolicy/cache-router spec.ingress[0].from[0].namespaceSelector = {matchExpressions: [{key: team, operator: Exists}, {key: kubernetes.io/metadata.name, operator: In, values: [shop]}, {key: dev, operator: DoesNotExist}]}"},
		{"HorizontalPodAutoscaler/web spec.minReplicas = 1", "Deployment/web spec.template.spec.topologySpreadConstraints -"},
		// Nobody writes what another writes, and every mount has a place.
		{"Deployment/web spec.template.spec.initContainers[logs].volumeMounts[+] = {name: tmp, mountPath: /in, readOnly: true}"},
		{"Deployment/web spec.template.spec.initContainers[logs].volumeMounts[+] = {name: tmp, mountPath: /in, subPath: ab}", web("volumeMounts[tmp].subPath = a")},
		{"Deployment/web spec.template.spec.initContainers[logs].restartPolicy -", "Service/web spec.ports[metrics] -",
			"Deployment/web spec.template.spec.initContainers[logs].volumeMounts[+] = {name: tmp, mountPath: /in}"},
		{web("volumeMounts[+] = {name: config, mountPath: /tmp/config}")},
		{web("volumeMounts[+] = {name: config, mountPath: /config}"), web("volumeMounts[+] = {name: tmp, mountPath: /config2}")},
		{web("volumeMounts[+] = {name: config, mountPath: /config}"), web("volumeMounts[+] = {name: tmp, mountPath: /config/fluent-bit.conf, subPath: own.conf}")},
		// A pod may ask for more than its containers do, and a volume in memory fit.
		{"Deployment/web spec.template.spec.resources = {requests: {cpu: 270m, memory: 160Mi}, limits: {cpu: 1, memory: 128Mi}}"},
		{"Deployment/web spec.template.spec.resources = {requests: {cpu: 0.3}}", web("resources.requests.cpu = 0.1"), "Deployment/web spec.template.spec.initContainers[logs].resources.requests.cpu = 0.2"},
		{"Deployment/web spec.template.spec.volumes[tmp].emptyDir = {medium: Memory, sizeLimit: 127Mi}"},
		{"Deployment/web spec.template.spec.volumes[tmp].emptyDir = {medium: Memory, sizeLimit: 1Gi}", web("volumeMounts[tmp].readOnly = true")},
		// Whether pods find a place depends on the nodes, unless all are known.
		{"Deployment/web spec.template.spec.topologySpreadConstraints[0].whenUnsatisfiable = DoNotSchedule", "Deployment/web spec.template.spec.topologySpreadConstraints[0].minDomains = 2"},
		{"Deployment/web spec.template.spec.topologySpreadConstraints[0].whenUnsatisfiable = DoNotSchedule", "Deployment/web spec.template.spec.nodeSelector = {topology.kubernetes.io/zone: a}"},
		{"Deployment/web spec.template.spec.topologySpreadConstraints[0].whenUnsatisfiable = DoNotSchedule", "Deployment/web spec.template.spec.topologySpreadConstraints[0].minDomains = 2", "Deployment/web spec.template.spec.topologySpreadConstraints[0].maxSkew = 12", "Deployment/web spec.template.spec.nodeSelector = {topology.kubernetes.io/zone: a}"},
		{"Deployment/web spec.template.spec.topologySpreadConstraints[0].whenUnsatisfiable = DoNotSchedule", "Deployment/web spec.template.spec.topologySpreadConstraints[0].minDomains = 2",
			"Deployment/web spec.template.spec.affinity = {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [a]}]}, {matchFields: []}]}}}"},
		{"StatefulSet/cache spec.template.spec.containers[cache].readinessProbe -", "Service/cache-shards spec.publishNotReadyAddresses = true", "Service/cache-shard-0 -"},
		{"HTTPRoute/web spec.rules[0].backendRefs[+] = {kind: InferencePool, group: inference.networking.k8s.io, name: llm}"},
		{"HTTPRoute/web spec.rules[0].backendRefs[+] = {name: elsewhere, namespace: other, port: 1}"},
	} {
		t.Run(strings.Join(edits, "; "), func(t *testing.T) {
			groups := edited(t, shop(t), edits...)
			if reflect.DeepEqual(shop(t), groups) {
				t.Error("the edits change nothing")
			}
			if diff := cmp.Diff([]string{}, lines(check.Objects(groups, facts))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGates asks for each field on the last version without it, and on the
// first with it.
func TestGates(t *testing.T) {
	pod := func(field string) string { return "Deployment/web spec.template.spec." + field }
	for _, test := range []struct {
		edit  string
		since int
	}{
		{"Service/web spec.trafficDistribution = PreferClose", 31},
		{"Service/web spec.trafficDistribution = PreferSameZone", 34},
		{"Service/web spec.trafficDistribution = PreferSameNode", 34},
		{"StatefulSet/cache spec.updateStrategy = {rollingUpdate: {maxUnavailable: 2}}", 37},
		{"HorizontalPodAutoscaler/web spec.behavior = {scaleUp: {tolerance: 0.05}}", 35},
		{"HorizontalPodAutoscaler/web spec.behavior = {scaleDown: {tolerance: 0.05}}", 35},
		{"HorizontalPodAutoscaler/web spec.minReplicas = 0", 37},
		{"Job/thumbs spec.successPolicy = {rules: []}", 31},
		{"Job/thumbs spec.managedBy = kueue.x-k8s.io/multikueue", 32},
		{pod("resources = {requests: {cpu: 1}}"), 34},
		{pod("hostUsers = false"), 33},
		{pod("hostnameOverride = web"), 35},
		{pod("securityContext.supplementalGroupsPolicy = Strict"), 33},
		{pod("volumes[tmp] = {name: tmp, image: {reference: 'acme/model:1'}}"), 35},
		{pod("resourceClaims = [{name: gpu}]"), 34},
		{pod("containers[web].restartPolicyRules = []"), 35},
		{pod("containers[web].env[+] = {name: X, valueFrom: {fileKeyRef: {key: x}}}"), 35},
		{pod("containers[web].volumeMounts[tmp].recursiveReadOnly = Enabled"), 31},
		{pod("initContainers[logs].lifecycle = {preStop: {sleep: {seconds: 0}}}"), 33},
	} {
		t.Run(test.edit, func(t *testing.T) {
			groups := edited(t, edited(t, shop(t), "Service/web spec.trafficDistribution -"), test.edit)
			for minor, want := range map[int]int{0: 0, test.since - 1: 1, test.since: 0} {
				got := lines(check.Objects(groups, check.Facts{Minor: minor}))
				got = slices.DeleteFunc(got, func(line string) bool { return !strings.HasPrefix(line, "GEN-19") })
				if len(got) != want {
					t.Errorf("on 1.%d: %d findings, want %d: %v", minor, len(got), want, got)
				}
			}
		})
	}
}

func TestSafeSysctlsGrow(t *testing.T) {
	groups := edited(t, shop(t), "Deployment/cache-router spec.template.spec.securityContext.sysctls[0].name = net.ipv4.tcp_rmem")
	for minor, want := range map[int]int{31: 1, 32: 0, 0: 0} {
		if got := check.Objects(groups, check.Facts{Minor: minor}); len(got) != want {
			t.Errorf("on 1.%d: %v", minor, lines(got))
		}
	}
}

func TestClusterDomain(t *testing.T) {
	got := lines(check.Objects(shop(t), check.Facts{ClusterDomain: "k8s.example"}))
	want := "GEN-17 error replicated.web Deployment/web (web env CACHE): spec.template.spec.containers[web].env[CACHE].value: " +
		"cache.shop.svc.cluster.local: the cluster's domain is k8s.example"
	if !slices.Contains(got, want) {
		t.Errorf("got %q, want also %q", got, want)
	}
	moved := edited(t, shop(t), "Deployment/web spec.template.spec.containers[web].env[CACHE].value = http://none.shop.svc.k8s.example")
	got = lines(check.Objects(moved, check.Facts{ClusterDomain: "k8s.example"}))
	want = "GEN-17 error replicated.web Deployment/web (web env CACHE): spec.template.spec.containers[web].env[CACHE].value: " +
		`none.shop.svc.k8s.example: there is no Service "none" in namespace shop`
	if !slices.Contains(got, want) {
		t.Errorf("got %q, want also %q", got, want)
	}
}

// TestNamespaceWithoutLabels is one whose Namespace object says nothing more
// than its name: hosts in it are checked all the same.
func TestNamespaceWithoutLabels(t *testing.T) {
	groups := edited(t, shop(t), "Namespace/shop metadata.labels -",
		"NetworkPolicy/cache-router spec.ingress[0].from[0].namespaceSelector -",
		"Deployment/web spec.template.spec.containers[web].env[CACHE].value = http://none.shop.svc")
	if got := check.Objects(groups, facts); len(got) != 1 || got[0].Code != "GEN-17" {
		t.Errorf("got %v, want one GEN-17", lines(got))
	}
}

func TestExistingObjectsMayBeReferredTo(t *testing.T) {
	groups := edited(t, shop(t), "Deployment/web spec.template.spec.serviceAccountName = admin",
		"HorizontalPodAutoscaler/web spec.scaleTargetRef = {apiVersion: example.com/v1, kind: Fleet, name: f}")
	existing := []manifest.ID{
		{APIVersion: "v1", Kind: "ServiceAccount", Namespace: "shop", Name: "admin"},
		{APIVersion: "example.com/v2", Kind: "Fleet", Namespace: "shop", Name: "f"},
	}
	if got := check.Objects(groups, check.Facts{}); len(got) != 2 {
		t.Errorf("without them: %v, want one finding each", lines(got))
	}
	if got := check.Objects(groups, check.Facts{Existing: existing}); len(got) != 0 {
		t.Errorf("with them: %v", lines(got))
	}
}

// large is a ConfigMap with so many bytes of data.
func large(key string, size int) manifest.Group {
	return manifest.Group{Kind: "replicated", Name: "large", Objects: []manifest.Map{{
		{Key: "apiVersion", Value: "v1"},
		{Key: "kind", Value: "ConfigMap"},
		{Key: "metadata", Value: manifest.Map{{Key: "name", Value: "large"}, {Key: "namespace", Value: "shop"}}},
		{Key: "data", Value: manifest.Map{{Key: key, Value: strings.Repeat("x", size)}}},
	}}}
}

func TestSizes(t *testing.T) {
	for size, want := range map[int][]string{
		256<<10 - 1: {},
		256 << 10: {"GEN-27 warning replicated.large ConfigMap/large: data: " +
			"262145 bytes of data are more than the 262144 that kubectl apply can compare"},
		1<<20 - 1: {"GEN-27 warning replicated.large ConfigMap/large: data: " +
			"1048576 bytes of data are more than the 262144 that kubectl apply can compare"},
		1 << 20: {"GEN-27 error replicated.large ConfigMap/large: data: " +
			"1048577 bytes of data are more than the 1048576 that a ConfigMap holds"},
	} {
		got := lines(check.Objects([]manifest.Group{large("k", size)}, facts))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d bytes (-want +got):\n%s", size, diff)
		}
	}
}

// wrong are values that are the wrong type nearly everywhere.
func wrong() []any {
	return []any{
		nil, true, "", "x-1", "-", json.Number("-1"), json.Number("1e400"), json.Number("99999999999999999999"),
		[]any{}, []any{nil, json.Number("1")}, []any{manifest.Map(nil)}, manifest.Map{}, manifest.Map{{Key: "name", Value: []any{}}}, manifest.Map(nil),
	}
}

// TestMalformed puts every wrong value in the place of every value of the
// shop. Whatever is said about it, nothing panics.
func TestMalformed(t *testing.T) {
	groups := shop(t)
	n := 0
	for g := range groups {
		for i, object := range groups[g].Objects {
			everyVariant(object, func(variant any) {
				n++
				broken := slices.Clone(groups)
				broken[g].Objects = slices.Clone(broken[g].Objects)
				broken[g].Objects[i], _ = variant.(manifest.Map)
				defer func() {
					if p := recover(); p != nil {
						t.Fatalf("%v with %s", p, manifest.AppendJSON(nil, variant, ""))
					}
				}()
				check.Objects(broken, facts)
			})
		}
	}
	if n < 5000 {
		t.Errorf("only %d variants were tried", n)
	}
}

// everyVariant calls visit with each tree that differs from the given one in
// one value, which is wrong.
func everyVariant(tree any, visit func(any)) {
	for _, w := range wrong() {
		visit(w)
	}
	switch tree := tree.(type) {
	case manifest.Map:
		for i, f := range tree {
			everyVariant(f.Value, func(v any) {
				out := slices.Clone(tree)
				out[i].Value = v
				visit(out)
			})
		}
	case []any:
		for i, item := range tree {
			everyVariant(item, func(v any) {
				out := slices.Clone(tree)
				out[i] = v
				visit(out)
			})
		}
	}
}

func FuzzObjects(f *testing.F) {
	for _, g := range shop(f) {
		for _, o := range g.Objects {
			f.Add(string(manifest.AppendJSON(nil, o, "")))
		}
	}
	groups := shop(f)
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := manifest.ParseJSON([]byte(text))
		object, ok := tree.(manifest.Map)
		if err != nil || !ok {
			t.Skip()
		}
		with := append(slices.Clone(groups), manifest.Group{Kind: "any", Name: "one", Objects: []manifest.Map{object}})
		if first, second := lines(check.Objects(with, facts)), lines(check.Objects(with, facts)); !slices.Equal(first, second) {
			t.Errorf("two runs differ: %q and %q", first, second)
		}
	})
}

func ExampleObjects() {
	object, err := manifest.ParseJSON([]byte(`{
		"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": "shop"},
		"spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "wep"}}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	groups := []manifest.Group{{Kind: "replicated", Name: "web", Objects: []manifest.Map{object.(manifest.Map)}}}
	for _, f := range check.Objects(groups, check.Facts{Minor: 34}) {
		fmt.Printf("%s: %s: %s [%s]\n", f.Group, f.Field, f.Message, f.Code)
	}
	// Output: replicated.web: spec.selector: no pod has the label app=wep [GEN-01]
}
