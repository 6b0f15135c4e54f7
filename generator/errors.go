package generator

import (
	stderrors "errors"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

// asList returns the diagnostics that err is made of.
func asList(err error) diagnostic.List {
	var list diagnostic.List
	if stderrors.As(err, &list) {
		return list
	}
	return problem("PC1302", "", err.Error(), "this is a mistake in patternctl: please report it with the spec")
}
