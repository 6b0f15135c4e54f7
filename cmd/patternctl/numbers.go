package main

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator"
)

// explainNumbers prints what can be computed about the instances of a spec that
// args name.
func (o explainOptions) explainNumbers(a *app, args []string) error {
	options := newSpecOptions()
	options.libraries = o.libraries
	return a.reporting(options, a.stderr, func(r *report) error {
		spec, err := r.open(o.files)
		if err != nil {
			return err
		}
		explanations, list := spec.Explain(o.environment.value, args...)
		if err := r.found(list); err != nil {
			return err
		}
		if o.output.value == "json" {
			return writeJSON(a.stdout, explained{o.environment.value, explanations})
		}
		for i, e := range explanations {
			if i > 0 {
				fmt.Fprintln(a.stdout)
			}
			writeExplanation(a.stdout, o.environment.value, e)
		}
		return nil
	})
}

// explained is what -o json prints.
type explained struct {
	Environment string                  `json:"environment,omitempty"`
	Instances   []generator.Explanation `json:"instances"`
}

func writeExplanation(w *bufio.Writer, environment string, e generator.Explanation) {
	fmt.Fprintf(w, "INSTANCE:     %s\n", e.Path())
	if environment != "" {
		fmt.Fprintf(w, "ENVIRONMENT:  %s\n", environment)
	}
	fmt.Fprint(w, "\nNUMBERS:\n")
	if len(e.Numbers) == 0 {
		fmt.Fprintf(w, "  Nothing is computed for %s.\n", e.Kind)
	}
	for i, n := range e.Numbers {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "  %s = %s\n", n.Name, quantity(n))
		fmt.Fprint(w, wrap(n.Meaning, "    "))
		fmt.Fprint(w, wrap("Formula: "+n.Formula, "    "))
		if len(n.Assumes) > 0 {
			fmt.Fprint(w, wrap("Assumes: "+strings.Join(n.Assumes, "; "), "    "))
		}
		if n.Source != "" {
			fmt.Fprint(w, wrap("Source: "+n.Source, "    "))
		}
	}
}

// quantity is a number's value with its unit.
func quantity(n generator.Number) string {
	text := strconv.FormatFloat(n.Value, 'f', -1, 64)
	if n.Unit != "" {
		text += " " + n.Unit
	}
	return text
}

// completeInstance completes the instances of the spec that -f names.
func (o explainOptions) completeInstance(cmd *cobra.Command, args []string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var paths []string
	for _, i := range instances(cmd, o.files, o.environment.value) {
		paths = append(paths, i.Path())
	}
	return paths, cobra.ShellCompDirectiveNoFileComp
}
