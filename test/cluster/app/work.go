package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// work does the item in the file WORK_ITEM_FILE. An item is words: "sleep 2s" takes that long, "fail 42" ends with
// that exit code, and what else it says is printed.
func work(stop context.Context, _ []string) error {
	item, err := os.ReadFile(os.Getenv("WORK_ITEM_FILE"))
	if err != nil {
		return err
	}
	fmt.Printf("item %s: %s\n", os.Getenv("JOB_COMPLETION_INDEX"), item)
	words := strings.Fields(string(item))
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "sleep":
			d, err := time.ParseDuration(words[i+1])
			if err != nil {
				return err
			}
			select {
			case <-time.After(d):
			case <-stop.Done():
				return context.Cause(stop)
			}
		case "fail":
			code, err := strconv.Atoi(words[i+1])
			if err != nil {
				return err
			}
			os.Exit(code)
		}
	}
	return nil
}
