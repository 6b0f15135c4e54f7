package generator

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue/errors"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// asList returns the diagnostics that err is made of.
func asList(err error) diagnostic.List {
	var list diagnostic.List
	if errors.As(err, &list) {
		return list
	}
	return problem("PC1302", "", err.Error(), "this is a mistake in patternctl: please report it with the spec")
}

// libraryError tells of mistakes in the pattern library.
func libraryError(err error) diagnostic.List {
	var list diagnostic.List
	for _, e := range errors.Errors(err) {
		list = append(list, diagnostic.Diagnostic{
			Code:     "PC1401",
			Position: position(e.Position()),
			Path:     strings.Join(e.Path(), "."),
			Message:  messageOf(e),
			Hint:     "correct the library that --library names",
		})
	}
	return list
}

// messageOf is what e says by itself.
func messageOf(e errors.Error) string {
	format, args := e.Msg()
	return strings.TrimSuffix(strings.TrimSpace(fmt.Sprintf(format, args...)), ":")
}

// withCause is what e says and, after it, the error that caused it.
func withCause(e errors.Error) string {
	text := messageOf(e)
	_, cause, _ := strings.Cut(e.Error(), text+": ")
	return strings.TrimSuffix(text+": "+cause, ": ")
}
