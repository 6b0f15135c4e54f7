package diagnostic

import (
	"fmt"
	"strings"
)

// viewGitHub prints a workflow command for each diagnostic:
//
//	::error file=shop.cue,line=14,col=3,title=PC1003::message
//
// The message goes on with the hint and the notes on lines of their own.
func viewGitHub(list List, opts Options) ([]byte, error) {
	src := newSources(opts)
	var b strings.Builder
	for _, d := range list {
		var properties []string
		set := func(key, value string) {
			properties = append(properties, key+"="+escapeProperty(printable(value)))
		}
		if p := d.Position; p.File != "" {
			set("file", p.File)
			if p.Line > 0 {
				set("line", fmt.Sprint(p.Line))
				if p.Column > 0 {
					set("col", fmt.Sprint(src.character(p)))
				}
			}
		}
		if d.Code != "" {
			set("title", d.Code)
		}
		message := d.Message
		if d.Path != "" {
			message = d.Path + ": " + message
		}
		command := "::" + d.Severity.String()
		if len(properties) > 0 {
			command += " " + strings.Join(properties, ",")
		}
		b.WriteString(command + "::" + escapeMessage(d.withDetails(printable(message))) + "\n")
	}
	return []byte(b.String()), nil
}

// escapeMessage escapes what ends a workflow command's message.
func escapeMessage(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// escapeProperty escapes what ends a workflow command's property.
func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
