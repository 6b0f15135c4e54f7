package main

import (
	"fmt"
	"io"
	"path"
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

// TestDocsMentionEveryKindAndCode keeps the pages from losing one.
func TestDocsMentionEveryKindAndCode(t *testing.T) {
	library, err := catalogue.Open()
	if err != nil {
		t.Fatal(err)
	}
	pages := golden.Read(t, "../../docs", generated...)
	for _, kind := range library.Kinds() {
		if !strings.Contains(pages["catalogue/"+kind+".md"], "# "+kind+"\n") {
			t.Errorf("docs/catalogue/%s.md is missing", kind)
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
	var index strings.Builder
	index.WriteString("# The catalogue\n\nChapters are those of \"Designing Distributed Systems\", 2nd edition.\n\n| pattern | chapter | |\n| --- | --- | --- |\n")
	for _, p := range patterns {
		fmt.Fprintf(&index, "| [%s](%[1]s.md) | %s | %s |\n", p.Kind, p.Chapter, p.Summary)
		var own []code
		for _, c := range codes {
			if definedFor(packages, c.Name) == p.Kind {
				own = append(own, c)
			}
		}
		pages["catalogue/"+p.Kind+".md"] = patternPage(library, p, own)
	}
	pages["catalogue/README.md"] = index.String()
}

func patternPage(library *catalogue.Library, p pattern, codes []code) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n%s\n", p.Kind, p.Summary, p.shape.Doc)
	if example, ok := library.Example(p.Kind, ""); ok {
		fmt.Fprintf(&b, "\n## Example\n\n```cue\n%s```\n", example)
	}
	inputs, outputs := inputsAndOutputs(p.shape)
	b.WriteString("\n## Fields\n\n" + fieldTable(inputs))
	writeSections(&b, inputs, "", map[string]string{})
	if len(outputs) > 0 {
		b.WriteString("\n## Outputs\n\nOther instances can refer to these.\n\n" + fieldTable(flat(outputs, "")))
	}
	if len(codes) > 0 {
		b.WriteString("\n## Checks\n\n| code | |\n| --- | --- |\n")
		for _, c := range codes {
			fmt.Fprintf(&b, "| [%s](../codes.md#%s) | %s |\n", c.Name, strings.ToLower(c.Name), cell(c.Title))
		}
	}
	return b.String()
}

// writeSections writes a section for each field that has fields. One that
// would repeat an earlier one refers to it.
func writeSections(b *strings.Builder, fields []catalogue.Field, prefix string, seen map[string]string) {
	for _, f := range fields {
		inner, _ := inputsAndOutputs(inner(f.Shape))
		if len(inner) == 0 {
			continue
		}
		name := prefix + f.Name
		table := fieldTable(inner)
		fmt.Fprintf(b, "\n### %s\n\n", name)
		if earlier, repeated := seen[table]; repeated {
			fmt.Fprintf(b, "As [%s](#%s).\n", earlier, strings.ToLower(strings.ReplaceAll(earlier, ".", "")))
			continue
		}
		seen[table] = name
		b.WriteString(table)
		writeSections(b, inner, name+".", seen)
	}
}

func flat(fields []catalogue.Field, prefix string) []catalogue.Field {
	var all []catalogue.Field
	for _, f := range fields {
		f.Name = prefix + f.Name
		all = append(all, f)
		all = append(all, flat(inner(f.Shape).Fields, f.Name+".")...)
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

// definedFor returns the kind whose schema explains a code.
func definedFor(packages *catalogue.Packages, name string) string {
	schemas, err := packages.Schemas()
	if err != nil {
		return ""
	}
	file := schemas.LookupPath(cue.MakePath(cue.Str("codes"), cue.Str(name), cue.Str("title"))).Pos().Filename()
	return strings.TrimSuffix(path.Base(file), ".cue")
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
