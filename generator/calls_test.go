package generator_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// A link is a call in a random system: by an ambassador, or without a timeout
// straight to the address.
type link struct {
	from, to         int
	timeout, retries int
}

func (l link) ambassador() string {
	return fmt.Sprintf("replicated.x%d.ambassadors.to%d", l.from, l.to)
}

// TestCallsOfRandomSystems compares what is found about the paths of random
// systems with what walking every single path finds.
func TestCallsOfRandomSystems(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 3))
		var links []link
		const size = 6
		for from := range size {
			for to := from + 1; to < size; to++ {
				switch random.IntN(4) {
				case 0:
					links = append(links, link{from: from, to: to})
				case 1, 2:
					links = append(links, link{from, to, 1 + random.IntN(20), random.IntN(3)})
				}
			}
		}
		spec := linked(size, links)
		_, list := parsed(t, spec).Render("")
		if list.HasErrors() {
			t.Fatal(text(t, list))
		}

		impatient, requests, amplified := map[string]int{}, map[string]int{}, map[string]bool{}
		for _, l := range links {
			if slowest := slowest(links, l.to); l.timeout > 0 && slowest > l.timeout {
				impatient[l.ambassador()+".timeoutSeconds"] = slowest
			}
			if n := (1 + l.retries) * most(links, l.to); l.retries > 0 && n > max(4, 1+l.retries) {
				requests[l.ambassador()+".broker.retries"] = n
			}
		}
		got := map[string]int{}
		for _, d := range list {
			switch d.Code {
			case "GEN-30":
				got[d.Path], _ = strconv.Atoi(regexp.MustCompile(`may take (\d+) s`).FindStringSubmatch(d.Message)[1])
			case "GEN-31":
				product := 1
				for _, factor := range strings.Split(regexp.MustCompile(`up to ([\d ×]+) on`).FindStringSubmatch(d.Message)[1], " × ") {
					n, _ := strconv.Atoi(factor)
					product *= n
				}
				if product != requests[d.Path] {
					t.Errorf("seed %d: %s becomes %d requests, want %d", seed, d.Path, product, requests[d.Path])
				}
				amplified[d.Path] = true
				for _, n := range d.Notes {
					amplified[strings.TrimSuffix(n.Message, " is here")] = true
				}
			}
		}
		if diff := gocmp.Diff(impatient, got); diff != "" {
			t.Errorf("seed %d: timeouts (-want +got):\n%s\n%s", seed, diff, spec)
		}
		for _, field := range slices.Sorted(maps.Keys(requests)) {
			if !amplified[field] {
				t.Errorf("seed %d: nothing is said about %s", seed, field)
			}
		}
	}
}

// linked is a spec of servers with links.
func linked(size int, links []link) string {
	var b strings.Builder
	for i := range size {
		fmt.Fprintf(&b, "replicated: x%d: {\n\tcontainer: {image: \"example.org/x:1\", port: 80}\n\tallow: from: anywhere: true\n", i)
		for _, l := range links {
			switch {
			case l.from != i:
			case l.timeout == 0:
				fmt.Fprintf(&b, "\tcontainer: env: X%d: replicated.x%d.endpoint.url\n", l.to, l.to)
			default:
				fmt.Fprintf(&b, "\tambassadors: to%d: {port: %d, timeoutSeconds: %d, broker: {target: replicated.x%d.endpoint.url, retries: %d}}\n",
					l.to, 9000+l.to, l.timeout, l.to, l.retries)
			}
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// slowest is how long a server may take, and most how many requests one to it
// becomes, each by walking all paths from it.
func slowest(links []link, server int) int {
	seconds := 0
	for _, l := range links {
		switch {
		case l.from != server:
		case l.timeout == 0:
			seconds = max(seconds, slowest(links, l.to))
		default:
			seconds = max(seconds, (1+l.retries)*l.timeout)
		}
	}
	return seconds
}

func most(links []link, server int) int {
	requests := 1
	for _, l := range links {
		if l.from == server {
			requests = max(requests, (1+l.retries)*most(links, l.to))
		}
	}
	return requests
}
