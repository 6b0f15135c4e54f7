package overlay

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/patternctl/patternctl/generator/manifest"
)

// replicas is one entry of `replicas:`, which finds every object of that name
// whose kind has replicas.
type replicas struct {
	name  string
	count json.Number
}

func hasReplicas(object manifest.Map) bool {
	switch manifest.String(object, "kind") {
	case "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet":
		return true
	}
	return false
}

// findReplicas returns the counts that changed. One count has to suit all
// objects of a name.
func findReplicas(changes []change) []replicas {
	var found []replicas
	counts := map[string]json.Number{}
	split := map[string]bool{}
	for _, c := range changes {
		if !hasReplicas(c.to) {
			continue
		}
		name := manifest.String(c.to, "metadata", "name")
		count, _ := manifest.Lookup(c.to, "spec", "replicas").(json.Number)
		if _, err := strconv.ParseInt(string(count), 10, 64); err != nil {
			split[name] = true
			continue
		}
		other, seen := counts[name]
		split[name] = split[name] || seen && other != count
		counts[name] = count
		if c.from != nil && !manifest.Equal(manifest.Lookup(c.from, "spec", "replicas"), count) {
			found = append(found, replicas{name, count})
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(found, func(r replicas) bool {
		again := seen[r.name]
		seen[r.name] = true
		return again || split[r.name]
	})
}

// replicasTree is `replicas:` of kustomization.yaml.
func (t transformers) replicasTree() []any {
	var list []any
	for _, r := range t.replicas {
		list = append(list, manifest.Map{{Key: "name", Value: r.name}, {Key: "count", Value: r.count}})
	}
	return list
}
