package manifest

import (
	"strings"
	"unicode/utf8"
)

// appendString writes a string that is the value of a key, or the item of a
// list, at column: plain where that is safe, as a literal block where it has
// several lines, and in double quotes otherwise.
func appendString(dst []byte, s string, column int) []byte {
	s = validUTF8(s)
	switch {
	case isPlain(s):
		return append(dst, s...)
	case isLiteral(s):
		return appendLiteral(dst, s, column)
	default:
		return appendQuoted(dst, s)
	}
}

// appendInline writes a string that must stay on its line.
func appendInline(dst []byte, s string) []byte {
	s = validUTF8(s)
	if isPlain(s) {
		return append(dst, s...)
	}
	return appendQuoted(dst, s)
}

// validUTF8 returns s with U+FFFD for every byte that is no part of a rune.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// isPlain reports whether every reader takes s, as it is, for the string s.
func isPlain(s string) bool {
	if s == "" || s[0] == ' ' || s[len(s)-1] == ' ' || isReserved(s) || isNumeric(s) {
		return false
	}
	switch s[0] {
	case '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
		return false
	}
	// An item of a list, and the marks between documents.
	if strings.HasPrefix(s, "- ") || strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") {
		return false
	}
	for i, r := range s {
		switch {
		case !isPrintable(r):
			return false
		case r == ':' && (i+1 == len(s) || s[i+1] == ' '):
			return false
		case r == '#' && s[i-1] == ' ':
			return false
		}
	}
	return true
}

// isReserved reports whether s is a word that stands for something else than
// a string in some version of YAML, in whatever case.
func isReserved(s string) bool {
	if len(s) > len("false") {
		return false
	}
	for _, word := range [...]string{
		"y", "n", "yes", "no", "on", "off", "true", "false",
		"null", "~", ".nan", ".inf", "-.inf", "+.inf", "<<", "=",
	} {
		if strings.EqualFold(s, word) {
			return true
		}
	}
	return false
}

// isNumeric reports whether s could be a number or a time to some reader:
// digits, signs and what may stand between them, or a prefix such as 0x.
func isNumeric(s string) bool {
	digits := strings.TrimLeft(s, "+-")
	if len(digits) > 1 && digits[0] == '0' && strings.IndexByte("xXoObB", digits[1]) >= 0 {
		return true
	}
	switch s[0] {
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '-', '.':
		return strings.Trim(digits, "0123456789+-._,:eEtTzZ ") == ""
	case 'e', 'E':
		// Some readers do without a mantissa.
		return len(s) > 1 && strings.Trim(s[1:], "0123456789+-") == ""
	default:
		return false
	}
}

// isLiteral reports whether s has several lines and a literal block can hold it.
func isLiteral(s string) bool {
	// Some readers take a block of nothing but blanks for an empty one.
	if strings.Trim(s, " \t\n") == "" || !strings.Contains(s, "\n") {
		return false
	}
	// Kustomize reads a block that begins with a tab, and writes it without the
	// mark of its indentation.
	if s[0] == '\t' {
		return false
	}
	for _, r := range s {
		if !isPrintable(r) && r != '\n' && r != '\t' {
			return false
		}
	}
	return true
}

// isPrintable reports whether r may stand in a line of YAML without an escape:
// not a control character, a break of a line, or the mark of a byte order.
func isPrintable(r rune) bool {
	switch {
	case r < 0x7f:
		return r >= 0x20
	case r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
		return false
	default:
		return true
	}
}

// appendLiteral writes s as a literal block below a key or list item at column.
func appendLiteral(dst []byte, s string, column int) []byte {
	dst = append(dst, '|')
	if strings.IndexByte(" \t\n", s[0]) >= 0 {
		// Else readers would take the blanks for more indentation.
		dst = append(dst, '2')
	}
	lines, ended := strings.CutSuffix(s, "\n")
	switch {
	case !ended:
		dst = append(dst, '-')
	case strings.HasSuffix(lines, "\n"):
		dst = append(dst, '+')
	}
	for line := range strings.SplitSeq(lines, "\n") {
		dst = append(dst, '\n')
		if line != "" {
			dst = append(appendSpaces(dst, column+2), line...)
		}
	}
	return dst
}

// appendQuoted writes s in double quotes, such that JSON and YAML read it alike.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i, r := range s {
		if isPrintable(r) && r != '"' && r != '\\' {
			continue
		}
		dst = append(dst, s[done:i]...)
		done = i + utf8.RuneLen(r)
		switch r {
		case '"', '\\':
			dst = append(dst, '\\', byte(r))
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		}
	}
	return append(append(dst, s[done:]...), '"')
}
