package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newPatterns(a *app) *cobra.Command {
	var libraries []string
	output := newChoice("text", "json")
	cmd := &cobra.Command{
		Use:   "patterns",
		Short: "List the patterns that a spec can be made of",
		Long: `Patterns lists the catalogue: each kind of pattern, what it is in a sentence, and
the chapter of "Designing Distributed Systems" (2nd edition) that describes it.`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			library, err := openLibrary(libraries)
			if err != nil {
				return err
			}
			patterns, err := allPatterns(library)
			if err != nil {
				return err
			}
			if output.value == "json" {
				return writeJSON(a.stdout, patterns)
			}
			table := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', 0)
			fmt.Fprintln(table, "KIND\tCHAPTER\tSUMMARY")
			for _, p := range patterns {
				fmt.Fprintf(table, "%s\t%s\t%s\n", p.Kind, cmp.Or(p.Chapter, "-"), p.Summary)
			}
			return table.Flush()
		},
	}
	choiceFlag(cmd, &output, "output", "o", "the format")
	libraryFlag(cmd, &libraries)
	return cmd
}
