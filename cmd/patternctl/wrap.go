package main

import "strings"

// width is how long the lines of prose are, in characters, as far as words
// allow. It does not depend on the terminal, so that output is always the same.
const width = 80

// wrap sets prose in lines of at most width, each with indent before it.
// Paragraphs stay apart. Lines that are indented or begin with a dash are kept
// as they are: they are lists and examples.
func wrap(prose, indent string) string {
	var out strings.Builder
	line := ""
	end := func() {
		if line != "" {
			out.WriteString(indent + line + "\n")
		}
		line = ""
	}
	for text := range strings.Lines(prose) {
		text = strings.TrimRight(text, "\n")
		switch {
		case strings.TrimSpace(text) == "":
			end()
			out.WriteString("\n")
			continue
		case strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "- "):
			end()
			out.WriteString(indent + text + "\n")
			continue
		}
		for word := range strings.FieldsSeq(text) {
			if line != "" && len(indent)+len(line)+1+len(word) > width {
				end()
			}
			if line != "" {
				line += " "
			}
			line += word
		}
	}
	end()
	return out.String()
}
