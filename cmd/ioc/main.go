// Command ioc runs a city's Intelligent Operations Center.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"openioc.org/ioc/internal/cli"
)

var version = "dev" // set by the linker

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, cli.Env{
		Args: os.Args[1:], Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Version: version,
	}))
}
