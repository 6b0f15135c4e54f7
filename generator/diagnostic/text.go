package diagnostic

import (
	"fmt"
	"strings"
)

// viewText prints each diagnostic as
//
//	file:line:column: path: message [CODE]
//	  hint: what to do
//	  note: file:line:column: what explains it
//
// and on a terminal shows the source line below the first.
func viewText(list List, opts Options) ([]byte, error) {
	var b strings.Builder
	src := newSources(opts)
	for _, d := range list {
		b.WriteString(d.headline(opts) + "\n")
		if line, ok := src.line(d.Position); ok && opts.Terminal {
			writeExcerpt(&b, line, d, opts)
		}
		for _, e := range d.details() {
			b.WriteString("  " + opts.paint(cyan, e.label+":") + " " + e.text + "\n")
		}
	}
	return []byte(b.String()), nil
}

// headline is the first line of the text view.
func (d Diagnostic) headline(opts Options) string {
	var b strings.Builder
	if at := d.Position.String(); at != "" {
		b.WriteString(opts.paint(bold, printable(at)+":") + " ")
	}
	if d.Severity == Warning {
		b.WriteString(opts.paint(yellow, "warning:") + " ")
	}
	if d.Path != "" {
		b.WriteString(printable(d.Path) + ": ")
	}
	b.WriteString(opts.paint(d.color(), printable(d.Message)))
	if d.Code != "" {
		b.WriteString(" " + opts.paint(faint, "["+printable(d.Code)+"]"))
	}
	return b.String()
}

// A detail is a line below the first one: "hint: what to do".
type detail struct{ label, text string }

// details are the hint and then the notes, printable.
func (d Diagnostic) details() []detail {
	var list []detail
	if d.Hint != "" {
		list = append(list, detail{"hint", printable(d.Hint)})
	}
	for _, n := range d.Notes {
		text := n.Message
		if at := n.Position.String(); at != "" {
			text = at + ": " + text
		}
		list = append(list, detail{"note", printable(text)})
	}
	return list
}

// withDetails returns first and the details, a line each.
func (d Diagnostic) withDetails(first string) string {
	for _, e := range d.details() {
		first += "\n" + e.label + ": " + e.text
	}
	return first
}

// writeExcerpt shows line with its number, and a caret below the column.
func writeExcerpt(b *strings.Builder, line []byte, d Diagnostic, opts Options) {
	number := fmt.Sprint(d.Position.Line)
	text, cells := excerpt(line, d.Position.Column)
	fmt.Fprintf(b, "  %s %s\n", opts.paint(faint, number+" |"), text)
	if d.Position.Column > 0 {
		fmt.Fprintf(b, "  %s %s%s\n", opts.paint(faint, strings.Repeat(" ", len(number))+" |"),
			strings.Repeat(" ", cells), opts.paint(d.color(), "^"))
	}
}

// A style is the parameter of an ANSI "select graphic rendition" sequence.
type style string

const (
	bold   style = "1"
	faint  style = "2"
	red    style = "1;31"
	yellow style = "1;33"
	cyan   style = "36"
)

func (d Diagnostic) color() style {
	if d.Severity == Warning {
		return yellow
	}
	return red
}

func (o Options) paint(s style, text string) string {
	if !o.Color {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
