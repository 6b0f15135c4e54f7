package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme runs the sessions of README.md and of the guide to patterns: blocks
// of cue with a name are files, and in blocks of console each line after "$ " is
// a command, and the lines below it are what it prints. A line that is "…"
// stands for any lines.
func TestReadme(t *testing.T) {
	for _, page := range []string{"README.md", "docs/patterns.md"} {
		t.Run(page, func(t *testing.T) {
			text, err := os.ReadFile("../../" + page)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			commands := 0
			for _, block := range fencedBlocks(string(text)) {
				switch kind, name, _ := strings.Cut(block.info, " "); kind {
				case "cue":
					if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(name, []byte(block.text), 0o666); err != nil {
						t.Fatal(err)
					}
				case "console":
					for _, step := range strings.Split("\n"+block.text, "\n$ ")[1:] {
						command, want, _ := strings.Cut(step, "\n")
						if got := execute(t, command); !matches(want, got) {
							t.Errorf("$ %s\nprints\n%s\nand %s says\n%s", command, got, page, want)
						}
						commands++
					}
				}
			}
			if commands < 5 {
				t.Errorf("%s has %d commands; is it still read right?", page, commands)
			}
		})
	}
}

type fencedBlock struct{ info, text string }

var fence = regexp.MustCompile("(?ms)^```([^\n]+)\n(.*?)^```$")

func fencedBlocks(markdown string) []fencedBlock {
	var blocks []fencedBlock
	for _, m := range fence.FindAllStringSubmatch(markdown, -1) {
		blocks = append(blocks, fencedBlock{m[1], m[2]})
	}
	return blocks
}

// execute runs a command and returns what it prints on both streams.
func execute(t *testing.T, command string) string {
	t.Helper()
	var out bytes.Buffer
	if args, ok := strings.CutPrefix(command, "patternctl "); ok {
		run(strings.Fields(args), strings.NewReader(""), &out, &out)
		return out.String()
	}
	shell := exec.Command("sh", "-c", command)
	shell.Stdout, shell.Stderr = &out, &out
	if err := shell.Run(); err != nil {
		t.Errorf("$ %s: %v\n%s", command, err, out.String())
	}
	return out.String()
}

// matches compares what is printed with what is documented.
func matches(want, got string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(strings.TrimRight(want, "\n") + "\n") {
		switch {
		case line == "…\n":
			pattern.WriteString(`(?:.*\n)*?`)
		case line != "\n" || want != "":
			pattern.WriteString(regexp.QuoteMeta(line))
		}
	}
	return regexp.MustCompile(`^`+pattern.String()+`$`).MatchString(strings.TrimRight(got, "\n")+"\n") || want == "" && got == ""
}
