package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// A single is the value of a flag that takes one text.
type single struct {
	value string
	given bool
}

func (s *single) String() string { return s.value }
func (s *single) Type() string   { return "string" }

// Set refuses another text than the one that was given before: neither is what
// the user wants alone. Completion sets each flag twice.
func (s *single) Set(text string) error {
	if s.given && text != s.value {
		return failure{fmt.Sprintf("is given twice: %q and %q", s.value, text), "leave one of them out"}
	}
	s.value, s.given = text, true
	return nil
}

// A choice is the value of a flag that takes one of a few words.
type choice struct {
	single
	among []string
	// hint helps with a word that is not like any of them.
	hint string
}

// newChoice returns a choice among words, the first of which is the default.
func newChoice(words ...string) choice {
	return choice{single: single{value: words[0]}, among: words}
}

func (c *choice) Type() string { return strings.Join(c.among, "|") }

func (c *choice) Set(word string) error {
	if !slices.Contains(c.among, word) {
		return failure{
			fmt.Sprintf("%q is not one of %s", word, strings.Join(c.among, ", ")),
			didYouMean(word, c.among, c.hint),
		}
	}
	return c.single.Set(word)
}

// choiceFlag adds a flag for c, which completes its words.
func choiceFlag(cmd *cobra.Command, c *choice, name, shorthand, usage string) {
	cmd.Flags().VarP(c, name, shorthand, usage)
	must(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.among, cobra.ShellCompDirectiveNoFileComp)))
}

// flagError says what is wrong with the flags of cmd.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		f := missing.GetFlag()
		_, usage := pflag.UnquoteUsage(f)
		return failure{fmt.Sprintf("--%s needs a value", f.Name), fmt.Sprintf("--%s: %s", f.Name, usage)}
	case errors.As(err, &invalid):
		name := "--" + invalid.GetFlag().Name
		var reason failure
		if errors.As(err, &reason) {
			return failure{name + ": " + reason.message, reason.hint}
		}
		return failure{fmt.Sprintf("%s: %q does not fit", name, invalid.GetValue()), seeHelp(cmd)}
	}
	return failure{err.Error(), seeHelp(cmd)}
}

func unknownFlag(cmd *cobra.Command, err *pflag.NotExistError) error {
	name := err.GetSpecifiedName()
	if err.GetSpecifiedShortnames() != "" {
		hint := seeHelp(cmd)
		if name == "f" && strings.Contains(cmd.Use, "SPEC") {
			hint = fmt.Sprintf("a spec is named without a flag: `%s FILE`", cmd.CommandPath())
		}
		return failure{"unknown flag -" + name, hint}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	hint := seeHelp(cmd)
	if slices.Contains(commandNames(cmd.Root()), name) {
		hint = fmt.Sprintf("did you mean `%s %s`?", cmd.Root().Name(), name)
	}
	return failure{"unknown flag --" + name, didYouMean("--"+name, names, hint)}
}

func unknownCommand(root *cobra.Command, args []string) error {
	word := args[slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })]
	return failure{
		fmt.Sprintf("unknown command %q", word),
		didYouMean(word, commandNames(root), seeHelp(root)),
	}
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, cmd := range root.Commands() {
		if !cmd.Hidden {
			names = append(names, cmd.Name())
		}
	}
	return names
}

// noArguments and atMostOne are what commands do with arguments they don't take.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return failure{fmt.Sprintf("%s takes no arguments, but got %q", cmd.Name(), args[0]), seeHelp(cmd)}
	}
	return nil
}

func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return failure{fmt.Sprintf("%s takes one argument, but got %d", cmd.Name(), len(args)), seeHelp(cmd)}
	}
	return nil
}

// didYouMean is the hint for a word that is none of those that are known.
func didYouMean(word string, known []string, otherwise string) string {
	if near := diagnostic.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return otherwise
}

func seeHelp(cmd *cobra.Command) string {
	return fmt.Sprintf("see `%s --help`", cmd.CommandPath())
}
