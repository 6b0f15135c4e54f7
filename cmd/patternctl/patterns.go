package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newPatterns(a *app) *cobra.Command {
	var libraries []string
	output := newChoice("text", "json")
	cmd := &cobra.Command{
		Use:   "patterns",
		Short: "List the patterns that a spec can be made of",
		Long: `Patterns lists the catalogue: each pattern, what it is in a sentence, and the
chapter of "Designing Distributed Systems" (2nd edition) that describes it.

Kinds are fields of a spec. Other patterns are fields inside their instances.`,
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
			kinds := len(library.Kinds())
			table := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', 0)
			writePatterns(table, "KIND", patterns[:kinds])
			fmt.Fprintln(table)
			writePatterns(table, "INSIDE OTHERS", patterns[kinds:])
			return table.Flush()
		},
	}
	choiceFlag(cmd, &output, "output", "o", "the format")
	libraryFlag(cmd, &libraries)
	return cmd
}

func writePatterns(w io.Writer, header string, patterns []pattern) {
	fmt.Fprintf(w, "%s\tCHAPTER\tSUMMARY\n", header)
	for _, p := range patterns {
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.Name, cmp.Or(p.Chapter, "-"), p.Summary)
	}
}
