package main

import (
	"bufio"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"github.com/spf13/cobra"

	"github.com/patternctl/patternctl/generator"
	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/generator/diagnostic"
)

type explainOptions struct {
	libraries   []string
	recursive   bool
	files       []string
	environment single
	output      choice
}

func newExplain(a *app) *cobra.Command {
	o := explainOptions{output: newChoice("text", "json")}
	cmd := &cobra.Command{
		Use:   "explain KIND[.FIELD...] | CODE | -f SPEC [KIND.NAME]",
		Short: "Say what a pattern, a field or a code means, or what an instance comes to",
		Long: `Explain says what can be written in a spec, from the catalogue's own comments:
what a pattern is and which fields it takes, or what a field is, of which type,
and what holds if it is left out. The names of instances, and other names of
your own, may be part of the path, so that paths of diagnostics can be asked for
as they are.

It also says why a diagnostic with a certain code matters, and what to do.

With -f it computes what an instance of a spec comes to, in the base or with -e
in an environment: how many keys move with one more shard, how long nobody is in
charge, and so on, each with its formula, the values put in, and what it
assumes. Without the path of an instance it does so for all of them. A spec with
mistakes is not explained; warnings are left to validate.`,
		Example: `  patternctl explain sharded
  patternctl explain sharded.container.probes
  patternctl explain sharded --recursive
  patternctl explain cluster.version
  patternctl explain PC1201
  patternctl explain -f shop.cue sharded.cache
  patternctl explain -f shop.cue sharded.cache -e prod -o json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && len(o.files) == 0 {
				return failure{"explain needs a pattern, a field or a code", "`patternctl patterns` lists the patterns; `patternctl explain -f SPEC` explains instances"}
			}
			return atMostOne(cmd, args)
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(o.files) > 0 {
				return o.completeInstance(cmd, args)
			}
			return completeTopic(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(cmd.Flags().Changed); err != nil {
				return err
			}
			if len(o.files) > 0 {
				return o.explainNumbers(a, args)
			}
			library, err := openLibrary(o.libraries)
			if err != nil {
				return err
			}
			if isCode(args[0]) {
				return explainCode(a.stdout, library, args[0])
			}
			return o.explainPath(a.stdout, library, args[0])
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.recursive, "recursive", "r", false, "list the fields of the fields too, without their comments")
	f.StringArrayVarP(&o.files, "filename", "f", nil, "explain instances of the spec `SPEC`, as generate takes it; repeatable")
	f.VarP(&o.environment, "environment", "e", "with -f: explain them in the environment `ENV` instead of the base")
	choiceFlag(cmd, &o.output, "output", "o", "with -f: the format")
	libraryFlag(cmd, &o.libraries)
	must(cmd.RegisterFlagCompletionFunc("filename", completeSpec))
	must(cmd.RegisterFlagCompletionFunc("environment", func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return completeEnvironment(cmd, o.files, word)
	}))
	return cmd
}

// validate refuses flags that would have no effect. given tells whether a flag
// was given.
func (o explainOptions) validate(given func(flag string) bool) error {
	switch {
	case given("filename") && o.recursive:
		return failure{"-r is for the fields of a pattern, and -f explains instances", "leave one of them out"}
	case given("environment") && !given("filename"):
		return failure{"-e is for the instances of a spec, and none is named", "add -f SPEC"}
	case given("output") && !given("filename"):
		return failure{"-o is for the instances of a spec, and none is named", "add -f SPEC"}
	case given("environment") && o.environment.value == "":
		return failure{"-e needs the name of an environment, but it is empty", "without -e the base is explained"}
	}
	return nil
}

func isCode(word string) bool {
	return regexp.MustCompile(`^[A-Za-z]+-?[0-9]+$`).MatchString(word)
}

func explainCode(w *bufio.Writer, library *catalogue.Library, name string) error {
	codes, err := allCodes(catalogue.NewPackages(library))
	if err != nil {
		return err
	}
	var names []string
	for _, c := range codes {
		names = append(names, c.Name)
		if !strings.EqualFold(c.Name, name) {
			continue
		}
		fmt.Fprintf(w, "%s: %s\n\n", c.Name, c.Title)
		fmt.Fprintf(w, "WHY:\n%s\n", wrap(c.Why, "    "))
		fmt.Fprintf(w, "FIX:\n%s", wrap(c.Fix, "    "))
		if c.Source != "" {
			fmt.Fprintf(w, "\nSOURCE:\n    %s\n", c.Source)
		}
		return nil
	}
	return failure{
		fmt.Sprintf("there is no code %q", name),
		didYouMean(name, names, "codes are in brackets at the end of a diagnostic, such as [PC1201]"),
	}
}

func (o explainOptions) explainPath(w *bufio.Writer, library *catalogue.Library, path string) error {
	topic, err := find(library, path)
	if err != nil {
		return err
	}
	if p := topic.pattern; p != nil {
		fmt.Fprintf(w, "PATTERN:  %s\n", p.Name)
		if len(p.In) > 0 {
			fmt.Fprintf(w, "IN:       %s\n", strings.Join(p.In, ", "))
		}
		if p.Chapter != "" {
			fmt.Fprintf(w, "CHAPTER:  %s\n", p.Chapter)
		}
	} else {
		fmt.Fprintf(w, "FIELD:  %s%s\n", topic.path, about(topic.field))
	}
	if doc := topic.doc(); doc != "" {
		fmt.Fprintf(w, "\nDESCRIPTION:\n%s", wrap(doc, "    "))
	}
	inputs, outputs := inputsAndOutputs(topic.shape())
	if len(inputs) > 0 {
		fmt.Fprint(w, "\nFIELDS:\n")
		o.writeFields(w, inputs, "  ")
	}
	if len(outputs) > 0 {
		fmt.Fprint(w, "\nOUTPUTS, which other instances can refer to:\n")
		o.writeFields(w, outputs, "  ")
	}
	if _, ok := library.Example(topic.path, ""); ok {
		fmt.Fprintf(w, "\nEXAMPLE:\n    `patternctl init --pattern %s` writes one\n", topic.path)
	}
	return nil
}

// inputsAndOutputs returns the fields that a user writes, those that must be
// written first, and the fields that are computed.
func inputsAndOutputs(s *catalogue.Shape) (inputs, outputs []catalogue.Field) {
	var optional []catalogue.Field
	for _, f := range s.Fields {
		switch {
		case f.Output:
			outputs = append(outputs, f)
		case f.Required:
			inputs = append(inputs, f)
		default:
			optional = append(optional, f)
		}
	}
	return append(inputs, optional...), outputs
}

func (o explainOptions) writeFields(w *bufio.Writer, fields []catalogue.Field, indent string) {
	for i, f := range fields {
		if i > 0 && !o.recursive {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s%s%s\n", indent, f.Name, about(f))
		if o.recursive {
			o.writeFields(w, f.Shape.Inner().Fields, indent+"  ")
		} else if f.Doc != "" {
			fmt.Fprint(w, wrap(f.Doc, indent+"  "))
		}
	}
}

// about is what follows a field's name: its type, and whether it has to be set
// or what holds if it isn't.
func about(f catalogue.Field) string {
	text := ""
	if t := typeOf(f.Shape); t != "" {
		text = " <" + t + ">"
	}
	switch {
	case f.Required:
		text += " -required-"
	case f.Default != "":
		text += " = " + f.Default
	}
	return text
}

// typeOf says what can be written, or "" if that isn't known.
func typeOf(s *catalogue.Shape) string {
	switch {
	case s.Kind == cue.BottomKind:
		return ""
	case s.Kind == cue.TopKind:
		return "anything"
	case s.Map():
		return "map of " + typeOf(s.Elem)
	case s.Kind == cue.ListKind && s.Elem != nil:
		return "list of " + typeOf(s.Elem)
	case len(s.Values) > 0:
		var values []string
		for _, v := range s.Values {
			values = append(values, fmt.Sprintf("%q", v))
		}
		return strings.Join(values, " | ")
	}
	return s.Kind.String()
}

// A topic is a field, which may be a pattern.
type topic struct {
	path    string
	field   catalogue.Field
	pattern *pattern
}

func (t topic) shape() *catalogue.Shape { return t.field.Shape.Inner() }

// doc is the comment on the field, and that on the definition which says what is
// in it. The latter says all there is to say about a kind.
func (t topic) doc() string {
	doc, more := t.field.Doc, t.shape().Doc
	switch {
	case t.pattern != nil && len(t.pattern.In) == 0:
		return more
	case more != "" && more != doc:
		return doc + "\n\n" + more
	}
	return doc
}

// find follows a path through the schema. Names of the user's own are skipped,
// and so may be the kind in front of a field that several kinds have.
func find(library *catalogue.Library, path string) (topic, error) {
	system, err := catalogue.NewPackages(library).System()
	if err != nil {
		return topic{}, brokenLibrary(err)
	}
	patterns, err := allPatterns(library)
	if err != nil {
		return topic{}, err
	}
	names := strings.Split(path, ".")
	if len(names) > 2 && names[0] == "environments" {
		names = names[2:]
	}
	at, known := system, []string(nil)
	for _, p := range patterns {
		if len(p.In) > 1 && p.Name == names[0] {
			kind, _ := system.Field(p.In[0])
			at = kind.Shape.Inner()
		}
	}
	var field catalogue.Field
	for i := 0; i < len(names); i++ {
		next, ok := at.Field(names[i])
		if !ok && len(known) > 0 && i+1 < len(names) {
			if _, skip := at.Field(names[i+1]); skip {
				continue
			}
		}
		if !ok {
			return topic{}, unknownField(at, known, names[i:], patterns)
		}
		field, at = next, next.Shape.Inner()
		known = append(known, next.Name)
	}
	found := topic{path: strings.Join(known, "."), field: field}
	for _, p := range patterns {
		if p.Name == found.path {
			found.pattern = &p
		}
	}
	return found, nil
}

// unknownField says that at, which is at the path known, has no field called as
// rest begins. That may be a name of the user's own; then the next one is wrong.
func unknownField(at *catalogue.Shape, known, rest []string, patterns []pattern) error {
	var names []string
	for _, f := range at.Fields {
		names = append(names, f.Name)
	}
	path, name := strings.Join(known, "."), rest[0]
	switch {
	case len(known) == 0:
		for _, p := range patterns {
			names = append(names, p.Name)
		}
		return failure{
			fmt.Sprintf("there is no pattern or field %q", name),
			didYouMean(name, names, "`patternctl patterns` lists the patterns"),
		}
	case len(names) == 0:
		return failure{path + " has no fields", ""}
	case len(rest) > 1 && diagnostic.Nearest(name, names) == "":
		name = rest[1]
	}
	return failure{
		fmt.Sprintf("%s has no field %q", path, name),
		didYouMean(name, names, "known here: "+strings.Join(names, ", ")),
	}
}

// completeTopic completes patterns, and behind a dot their fields and the
// instances of the spec in the current folder.
func completeTopic(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	library, err := libraryForCompletion(cmd)
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dot := strings.LastIndex(word, ".")
	if dot < 0 {
		kinds, _ := completePattern(cmd, nil, word)
		return kinds, directive
	}
	path := word[:dot]
	kind, _, nested := strings.Cut(path, ".")
	var paths []string
	for _, i := range instances(cmd, nil, "") {
		if i.Kind == kind {
			paths = append(paths, i.Path())
		}
	}
	t, err := find(library, path)
	switch {
	case nested && slices.Contains(paths, path):
		t, err = find(library, kind)
		paths = nil
	case nested:
		paths = nil
	}
	if err != nil {
		return nil, directive
	}
	words := paths
	for _, f := range t.shape().Fields {
		words = append(words, cobra.CompletionWithDesc(path+"."+f.Name, catalogue.FirstSentence(f.Doc)))
	}
	return words, directive
}

// instances returns those of a spec in an environment, if it is in order: of the
// one that files name, or of the one in the current folder.
func instances(cmd *cobra.Command, files []string, environment string) []generator.Instance {
	spec, ok := specForCompletion(cmd, files)
	if !ok {
		return nil
	}
	system, err := spec.Evaluate(environment)
	if err != nil {
		return nil
	}
	return system.Instances
}
