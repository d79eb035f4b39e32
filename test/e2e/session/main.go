// Command session records the output of kubectl latency in the demo's cluster in a page
// of the documentation: `make docs-session`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// bound is longer than a session on a slow machine.
const bound = 10 * time.Minute

func run() error {
	if len(os.Args) != 2 {
		return errors.New("give the page to write to, such as docs/cli.md")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	page, err := os.ReadFile(os.Args[1])
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	s, err := stack.Start(ctx, stack.Options{})
	if err != nil {
		return err
	}
	text, err := record(ctx, s)
	if err := errors.Join(err, s.Stop()); err != nil {
		return err
	}
	written, err := replace(string(page), text)
	if err != nil {
		return fmt.Errorf("write %s: %w", os.Args[1], err)
	}
	return os.WriteFile(os.Args[1], []byte(written), 0o644)
}
