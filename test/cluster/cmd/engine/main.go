// engine prints the path of an engine of the version that manifests name: haproxy, varnish or bento. It unpacks it from
// Debian's packages or builds it from its Go module first if it isn't there. Nothing is installed.
package main

import (
	"fmt"
	"os"

	"github.com/patternctl/patternctl/test/cluster"
)

// engines give the path of each engine.
var engines = map[string]func(progress func(line string)) (string, error){
	"bento":   cluster.Bento,
	"haproxy": cluster.HAProxy,
	"varnish": cluster.Varnish,
}

func main() {
	if len(os.Args) != 2 || engines[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "the argument must be the name of an engine: haproxy, varnish or bento")
		os.Exit(2)
	}
	path, err := engines[os.Args[1]](func(line string) { fmt.Fprintln(os.Stderr, line) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(path)
}
