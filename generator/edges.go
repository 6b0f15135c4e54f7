package generator

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/patternctl/patternctl/generator/manifest"
)

// An edge list tells who calls whom: an instance that holds the host name of
// another's output may call it. It does not matter how the name got there, by
// reference, through a let clause or as text: what the pods will know decides.
type edge struct {
	kind, name string
	// ports are those of the instance's own outputs.
	ports []int
	// clients and servers are paths of other instances, sorted.
	clients, servers []string
}

// findEdges returns the edges of each instance, by path.
func findEdges(s *System) map[string]*edge {
	edges := make(map[string]*edge, len(s.Instances))
	owners := map[string]string{}
	for _, instance := range s.Instances {
		e := &edge{kind: instance.Kind, name: instance.Name}
		edges[instance.Path()] = e
		e.collect(instance.Fields, func(host string) { owners[host] = instance.Path() })
	}
	for _, instance := range s.Instances {
		path := instance.Path()
		eachString(instance.Fields, func(text string) {
			for _, host := range hostNames(text, s.Domain()) {
				owner, known := owners[host]
				if !known || owner == path || slices.Contains(edges[path].servers, owner) {
					continue
				}
				edges[path].servers = append(edges[path].servers, owner)
				edges[owner].clients = append(edges[owner].clients, path)
			}
		})
	}
	for _, e := range edges {
		slices.Sort(e.clients)
		slices.Sort(e.servers)
	}
	return edges
}

// collect finds the addresses in an instance's outputs: maps with a host and a
// port.
func (e *edge) collect(tree any, own func(host string)) {
	switch t := tree.(type) {
	case manifest.Map:
		host := manifest.String(t, "host")
		port, isPort := manifest.Lookup(t, "port").(json.Number)
		if host != "" && isPort {
			own(host)
			if n, err := strconv.Atoi(port.String()); err == nil && !slices.Contains(e.ports, n) {
				e.ports = append(e.ports, n)
			}
		}
		for _, f := range t {
			e.collect(f.Value, own)
		}
	case []any:
		for _, item := range t {
			e.collect(item, own)
		}
	}
}

func eachString(tree any, visit func(string)) {
	switch t := tree.(type) {
	case string:
		visit(t)
	case manifest.Map:
		for _, f := range t {
			eachString(f.Value, visit)
		}
	case []any:
		for _, item := range t {
			eachString(item, visit)
		}
	}
}

// hostNames returns the words of text that are names of the cluster's domain.
func hostNames(text, domain string) []string {
	if !strings.Contains(text, ".svc."+domain) {
		return nil
	}
	return strings.FieldsFunc(text, func(r rune) bool {
		return r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
}

func peers(paths []string, edges map[string]*edge) []any {
	list := make([]any, len(paths))
	for i, path := range paths {
		e := edges[path]
		ports := make([]any, len(e.ports))
		for i, p := range e.ports {
			ports[i] = number(p)
		}
		list[i] = manifest.Map{
			{Key: "kind", Value: e.kind},
			{Key: "name", Value: e.name},
			{Key: "ports", Value: ports},
		}
	}
	return list
}

func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

func orEmptyMap(tree any) any {
	if tree == nil {
		return manifest.Map{}
	}
	return tree
}

func orEmptyList(tree any) any {
	if tree == nil {
		return []any{}
	}
	return tree
}
