package engine

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/patternctl/patternctl/generator"
)

func bento(t *testing.T) string {
	t.Helper()
	return program(t, "bento", "BENTO", "BENTO=$(cd test/cluster && go run ./cmd/engine bento)")
}

// A processor is a running Bento.
type processor struct {
	// url and admin are where it listens.
	url, admin string
}

var addressLine = regexp.MustCompile(`(?m)^( *address: ):(\d+)$`)

// startBento runs Bento with a generated configuration, in which addresses are
// replaced by those of this machine, and waits until it is ready. hosts has the
// addresses of what it calls, by their URLs in the configuration.
func startBento(t *testing.T, config string, hosts map[string]string) *processor {
	t.Helper()
	for from, to := range hosts {
		if !bytes.Contains([]byte(config), []byte(from)) {
			t.Fatalf("the configuration does not call %s:\n%s", from, config)
		}
		config = regexp.MustCompile(regexp.QuoteMeta(from)+`\b`).ReplaceAllLiteralString(config, to)
	}
	var listeners []string
	config = addressLine.ReplaceAllStringFunc(config, func(line string) string {
		listeners = append(listeners, freeAddress(t))
		return addressLine.ReplaceAllString(line, "${1}"+listeners[len(listeners)-1])
	})
	if len(listeners) != 2 {
		t.Fatalf("the configuration listens on %d ports, not on 2:\n%s", len(listeners), config)
	}
	file := filepath.Join(t.TempDir(), "bento.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var output bytes.Buffer
	command := exec.CommandContext(ctx, bento(t), "-c", file)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		// How it ended, and that it was killed, is of no interest.
		_ = command.Wait()
		if t.Failed() {
			t.Logf("Bento said:\n%s\nwith\n%s", output.Bytes(), config)
		}
	})
	p := &processor{admin: "http://" + listeners[0], url: "http://" + listeners[1]}
	eventually(t, "Bento is ready", func() bool {
		response, err := http.Get(p.admin + "/ready")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return p
}

// TestBentoConfigurationsAreValid has Bento check every configuration that the
// specs of the golden cases become, in all of their environments.
func TestBentoConfigurationsAreValid(t *testing.T) {
	path := bento(t)
	checked := 0
	eachGolden(t, func(folder, environment string, sources generator.Sources) {
		for name, config := range configurations(t, sources, environment, "bento.yaml") {
			file := filepath.Join(t.TempDir(), "bento.yaml")
			if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			if output, err := exec.Command(path, "lint", file).CombinedOutput(); err != nil {
				t.Errorf("%s [%s] %s: %v\n%s\n%s", folder, environment, name, err, output, config)
			}
			checked++
		}
	}, "scattergather-*")
	if checked < 5 {
		t.Errorf("checked only %d configurations", checked)
	}
}

// within fails if something took less or more than it should.
func within(t *testing.T, what string, took, least, most time.Duration) {
	t.Helper()
	if took < least || took > most {
		t.Errorf("%s took %s, not %s to %s", what, took, least, most)
	}
}
