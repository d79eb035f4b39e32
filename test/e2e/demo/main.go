// Command demo shows the product at work on a real control plane and a real Prometheus,
// in which only Kong is simulated: one annotation gives a working autoscaler. `make
// demo` builds what it needs and runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
)

// Exit codes: 1 is a failed demo, 2 a wrong command line, 130 an interrupt (as
// shells report SIGINT).
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	options := defaultOptions()
	if err := options.parse(args); errors.Is(err, pflag.ErrHelp) {
		return 0
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return exitUsage
	}
	// Further signals are ignored until everything is stopped, which is bounded.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	out := newReport(os.Stdout)
	switch err := play(ctx, options, out); {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		out.note("interrupted")
		return exitInterrupted
	default:
		out.failure(err)
		return exitFailed
	}
}
