package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

func newValidate(a *app) *cobra.Command {
	o := newSpecOptions()
	cmd := &cobra.Command{
		Use:   "validate [SPEC...]",
		Short: "Report every mistake in a spec, each at its place",
		Long: `Validate reports every mistake in a spec and all of its environments at once,
each at its place. It says nothing if there are none.

SPEC is a CUE, YAML or JSON file, several files of one CUE package, a folder
that holds one, or - for standard input. The default is the current folder.

Mistakes are printed on standard error. With --diagnostics json, sarif, junit or
github they are what the command is asked for, and go to standard output.`,
		Example: `  patternctl validate shop
  patternctl validate --strict shop.cue
  patternctl validate --diagnostics sarif shop > patternctl.sarif`,
		ValidArgsFunction: completeSpec,
		RunE: func(_ *cobra.Command, args []string) error {
			w := io.Writer(a.stdout)
			if o.diagnostics.value == string(diagnostic.Text) {
				w = a.stderr
			}
			return a.reporting(o, w, func(r *report) error {
				spec, err := r.open(args)
				if err != nil {
					return err
				}
				return r.found(spec.Validate())
			})
		},
	}
	o.addFlags(cmd)
	return cmd
}
