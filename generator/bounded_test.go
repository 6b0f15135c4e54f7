package generator

import (
	"strings"
	"testing"
	"time"
)

// TestBounded holds that work which does not end is given up, and that a panic
// is a diagnostic.
func TestBounded(t *testing.T) {
	hang := make(chan int)
	defer close(hang)
	for _, test := range []struct {
		name    string
		timeout time.Duration
		memory  uint64
		work    func() (int, error)
		want    string
	}{
		{"ends", time.Minute, 1 << 40, func() (int, error) { return 7, nil }, ""},
		{"takes long", time.Millisecond, 1 << 40, func() (int, error) { return <-hang, nil },
			"spec.cue: evaluating takes longer than 1ms [PC1301]"},
		{"takes memory", time.Minute, 1 << 10, func() (int, error) { return <-hang, nil },
			"spec.cue: evaluating takes more than 0 MiB of memory [PC1301]"},
		{"panics", time.Minute, 1 << 40, func() (int, error) { panic("seven") },
			"spec.cue: evaluating the spec failed: seven [PC1302]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := &Spec{
				sources: Sources{Files: []Source{{Name: "spec.cue"}}},
				options: Options{Timeout: test.timeout, Memory: test.memory},
			}
			result, err := bounded(spec, test.work)
			switch {
			case err == nil && (test.want != "" || result != 7):
				t.Errorf("got %d and no error", result)
			case err != nil && err.Error() != test.want:
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestExplosion has a spec that takes long, but not for ever.
func TestExplosion(t *testing.T) {
	text := `
import "list"
name: "shop"
_many: [for a in list.Range(0, 100, 1) for b in list.Range(0, 100, 1) {a * b}]
replicated: web: container: {image: "a:1", port: 80, env: SUM: "\(list.Sum(_many))"}
`
	spec, err := Parse(Sources{Files: []Source{{Name: "spec.cue", Text: []byte(text)}}}, Options{Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	const want = "spec.cue: evaluating takes longer than 20ms [PC1301]"
	if _, err := spec.Evaluate(""); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, list := spec.RenderAll(); len(list) != 1 || list.Error() != want {
		t.Errorf("got %v, want %s", list, want)
	}
}

// TestNoSource shows what a program learns that gives Parse nothing.
func TestNoSource(t *testing.T) {
	const want = "there is no file to read a spec from [PC1001]"
	if _, err := Parse(Sources{}, Options{}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
