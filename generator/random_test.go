package generator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"

	"github.com/patternctl/patternctl/generator"
)

// object is one struct of a random spec. Encoded as JSON it is CUE.
type object = map[string]any

// A randomSpec makes valid specs that use as much of the schemas as it can.
type randomSpec struct {
	*rand.Rand
	names []string
}

// newRandomSpec returns a system with a few instances of every kind and two
// environments.
func newRandomSpec(seed uint64) object {
	r := &randomSpec{Rand: rand.New(rand.NewPCG(seed, 1))}
	for i := range 2 + r.IntN(4) {
		r.names = append(r.names, fmt.Sprintf("i%d", i))
	}
	spec := object{
		"name":    "random",
		"cluster": object{"version": r.oneOf("1.31", "1.34", "1.37")},
	}
	r.maybe(spec, "labels", func() any { return object{"team": r.oneOf("a", "b")} })
	r.maybe(spec, "annotations", func() any { return object{"example.org/note": r.oneOf("x", "1.0", "true")} })
	// The hub is what others refer to, so no environment takes it away.
	kindOf(spec, "replicated")["hub"] = object{"container": object{"image": "hub:1", "port": 8080}}
	for _, name := range r.names {
		kind, instance := r.instance()
		kindOf(spec, kind)[name] = instance
	}
	spec["environments"] = object{"dev": r.environment(spec), "prod": r.environment(spec)}
	return spec
}

func kindOf(spec object, kind string) object {
	instances, ok := spec[kind].(object)
	if !ok {
		instances = object{}
		spec[kind] = instances
	}
	return instances
}

func (r *randomSpec) oneOf(choices ...string) string { return choices[r.IntN(len(choices))] }

func (r *randomSpec) maybe(o object, key string, value func() any) {
	if r.IntN(3) == 0 {
		o[key] = value()
	}
}

func (r *randomSpec) instance() (string, object) {
	kind := r.oneOf("replicated", "sharded", "workQueue")
	instance := object{}
	switch kind {
	case "replicated":
		instance["container"] = r.container(true)
		r.maybe(instance, "replicas", func() any { return 1 + r.IntN(9) })
		r.maybe(instance, "autoscale", func() any { return object{"min": 2, "max": 3 + r.IntN(5)} })
	case "sharded":
		instance["container"] = r.container(true)
		instance["shards"] = 2 + r.IntN(4)
		instance["acceptPartialOutage"] = true
		r.maybe(instance, "replicas", func() any { return 1 + r.IntN(3) })
		r.maybe(instance, "storage", func() any { return object{"size": r.oneOf("1Gi", "2Gi")} })
		if r.IntN(4) > 0 {
			instance["hash"] = r.hash()
		}
		instance["role"] = r.oneOf("cache", "store")
	case "workQueue":
		instance["container"] = r.container(false)
		var items []string
		for i := range 1 + r.IntN(5) {
			items = append(items, fmt.Sprintf("item %d: %s", i, r.oneOf("x", "#y", "z\n")))
		}
		instance["items"] = items
		r.maybe(instance, "parallelism", func() any { return 1 + r.IntN(5) })
		r.maybe(instance, "retries", func() any { return r.IntN(3) })
	}
	r.maybe(instance, "sidecars", func() any { return object{"logs": object{"image": "logs:" + r.oneOf("1.0", "2")}} })
	r.maybe(instance, "shutdown", func() any { return object{"delaySeconds": 5 + r.IntN(20)} })
	r.maybe(instance, "scheduling", func() any { return object{"nodeSelector": object{"disk": r.oneOf("ssd", "true")}} })
	r.maybe(instance, "allow", func() any {
		return object{"from": object{"anywhere": true}, "to": object{"cidrs": []string{"10.0.0.0/8"}}}
	})
	return kind, instance
}

func (r *randomSpec) hash() object {
	hash := object{}
	switch r.IntN(4) {
	case 0:
		hash["header"] = "X-User"
	case 1:
		hash["query"] = "user"
	case 2:
		hash["cookie"] = "session"
	default:
		hash["path"] = object{"segment": 1 + r.IntN(3)}
	}
	return hash
}

func (r *randomSpec) container(listens bool) object {
	c := object{"image": "example.org/app:" + r.oneOf("1.0", "1.1", "2")}
	if listens {
		c["port"] = 1024 + r.IntN(5)
	}
	r.maybe(c, "command", func() any { return []string{"/app", r.oneOf("run", "--x=1", "no")} })
	r.maybe(c, "env", func() any {
		env := object{"LEVEL": r.oneOf("info", "1", "null", "")}
		r.maybe(env, "HUB", func() any { return reference("replicated.hub.endpoint.url") })
		return env
	})
	r.maybe(c, "secrets", func() any { return object{"KEY": object{"name": "keys", "key": "api"}} })
	r.maybe(c, "files", func() any {
		return object{"/etc/app/config.yaml": r.oneOf("a: 1\n", "a: 2\nb: [x]\n", "\ttabs\n", "no end")}
	})
	r.maybe(c, "writable", func() any { return []string{"/tmp"} })
	r.maybe(c, "resources", func() any { return object{"cpu": r.oneOf("50m", "1"), "memory": r.oneOf("64Mi", "1Gi")} })
	r.maybe(c, "user", func() any { return 1000 + r.IntN(3) })
	return c
}

// environment edits some instances of spec, adds one and takes one away.
func (r *randomSpec) environment(spec object) object {
	edits := object{}
	r.maybe(edits, "namespace", func() any { return "elsewhere" })
	r.maybe(edits, "labels", func() any { return object{"team": "c", "tier": "1"} })
	for _, kind := range []string{"replicated", "sharded", "workQueue"} {
		instances, _ := spec[kind].(object)
		for _, name := range r.names {
			if _, has := instances[name]; !has {
				continue
			}
			switch r.IntN(6) {
			case 0:
				kindOf(edits, kind)[name] = nil
			case 1, 2:
				kindOf(edits, kind)[name] = object{
					"container": r.container(kind != "workQueue"),
					"shutdown":  object{"drainSeconds": 10 + r.IntN(50)},
				}
			case 3:
				kindOf(edits, kind)[name] = object{"sidecars": object{"extra": object{"image": "extra:1"}}}
			}
		}
	}
	if r.IntN(2) == 0 {
		kind, instance := r.instance()
		kindOf(edits, kind)["added"] = instance
	}
	return edits
}

// inOneFile encodes a spec as the file of a package.
func inOneFile(spec object) generator.Sources {
	return generator.Sources{Files: []generator.Source{{Name: "spec.cue", Text: encode("", spec)}}}
}

// inManyFiles encodes a spec as a package of one file for each top-level field.
func inManyFiles(spec object) generator.Sources {
	var sources generator.Sources
	for _, key := range slices.Sorted(maps.Keys(spec)) {
		value := spec[key]
		sources.Files = append(sources.Files, generator.Source{Name: key + ".cue", Text: encode("package p\n", object{key: value})})
	}
	return sources
}

// reference stands for a CUE reference in a spec that is encoded as JSON.
func reference(path string) string { return "@@" + path + "@@" }

var (
	quotedReference = regexp.MustCompile(`"@@(.*?)@@"`)
	quotedName      = regexp.MustCompile(`(?m)^\t"(\w+)":`)
)

func encode(header string, o object) []byte {
	text, err := json.MarshalIndent(o, "", "\t")
	if err != nil {
		panic(err)
	}
	// A package's top-level fields have no braces around them.
	text = bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("{")), []byte("}"))
	// A name in quotes can't be referred to.
	text = quotedName.ReplaceAll(text, []byte("\t$1:"))
	return append([]byte(header), quotedReference.ReplaceAll(text, []byte("$1"))...)
}
