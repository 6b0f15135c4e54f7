package diagnostic_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/patternctl/patternctl/generator/diagnostic"
)

func TestNearest(t *testing.T) {
	fields := []string{"container", "env", "hash", "image", "port", "ports", "replicas", "shards", "storage"}
	for _, test := range []struct {
		word       string
		candidates []string
		want       string
	}{
		{"shard", fields, "shards"},
		{"shrads", fields, "shards"},
		{"Replicas", fields, "replicas"},
		{"REPLICA", fields, "replicas"},
		{"contianer", fields, "container"},
		{"conatinre", fields, "container"},
		{"img", fields, ""},
		{"imag", fields, "image"},
		{"prot", fields, "port"},
		{"prots", fields, "ports"},
		{"memecache", []string{"memcached"}, "memcached"},
		{"evn", fields, "env"},
		{"quux", fields, ""},
		{"", fields, ""},
		{"a", []string{"b"}, ""},
		{"dev", nil, ""},
		{"dve", []string{"deve", "dev"}, "dev"},
		{"port", []string{"pork", "porg"}, "porg"},
		{"cont", fields, "container"},
		{"Sto", fields, "storage"},
		{"st", fields, ""},
		{"cont", []string{"container", "controller"}, ""},
		{"containers-of-one", fields, ""},
		{"café", []string{"cafe"}, "cafe"},
		{strings.Repeat("x", 1<<20), []string{strings.Repeat("x", 1<<20-1)}, ""},
	} {
		reversed := slices.Clone(test.candidates)
		slices.Reverse(reversed)
		for _, candidates := range [][]string{test.candidates, reversed} {
			if got := diagnostic.Nearest(test.word, candidates); got != test.want {
				t.Errorf("Nearest(%.20q, %.100q) = %q, want %q", test.word, candidates, got, test.want)
			}
		}
	}
}

// Every word is near to itself, and one slip in a word of some length is
// always understood.
func FuzzNearest(f *testing.F) {
	f.Add("replicas", uint(3))
	f.Add("Größe", uint(0))
	f.Fuzz(func(t *testing.T, word string, at uint) {
		runes := []rune(strings.ToLower(word))
		if len(runes) < 4 || len(runes) > 90 {
			t.Skip()
		}
		i := int(at % uint(len(runes)-1))
		left := string(runes[:i]) + string(runes[i+1:])
		swapped := slices.Clone(runes)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		for _, slip := range []string{string(runes), left, string(swapped), string(runes) + "x"} {
			if diagnostic.Nearest(slip, []string{string(runes)}) == "" {
				t.Errorf("%q is not near %q", slip, string(runes))
			}
		}
	})
}
