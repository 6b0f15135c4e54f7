package catalogue_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/patternctl/patternctl/generator/catalogue"
)

// TestPatterns holds what patterns are called: those inside others after their
// fields, without the names that users choose, and after the kind only where no
// other kind has them.
func TestPatterns(t *testing.T) {
	library, err := catalogue.Open(catalogue.Layer{Name: "own", Files: fstest.MapFS{
		"schemas/mine.cue": {Data: []byte(`package schemas

#System: {
	mine?: [string]:  #Mine
	yours?: [string]: #Yours
}
#Mine: {
	plain?: inner?: string @pattern()
	own?: #Own @pattern()
	part?: #Both
	other?: proxies?: {[string]: #Own} @pattern()
	#Both
}
#Yours: #Both
#Both: {
	proxies?: {[string]: #Proxy} @pattern()
}
#Proxy: {
	one?: #One @pattern()
}
#Own: a?: string
#One: b?: string
`)},
		"templates/mine/mine.cue":   {Data: []byte("package template\n")},
		"templates/yours/yours.cue": {Data: []byte("package template\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	patterns, err := catalogue.NewPackages(library).Patterns()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		name string
		in   []string
	}{
		{"mine", nil},
		{"yours", nil},
		{"mine.own", []string{"mine"}},
		{"mine.other.proxies", []string{"mine"}},
		{"mine.plain.inner", []string{"mine"}},
		{"proxies", []string{"mine", "yours"}},
		{"proxies.one", []string{"mine", "yours"}},
	} {
		i := slices.IndexFunc(patterns, func(p catalogue.Pattern) bool { return p.Name == want.name })
		if i < 0 {
			t.Errorf("there is no %s", want.name)
			continue
		}
		if got := patterns[i].In; !slices.Equal(got, want.in) {
			t.Errorf("%s is in %q, want %q", want.name, got, want.in)
		}
	}
	for _, p := range patterns {
		if p.Name == "mine.proxies" || p.Name == "plain.inner" || p.Name == "mine.plain" || strings.Contains(p.Name, "part") {
			t.Errorf("%s is a pattern", p.Name)
		}
	}
}
