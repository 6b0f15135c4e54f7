// cluster brings up a Kubernetes of one's own and keeps it until it is interrupted.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/patternctl/patternctl/test/cluster"
)

func main() {
	cluster.Main()
	var options cluster.Options
	flag.StringVar(&options.Version, "version", cluster.Newest, "the version of Kubernetes")
	flag.IntVar(&options.Nodes, "nodes", 0, "how many nodes it has; more than 0 need root")
	flag.Parse()
	options.Progress = func(line string) { fmt.Fprintln(os.Stderr, line) }
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	c, err := cluster.Start(stop, options)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer c.Stop()
	fmt.Printf("export KUBECONFIG=%s\n", c.Kubeconfig)
	<-stop.Done()
}
