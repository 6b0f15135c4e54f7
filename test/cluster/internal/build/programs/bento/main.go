//go:build ignore

// bento has the components that manifests use and no others: those bring the clients of every cloud.
package main

import (
	"context"

	_ "github.com/warpstreamlabs/bento/public/components/io"
	_ "github.com/warpstreamlabs/bento/public/components/nats"
	_ "github.com/warpstreamlabs/bento/public/components/prometheus"
	_ "github.com/warpstreamlabs/bento/public/components/pure"

	"github.com/warpstreamlabs/bento/public/service"
)

// version is set when this is built.
var version string

func main() { service.RunCLI(context.Background(), service.CLIOptSetVersion(version, "")) }
