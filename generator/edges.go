package generator

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/patternctl/patternctl/generator/manifest"
)

// An edge is an instance with those that it may exchange requests with. Who
// calls whom is found in data: an instance that holds the host name of
// another's output may call it. It does not matter how the name got there, by
// reference, through a let clause or as text: what the pods will know decides.
type edge struct {
	kind, name string
	// clients hold addresses of the instance's, which holds those of servers.
	// Both are by path.
	clients, servers map[string]addresses
}

// An address is what answers under a host name in an instance's outputs.
type address struct {
	// component is the part of the instance, as its pods' label says; "" is
	// any.
	component string
	port      int
}

type addresses []address

func (list addresses) with(a address) addresses {
	if slices.Contains(list, a) {
		return list
	}
	return append(list, a)
}

// A host is a name in an instance's outputs, and what answers under it.
type host struct {
	owner     string
	addresses addresses
}

// at returns what answers under the host's name on a port, and on any of its
// ports where that one is not among them.
func (h host) at(port int) addresses {
	for _, a := range h.addresses {
		if a.port == port {
			return addresses{a}
		}
	}
	return h.addresses
}

// findHosts returns the hosts of all instances, by name.
func findHosts(s *System) map[string]host {
	hosts := map[string]host{}
	for _, instance := range s.Instances {
		path := instance.Path()
		eachAddress(instance.Fields, func(name string, a address) {
			hosts[name] = host{path, hosts[name].addresses.with(a)}
		})
	}
	return hosts
}

// findEdges returns the edges of each instance, by path.
func findEdges(s *System, hosts map[string]host) map[string]*edge {
	edges := make(map[string]*edge, len(s.Instances))
	for _, instance := range s.Instances {
		edges[instance.Path()] = &edge{instance.Kind, instance.Name, map[string]addresses{}, map[string]addresses{}}
	}
	for _, instance := range s.Instances {
		client := instance.Path()
		eachString(instance.Fields, func(text string) {
			eachHost(text, s.Domain(), func(name string, port int) {
				h, known := hosts[name]
				if !known || h.owner == client {
					return
				}
				for _, a := range h.at(port) {
					edges[client].servers[h.owner] = edges[client].servers[h.owner].with(a)
					edges[h.owner].clients[client] = edges[h.owner].clients[client].with(a)
				}
			})
		})
	}
	return edges
}

// eachAddress visits the addresses in an instance's outputs: maps with a host
// and a port.
func eachAddress(tree any, visit func(host string, a address)) {
	switch t := tree.(type) {
	case manifest.Map:
		host := manifest.String(t, "host")
		port, isPort := manifest.Lookup(t, "port").(json.Number)
		if n, err := strconv.Atoi(port.String()); host != "" && isPort && err == nil {
			visit(host, address{manifest.String(t, "component"), n})
		}
		for _, f := range t {
			eachAddress(f.Value, visit)
		}
	case []any:
		for _, item := range t {
			eachAddress(item, visit)
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

// eachHost visits the words of text that may be names of the cluster's domain,
// with the port that follows, or 0.
func eachHost(text, domain string, visit func(name string, port int)) {
	if !strings.Contains(text, ".svc."+domain) {
		return
	}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return r != ':' && r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}) {
		parts := strings.Split(word, ":")
		for i, part := range parts {
			port := 0
			if i+1 < len(parts) {
				port, _ = strconv.Atoi(parts[i+1])
			}
			visit(strings.Trim(part, "."), port)
		}
	}
}

// peers writes instances for a template, with the components and ports that
// are called of them, or that they call.
func peers(calls map[string]addresses, edges map[string]*edge) []any {
	list := make([]any, 0, len(calls))
	for _, path := range slices.Sorted(maps.Keys(calls)) {
		ports := map[string][]int{}
		for _, a := range calls[path] {
			ports[a.component] = append(ports[a.component], a.port)
		}
		called := make([]any, 0, len(ports))
		for _, role := range slices.Sorted(maps.Keys(ports)) {
			called = append(called, manifest.Map{
				{Key: "role", Value: role},
				{Key: "ports", Value: numbers(slices.Sorted(slices.Values(ports[role])))},
			})
		}
		list = append(list, manifest.Map{
			{Key: "kind", Value: edges[path].kind},
			{Key: "name", Value: edges[path].name},
			{Key: "called", Value: called},
		})
	}
	return list
}

func numbers(list []int) []any {
	all := make([]any, len(list))
	for i, n := range list {
		all[i] = number(n)
	}
	return all
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
