package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/patternctl/patternctl/generator/catalogue"
	"github.com/patternctl/patternctl/internal/golden"
)

// TestDocs compares the generated part of docs with what the commands, the
// catalogue and the codes say about themselves. With UPDATE_GOLDEN set it
// writes that part.
func TestDocs(t *testing.T) {
	library, err := catalogue.Open()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	commandPages(t, want)
	cataloguePages(t, library, want)
	codesPage(t, library, want)

	const docs = "../../docs"
	if golden.Recording() {
		golden.Record(t, want, docs, generated...)
	}
	if diff := cmp.Diff(want, golden.Read(t, docs, generated...)); diff != "" {
		t.Errorf("docs are out of date; UPDATE_GOLDEN=1 writes them (-want +got):\n%s", diff)
	}
}

// TestDocsMentionEveryPatternAndCode keeps the pages from losing one, and
// patterns from having no picture or example. Where a pattern has others inside,
// theirs are enough.
func TestDocsMentionEveryPatternAndCode(t *testing.T) {
	library, err := catalogue.Open()
	if err != nil {
		t.Fatal(err)
	}
	pages := golden.Read(t, "../../docs", generated...)
	patterns, err := allPatterns(library)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range patterns {
		page := pages["catalogue/"+p.Name+".md"]
		if !strings.Contains(page, "# "+p.Name+"\n") {
			t.Errorf("docs/catalogue/%s.md is missing", p.Name)
		}
		if !strings.Contains(page, "──") {
			t.Errorf("%s has no picture: draw one in the comment on its definition", p.Name)
		}
		around := i+1 < len(patterns) && strings.HasPrefix(patterns[i+1].Name, p.Name+".")
		if !around && !strings.Contains(page, "## Example\n") {
			t.Errorf("%s has no example: write schemas/examples/%[1]s.cue", p.Name)
		}
	}
	codes, err := allCodes(catalogue.NewPackages(library))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codes {
		if !strings.Contains(pages["codes.md"], "## "+c.Name+"\n") {
			t.Errorf("docs/codes.md has no %s", c.Name)
		}
	}
}

func commandPages(t *testing.T, pages map[string]string) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.DisableAutoGenTag = true
		var b strings.Builder
		if err := doc.GenMarkdown(cmd, &b); err != nil {
			t.Fatal(err)
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "_")
		pages["cli/"+name+".md"] = b.String()
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(newApp(strings.NewReader(""), io.Discard, io.Discard)))
}

func cataloguePages(t *testing.T, library *catalogue.Library, pages map[string]string) {
	patterns, err := allPatterns(library)
	if err != nil {
		t.Fatal(err)
	}
	packages := catalogue.NewPackages(library)
	codes, err := allCodes(packages)
	if err != nil {
		t.Fatal(err)
	}
	kinds, others := "", ""
	explained := map[string]bool{}
	for _, p := range patterns {
		row := fmt.Sprintf("| [%s](%[1]s.md) | %s | %s |\n", p.Name, p.Chapter, p.Summary)
		if len(p.In) == 0 {
			kinds += row
		} else {
			others += row
		}
		var own []code
		for _, c := range codes {
			if definedIn(packages, c.Name) == p.file && !explained[c.Name] {
				own = append(own, c)
				explained[c.Name] = true
			}
		}
		pages["catalogue/"+p.Name+".md"] = patternPage(library, patterns, p, own)
	}
	const table = "| pattern | chapter | |\n| --- | --- | --- |\n"
	pages["catalogue/README.md"] = "# The catalogue\n\nChapters are those of \"Designing Distributed Systems\", 2nd edition.\n\n" +
		table + kinds + "\n## Inside others\n\nThese are fields of instances, and of their pods.\n\n" + table + others
}

func patternPage(library *catalogue.Library, patterns []pattern, p pattern, codes []code) string {
	var b strings.Builder
	shape := p.field.Shape.Inner()
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n%s\n", p.Name, p.Summary, shape.Doc)
	if len(p.In) > 0 {
		b.WriteString("\nA field of " + links(p.In) + ".\n")
	}
	if example, ok := library.Example(p.Name, ""); ok {
		fmt.Fprintf(&b, "\n## Example\n\n```cue\n%s```\n", example)
	}
	inputs, outputs := inputsAndOutputs(shape)
	b.WriteString("\n## Fields\n\n" + fieldTable(inputs))
	page := func(path string) string {
		if own := p.Name + "." + path; slices.ContainsFunc(patterns, func(p pattern) bool { return p.Name == own }) {
			return own
		}
		return path
	}
	writeSections(&b, inputs, "", page, map[string]string{})
	if len(outputs) > 0 {
		b.WriteString("\n## Outputs\n\nThe rest of the spec can refer to these.\n\n" + fieldTable(flat(outputs, "")))
	}
	if len(codes) > 0 {
		b.WriteString("\n## Checks\n\n| code | |\n| --- | --- |\n")
		for _, c := range codes {
			fmt.Fprintf(&b, "| [%s](../codes.md#%s) | %s |\n", c.Name, strings.ToLower(c.Name), cell(c.Title))
		}
	}
	return b.String()
}

func links(patterns []string) string {
	var all []string
	for _, name := range patterns {
		all = append(all, fmt.Sprintf("[%s](%[1]s.md)", name))
	}
	return strings.Join(all, ", ")
}

// writeSections writes a section for each field that has fields. One that would
// repeat an earlier one refers to it, and one that is a pattern to its page.
func writeSections(b *strings.Builder, fields []catalogue.Field, prefix string, page func(path string) string, seen map[string]string) {
	for _, f := range fields {
		shape := f.Shape.Inner()
		inner, _ := inputsAndOutputs(shape)
		if len(inner) == 0 {
			continue
		}
		name := prefix + f.Name
		fmt.Fprintf(b, "\n### %s\n\n", name)
		if f.Pattern {
			b.WriteString("See " + links([]string{page(name)}) + ".\n")
			continue
		}
		text := fieldTable(inner)
		if shape.Doc != "" && shape.Doc != f.Doc {
			text = shape.Doc + "\n\n" + text
		}
		if earlier, repeated := seen[text]; repeated {
			fmt.Fprintf(b, "As [%s](#%s).\n", earlier, strings.ToLower(strings.ReplaceAll(earlier, ".", "")))
			continue
		}
		seen[text] = name
		b.WriteString(text)
		writeSections(b, inner, name+".", page, seen)
	}
}

func flat(fields []catalogue.Field, prefix string) []catalogue.Field {
	var all []catalogue.Field
	for _, f := range fields {
		f.Name = prefix + f.Name
		all = append(all, f)
		all = append(all, flat(f.Shape.Inner().Fields, f.Name+".")...)
	}
	return all
}

func fieldTable(fields []catalogue.Field) string {
	var b strings.Builder
	b.WriteString("| field | type | default | |\n| --- | --- | --- | --- |\n")
	for _, f := range fields {
		def := ""
		switch {
		case f.Required:
			def = "required"
		case f.Default != "":
			def = "`" + f.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, cell(typeOf(f.Shape)), cell(def), cell(f.Doc))
	}
	return b.String()
}

func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

// definedIn returns the file whose schema explains a code.
func definedIn(packages *catalogue.Packages, name string) string {
	schemas, err := packages.Schemas()
	if err != nil {
		return ""
	}
	return schemas.LookupPath(cue.MakePath(cue.Str("codes"), cue.Str(name), cue.Str("title"))).Pos().Filename()
}

func codesPage(t *testing.T, library *catalogue.Library, pages map[string]string) {
	codes, err := allCodes(catalogue.NewPackages(library))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# Codes\n\nEvery diagnostic has one. `patternctl explain CODE` prints the same.\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "\n## %s\n\n**%s.** %s\n\n%s\n", c.Name, c.Title, c.Why, c.Fix)
		if c.Source != "" {
			fmt.Fprintf(&b, "\nSource: %s\n", c.Source)
		}
	}
	pages["codes.md"] = b.String()
}

// generated are the parts of docs that no person writes.
var generated = []string{"cli", "catalogue", "codes.md"}
