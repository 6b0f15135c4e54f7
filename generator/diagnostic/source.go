package diagnostic

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sources finds lines of source files. Each file is fetched and split once.
type sources struct {
	fetch func(file string) ([]byte, bool)
	lines map[string][][]byte
}

func newSources(opts Options) *sources {
	return &sources{fetch: opts.Source, lines: map[string][][]byte{}}
}

// line returns the line that p is on, without its end.
func (s *sources) line(p Position) ([]byte, bool) {
	if s.fetch == nil || p.Line < 1 {
		return nil, false
	}
	lines, fetched := s.lines[p.File]
	if !fetched {
		if data, ok := s.fetch(p.File); ok {
			lines = bytes.Split(data, []byte("\n"))
		}
		s.lines[p.File] = lines
	}
	if p.Line > len(lines) {
		return nil, false
	}
	return bytes.TrimSuffix(lines[p.Line-1], []byte("\r")), true
}

// character returns p.Column counted in characters instead of bytes, or
// unchanged where the source is not known.
func (s *sources) character(p Position) int {
	line, ok := s.line(p)
	if !ok || p.Column < 1 {
		return p.Column
	}
	return utf8.RuneCount(line[:offset(line, p.Column)]) + 1
}

// offset returns the index in line of the character that column, in bytes
// from 1, lies in. It is len(line) for a column behind the end.
func offset(line []byte, column int) int {
	at := min(max(column-1, 0), len(line))
	for at > 0 && at < len(line) && !utf8.RuneStart(line[at]) {
		at--
	}
	return at
}

// excerptBytes bounds how much of a line is shown on each side of the caret.
const excerptBytes = 72

// excerpt returns line as a terminal can show it, and in how many cells from
// its start the character at column begins. A long line is cut on both sides.
func excerpt(line []byte, column int) (text string, cells int) {
	at := offset(line, column)
	before, after := line[:at], line[at:]
	cutBefore, cutAfter := "", ""
	if len(before) > excerptBytes {
		start := offset(before, len(before)-excerptBytes+1)
		before, cutBefore = before[start:], "…"
	}
	if len(after) > excerptBytes {
		after, cutAfter = after[:offset(after, excerptBytes+1)], "…"
	}
	left := cutBefore + shown(before)
	for _, r := range left {
		cells += width(r)
	}
	return left + shown(after) + cutAfter, cells
}

// shown replaces tabs, whose width depends on the terminal, and escapes what
// cannot be printed.
func shown(b []byte) string {
	return printable(strings.ReplaceAll(string(b), "\t", "    "))
}

// width returns how many cells of a terminal a printable character takes.
func width(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, r):
		return 2
	default:
		return 1
	}
}

// wide holds the blocks that terminals draw two cells wide: East Asian
// scripts, full-width forms and emoji.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1},
		{Lo: 0x231a, Hi: 0x231b, Stride: 1},
		{Lo: 0x2614, Hi: 0x2615, Stride: 1},
		{Lo: 0x2705, Hi: 0x2705, Stride: 1},
		{Lo: 0x2728, Hi: 0x2728, Stride: 1},
		{Lo: 0x274c, Hi: 0x274c, Stride: 1},
		{Lo: 0x2753, Hi: 0x2757, Stride: 1},
		{Lo: 0x2b50, Hi: 0x2b55, Stride: 1},
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1},
		{Lo: 0x3041, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xa960, Hi: 0xa97c, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1},
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff01, Hi: 0xff60, Stride: 1},
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1},
		{Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1},
		{Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1},
		{Lo: 0x1fa70, Hi: 0x1faff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}
