package engine

import (
	"math"
	"testing"

	"github.com/patternctl/patternctl/generator"
)

// numberOf is a number of a sharded instance, which is given as routerConfig
// takes it.
func numberOf(t *testing.T, fields, name string) float64 {
	t.Helper()
	spec, err := generator.Parse(shardedUsers(fields), generator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	explanations, list := spec.Explain("")
	if len(list) > 0 {
		t.Fatal(list)
	}
	for _, n := range explanations[0].Numbers {
		if n.Name == name {
			return n.Value
		}
	}
	t.Fatalf("nothing computes %s", name)
	return 0
}

// deviation is three standard deviations of how many of numKeys random keys
// have something that a share of all keys has.
func deviation(share float64) float64 { return 3 * math.Sqrt(numKeys*share*(1-share)) }
