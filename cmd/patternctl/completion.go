package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/catalogue"
)

func newCompletion(a *app) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes patternctl's commands in a shell",
		Long: `Completion prints a script that teaches a shell to complete the commands and
flags of patternctl, the kinds and fields of its patterns, and the instances and
environments of the spec in the current folder.

  bash        source <(patternctl completion bash)
  zsh         source <(patternctl completion zsh)
  fish        patternctl completion fish | source
  powershell  patternctl completion powershell | Out-String | Invoke-Expression

A line in the shell's start-up file makes it last. In bash it needs the package
bash-completion.`,
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return failure{"completion needs the name of a shell", "bash, zsh, fish or powershell"}
			case !slices.Contains(shells, args[0]):
				return failure{"there is no completion for " + args[0], didYouMean(args[0], shells, "bash, zsh, fish or powershell")}
			}
			return atMostOne(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch root := cmd.Root(); args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.stdout)
			}
			return errors.ErrUnsupported
		},
	}
}

// completeSpec completes the files that can be a spec.
func completeSpec(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"cue", "yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeEnvironment completes the environments of the spec that the command
// line names, or of the one in the current folder.
func completeEnvironment(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	spec, ok := specForCompletion(cmd, args)
	if !ok {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return spec.Environments(), cobra.ShellCompDirectiveNoFileComp
}

// completePattern completes the names of patterns.
func completePattern(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	library, err := libraryForCompletion(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	patterns, err := allPatterns(library)
	if err != nil {
		return library.Kinds(), cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, p := range patterns {
		words = append(words, cobra.CompletionWithDesc(p.Name, p.Summary))
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// specForCompletion returns the spec that a half-written command line is about.
// One on standard input can't be read: it is the shell's.
func specForCompletion(cmd *cobra.Command, args []string) (*generator.Spec, bool) {
	library, err := libraryForCompletion(cmd)
	if err != nil || slices.Contains(args, generator.Stdin) {
		return nil, false
	}
	sources, err := generator.Read(nil, args...)
	if err != nil {
		return nil, false
	}
	spec, err := generator.Parse(sources, generator.Options{Library: library})
	return spec, err == nil
}

// libraryForCompletion opens the library that a half-written command line asks
// for. Cobra parses that line twice, and so sees each folder twice.
func libraryForCompletion(cmd *cobra.Command) (*catalogue.Library, error) {
	folders, err := cmd.Flags().GetStringArray("library")
	if err != nil {
		return nil, err
	}
	slices.Sort(folders)
	return openLibrary(slices.Compact(folders))
}
