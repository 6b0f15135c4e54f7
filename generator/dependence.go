package generator

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
	"github.com/patternctl/patternctl/generator/manifest"
)

// consequences say what comes of it when a probe asks somebody who is away.
var consequences = map[string]string{
	"startup":   "no pod starts",
	"readiness": "all pods leave their Services at once",
	"liveness":  "all pods are restarted, again and again",
}

// dependence reports probes that ask somebody else, whom the container may well
// do without: a field with @probe(readiness) holds the address of another
// instance, of the instance itself, or of a proxy beside the container.
func (s *System) dependence(instance Instance, shape *catalogue.Shape, hosts map[string]host) diagnostic.List {
	var list diagnostic.List
	eachProbed(instance.Fields, shape, nil, "", func(text, probe string, path []string) {
		report := func(whom, what string) {
			d := diagnostic.Diagnostic{
				Code:     "GEN-32",
				Severity: diagnostic.Warning,
				Message:  fmt.Sprintf("the %s probe asks %s: %s", probe, whom, what),
				Hint:     "let it ask the container alone, and let the container bear it when others are away",
			}
			d.Position, d.Path = s.locateIn(instance, path)
			list = append(list, d)
		}
		eachHost(text, s.Domain(), func(name string, _ int) {
			switch h, known := hosts[name]; {
			case !known:
			case h.owner == instance.Path():
				report("the instance's own address", "nobody answers there before a pod is ready, and then any pod may")
			default:
				report(h.owner, "while that is away, "+consequences[probe])
			}
		})
		eachLoopback(instance.Fields, shape, nil, func(url string, output []string) {
			if strings.Contains(strings.ReplaceAll(text, "//localhost:", "//127.0.0.1:"), url) {
				report("whom "+joinPath(output)+" leads to", "while that is away, "+consequences[probe])
			}
		})
	})
	return list
}

// eachProbed visits the strings below fields with @probe(…), with its argument
// and their paths.
func eachProbed(tree any, shape *catalogue.Shape, path []string, probe string, visit func(text, probe string, path []string)) {
	switch t := tree.(type) {
	case string:
		if probe != "" {
			visit(t, probe, path)
		}
	case manifest.Map:
		for _, f := range t {
			field, ok := shape.At([]string{f.Key})
			if !ok || field.Output {
				continue
			}
			inner := probe
			if field.Probe != "" {
				inner = field.Probe
			}
			eachProbed(f.Value, field.Shape, append(path, f.Key), inner, visit)
		}
	case []any:
		for i, item := range t {
			if shape.Elem != nil {
				eachProbed(item, shape.Elem, append(path, strconv.Itoa(i)), probe, visit)
			}
		}
	}
}

// eachLoopback visits the outputs of an instance that are addresses for its own
// pods alone.
func eachLoopback(tree any, shape *catalogue.Shape, path []string, visit func(url string, path []string)) {
	m, ok := tree.(manifest.Map)
	if !ok {
		return
	}
	for _, f := range m {
		field, ok := shape.At([]string{f.Key})
		if !ok {
			continue
		}
		at := append(path, f.Key)
		if url, isText := f.Value.(string); isText && field.Output && strings.HasPrefix(url, "http://127.0.0.1:") {
			visit(url, at)
		}
		eachLoopback(f.Value, field.Shape, at, visit)
	}
}
