// haproxy prints the path of an HAProxy of the version that manifests name, which it unpacks from Debian's packages first
// if it isn't there. Nothing is installed.
package main

import (
	"fmt"
	"os"

	"github.com/patternctl/patternctl/test/cluster"
)

func main() {
	path, err := cluster.HAProxy(func(line string) { fmt.Fprintln(os.Stderr, line) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(path)
}
