// app is what the pods of tests run: a server that says who it is and can be told to misbehave, a client that reports
// every answer, a worker that does what its item says, and the process that holds a pod's namespaces.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: app serve|request|work|pause")
		os.Exit(2)
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	var err error
	switch args := os.Args[2:]; os.Args[1] {
	case "serve":
		err = serve(stop, args)
	case "request":
		err = request(stop, args)
	case "work":
		err = work(stop, args)
	case "pause":
		<-stop.Done()
	default:
		err = fmt.Errorf("%s is not a command", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(1)
	}
}
