package generator_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/manifest"
)

// numbersOf returns the numbers of the one instance of a spec, by name.
func numbersOf(t *testing.T, instance string) map[string]float64 {
	t.Helper()
	explanations, list := parsed(t, instance).Explain("")
	if len(list) > 0 {
		t.Fatal(text(t, list))
	}
	values := map[string]float64{}
	for _, n := range explanations[0].Numbers {
		values[n.Name] = n.Value
	}
	return values
}

func parsed(t *testing.T, instance string) *generator.Spec {
	t.Helper()
	spec, err := generator.Parse(generator.Sources{
		Files: []generator.Source{{Name: "demo.cue", Text: []byte("name: \"demo\"\n" + instance)}},
	}, generator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// TestNumbersOfRings compares them with random rings.
func TestNumbersOfRings(t *testing.T) {
	const rings, points = 200, 256
	random := rand.New(rand.NewPCG(1, 2))
	for _, nodes := range []int{1, 2, 5, 20} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			shards := numbersOf(t, fmt.Sprintf(`sharded: x: {container: {image: "example.org/x:1", port: 80}, shards: %d, hash: header: "X"}`, nodes))
			copies := numbersOf(t, fmt.Sprintf(`replicated: x: {container: {image: "example.org/x:1", port: 80}, replicas: %d, session: header: "X"}`, nodes))
			moved, exceeded, largest := 0.0, 0, 0.0
			for range rings {
				largest += slices.Max(ring(random, nodes, points)) * float64(nodes) / rings
				newcomer := ring(random, nodes+1, points)[nodes] * 100
				moved += newcomer / rings
				if newcomer > shards["movedKeysMost"] {
					exceeded++
				}
			}
			if math.Abs(moved/shards["movedKeys"]-1) > 0.02 {
				t.Errorf("movedKeys is %v %%, and of random rings it is %v %%", shards["movedKeys"], moved)
			}
			if exceeded > rings/100 {
				t.Errorf("%d of %d rings move more than movedKeysMost", exceeded, rings)
			}
			if got := shards["imbalance"]; got < largest-0.005 || got-1 > 2*(largest-1)+0.005 {
				t.Errorf("imbalance is %v, and of random rings it is %v", got, largest)
			}
			for shard, user := range map[string]string{"movedKeys": "movedUsers", "movedKeysMost": "movedUsersMost", "imbalance": "imbalance"} {
				if shards[shard] != copies[user] {
					t.Errorf("%s is %v for shards, and %s %v for copies", shard, shards[shard], user, copies[user])
				}
			}
		})
	}
}

// ring returns the parts that nodes have of a random ring of length 1.
func ring(random *rand.Rand, nodes, points int) []float64 {
	type point struct {
		at   float64
		node int
	}
	all := make([]point, nodes*points)
	for i := range all {
		all[i] = point{random.Float64(), i % nodes}
	}
	slices.SortFunc(all, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	parts := make([]float64, nodes)
	last := all[len(all)-1].at - 1
	for _, p := range all {
		parts[p.node] += p.at - last
		last = p.at
	}
	return parts
}

// TestNumbersOfManifests compares numbers with what the manifests of the same
// instance let Kubernetes do.
func TestNumbersOfManifests(t *testing.T) {
	const pod = `image: "example.org/x:1", port: 80, probes: startupSeconds: 44}, sidecars: s: {image: "example.org/s:1", port: 81, probes: startupSeconds: 18}, ambassadors: a: {port: 9001, broker: target: "https://example.org"}, shutdown: {delaySeconds: 7, drainSeconds: 21}`
	for _, replicas := range []int{1, 2, 3, 4, 5, 9, 100} {
		instance := fmt.Sprintf(`replicated: x: {container: {%s, replicas: %d}`, pod, replicas)
		got, objects := numbersOf(t, instance), rendered(t, instance)
		deployment, budget := find(t, objects, "Deployment"), find(t, objects, "PodDisruptionBudget")
		surge := scaled(t, manifest.String(deployment, "spec", "strategy", "rollingUpdate", "maxSurge"), replicas)
		start, stop := startSeconds(t, deployment), graceSeconds(t, deployment)
		want := map[string]float64{
			"copiesDuringDrain":  float64(replicas - scaled(t, manifest.String(budget, "spec", "maxUnavailable"), replicas)),
			"copiesDuringUpdate": float64(replicas),
			"podsDuringUpdate":   float64(replicas + surge),
			"update":             updateSeconds(replicas, surge, start) + stop,
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%d copies (-want +got):\n%s", replicas, diff)
		}
	}
	for _, shards := range []int{1, 6} {
		instance := fmt.Sprintf(`sharded: x: {container: {%s, shards: %d, storage: size: "10Gi"}`, pod, shards)
		got, objects := numbersOf(t, instance), rendered(t, instance)
		set := find(t, objects, "StatefulSet")
		away := startSeconds(t, set) + graceSeconds(t, set)
		want := map[string]float64{
			"room":        math.Floor(8192 * float64(shards)),
			"keysOfShard": math.Round(1e4/float64(shards)) / 100,
			"away":        away,
			"update":      away * float64(shards),
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%d shards (-want +got):\n%s", shards, diff)
		}
	}
	instance := fmt.Sprintf(`election: x: {container: {%s, singleton: unreadySeconds: 13, tlsProxy: secret: "x"}`, pod)
	got, set := numbersOf(t, instance), find(t, rendered(t, instance), "StatefulSet")
	tolerations := manifest.Maps(set, "spec", "template", "spec", "tolerations")
	move := startSeconds(t, set) + graceSeconds(t, set)
	if got["moved"] != move || got["nodeNotReady"] != 55+number(t, tolerations[0], "tolerationSeconds")+move {
		t.Errorf("a pod that stops and starts in %v seconds moves in %v, or from a node that is not ready in %v", move, got["moved"], got["nodeNotReady"])
	}
	if got["failover"] != max(got["stuck"], got["nodeNotReady"], got["nodeGone"]) {
		t.Errorf("failover is %v", got)
	}
}

func rendered(t *testing.T, instance string) []manifest.Map {
	t.Helper()
	groups, list := parsed(t, instance).Render("")
	if list.HasErrors() {
		t.Fatal(text(t, list))
	}
	return objects(groups)
}

// find returns the only object of a kind.
func find(t *testing.T, objects []manifest.Map, kind string) manifest.Map {
	t.Helper()
	i := slices.IndexFunc(objects, func(o manifest.Map) bool { return manifest.IDOf(o).Kind == kind })
	if i < 0 {
		t.Fatalf("there is no %s", kind)
	}
	return objects[i]
}

// scaled is a percentage of total as Kubernetes rounds it up.
func scaled(t *testing.T, percentage string, total int) int {
	t.Helper()
	value := intstr.FromString(percentage)
	n, err := intstr.GetScaledValueFromIntOrPercent(&value, total, true)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func number(t *testing.T, tree any, path ...string) float64 {
	t.Helper()
	n, _ := manifest.Lookup(tree, path...).(json.Number)
	value, err := n.Float64()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// graceSeconds is how long the pods of a workload may take to end.
func graceSeconds(t *testing.T, workload manifest.Map) float64 {
	t.Helper()
	return number(t, workload, "spec", "template", "spec", "terminationGracePeriodSeconds")
}

// startSeconds is how long the containers of a workload's pods may take to
// start: native sidecars first, one after the other, and then the main one.
func startSeconds(t *testing.T, workload manifest.Map) float64 {
	t.Helper()
	pod := manifest.Lookup(workload, "spec", "template", "spec")
	seconds := 0.0
	for _, c := range slices.Concat(manifest.Maps(pod, "initContainers"), manifest.Maps(pod, "containers")) {
		seconds += number(t, c, "startupProbe", "periodSeconds") * number(t, c, "startupProbe", "failureThreshold")
	}
	return seconds
}

// updateSeconds lets a Deployment replace its pods: as many at a time as surge
// allows, each of which is ready when it must be.
func updateSeconds(replicas, surge int, start float64) float64 {
	seconds := 0.0
	for old := replicas; old > 0; old -= surge {
		seconds += start
	}
	return seconds
}

// TestNumbersOfQueues compares them with workers that do items which fail and
// fail again, each try as late as it can.
func TestNumbersOfQueues(t *testing.T) {
	for _, test := range []struct{ items, parallelism, retries int }{{1, 1, 0}, {5, 2, 1}, {7, 7, 3}, {12, 5, 10}} {
		list := ""
		for i := range test.items {
			list += fmt.Sprintf("%q, ", fmt.Sprint("item ", i))
		}
		got := numbersOf(t, fmt.Sprintf(`workQueue: x: {container: image: "example.org/x:1", items: [%s], parallelism: %d, retries: %d, itemTimeoutSeconds: 90}`,
			list, test.parallelism, test.retries))
		free := make([]float64, test.parallelism)
		item := 0.0
		for range test.items {
			worker := slices.Index(free, slices.Min(free))
			item = 0
			for try, wait := 0, 10.0; try <= test.retries; try++ {
				item += got["try"]
				if try < test.retries {
					item += wait
				}
				wait = min(2*wait, 600)
			}
			free[worker] += item
		}
		if got["item"] != item || got["queue"] != slices.Max(free) || got["try"] != 90+30+5 {
			t.Errorf("%+v: got %v, and workers take %v for an item and %v for all", test, got, item, slices.Max(free))
		}
	}
}

// TestNumbersOfRandomSpecs holds that whatever can be rendered can be explained.
func TestNumbersOfRandomSpecs(t *testing.T) {
	r := newRandomizer(t)
	for seed := range uint64(4) {
		spec, err := generator.Parse(inOneFile(r.spec(seed, 5)), generator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, environment := range append(spec.Environments(), "") {
			if _, list := spec.Explain(environment); len(list) > 0 {
				t.Errorf("seed %d, %q:\n%s", seed, environment, text(t, list))
			}
		}
	}
}

// TestTemplatesWithWrongNumbers tries numbers that are none.
func TestTemplatesWithWrongNumbers(t *testing.T) {
	for _, test := range []struct{ name, numbers, want string }{
		{"by name", `numbers: a: 1`, `own/templates/beat/numbers.cue:2:1: the template of beat: numbers is not a list`},
		{
			"without a formula", `numbers: [{name: "a", meaning: "b", value: 1}]`,
			`own/templates/beat/numbers.cue:2:11: the template of beat: numbers[0].formula is wrong: field is required but not present`,
		},
		{
			"with a text for a value", `numbers: [{name: "a", meaning: "b", value: "1", formula: "c"}]`,
			`own/templates/beat/numbers.cue:2:37: the template of beat: numbers[0].value is wrong: conflicting values "1" and number (mismatched types string and number)`,
		},
		{"with a misspelt reference", `numbers: spec.nothing`, `own/templates/beat/numbers.cue:2:15: numbers: undefined field: nothing`},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := parseBeat(t, fstest.MapFS{
				"templates/beat/beat.cue":    {Data: []byte("package beat\n\nin: _\nspec: _\nobjects: {}\nchecks: []\n")},
				"templates/beat/numbers.cue": {Data: []byte("package beat\n" + test.numbers + "\n")},
			})
			if _, list := spec.Render(""); list.HasErrors() {
				t.Errorf("rendering reads numbers:\n%s", text(t, list))
			}
			_, list := spec.Explain("")
			want := test.want + " [PC1401]\n  hint: correct the library that --library names\n"
			if diff := gocmp.Diff(want, text(t, list)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoNumbers holds that a template needs none.
func TestNoNumbers(t *testing.T) {
	explanations, list := beat(t, "package beat\n\nin: _\nspec: _\nobjects: {}\nchecks: []\n").Explain("", "beat.one")
	want := []generator.Explanation{{Kind: "beat", Name: "one", Numbers: []generator.Number{}}}
	if diff := gocmp.Diff(want, explanations); diff != "" || len(list) > 0 {
		t.Errorf("diagnostics %v, explanations (-want +got):\n%s", list, diff)
	}
}
