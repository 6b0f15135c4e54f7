package generator_test

import (
	"fmt"
	"log"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/manifest"
)

// A spec becomes manifests. Files are read by generator.Read; here the spec is
// text.
func Example() {
	spec, err := generator.Parse(generator.Sources{Files: []generator.Source{{
		Name: "shop.cue",
		Text: []byte(`
			name: "shop"
			replicated: web: {
				container: {image: "ghcr.io/acme/web:1.4.2", port: 8080}
				allow: from: anywhere: true
			}
			environments: prod: replicated: web: replicas: 12
		`),
	}}}, generator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	groups, diagnostics := spec.Render("prod")
	if diagnostics.HasErrors() {
		log.Fatal(diagnostics)
	}
	for _, group := range groups {
		for _, object := range group.Objects {
			fmt.Println(group.Path(), manifest.IDOf(object), manifest.Lookup(object, "spec", "replicas"))
		}
	}
	// Output:
	// replicated.web ServiceAccount/web <nil>
	// replicated.web Deployment/web 12
	// replicated.web Service/web <nil>
	// replicated.web PodDisruptionBudget/web <nil>
	// replicated.web NetworkPolicy/web <nil>
}

// A mistake is data: a code, a place, a message and a hint.
func ExampleSpec_Validate() {
	spec, err := generator.Parse(generator.Sources{Files: []generator.Source{{
		Name: "shop.cue",
		Text: []byte("name: \"shop\"\nreplicated: web: {\n\tcontainer: {image: \"ghcr.io/acme/web:1.4.2\", port: 8080}\n\treplica: 3\n}\n"),
	}}}, generator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range spec.Validate() {
		fmt.Printf("%s at line %d: %s (%s)\n", d.Code, d.Position.Line, d.Message, d.Hint)
	}
	// Output:
	// PC1201 at line 4: unknown field (did you mean "replicas"?)
}
