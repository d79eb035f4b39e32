// Command dashboard draws the rows of the Grafana dashboard, from its own queries, as they
// are in a cluster with load: `make screenshots`. Its test runs every query of the
// dashboard.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
	"github.com/kong-latency/kong-latency/test/testutil/dashboard"
)

// shippedFile is the dashboard, from the repository's root.
const shippedFile = "config/grafana/kong-latency.json"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "draw the dashboard:", err)
		os.Exit(1)
	}
}

// names are those of the files, in the order of the rows.
var names = []string{"fleet", "workload", "health"}

// How long there is load on echo, and how long there is none afterwards.
const (
	loaded = 4 * time.Minute
	idle   = 2 * time.Minute
)

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("give the folder to write to, such as docs/observability")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d, err := dashboard.Read(shippedFile)
	if err != nil {
		return err
	}
	if len(d.Rows()) != len(names) {
		return fmt.Errorf("the dashboard has %d rows, not %d", len(d.Rows()), len(names))
	}
	f, err := startFleet(ctx)
	if err != nil {
		return err
	}
	err = f.draw(ctx, d, args[0])
	return errors.Join(err, f.stop())
}

// draw plays the scenario and writes the rows as SVG.
func (f *fleet) draw(ctx context.Context, d *dashboard.Dashboard, folder string) error {
	if err := f.play(ctx); err != nil {
		return err
	}
	v, err := newView(ctx, d, f.PrometheusURL(), since(f.begin, 2*time.Second), chosen("echo"))
	if err != nil {
		return err
	}
	for i, r := range d.Rows() {
		text, err := v.row(ctx, r)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, names[i]+".svg"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// play has load on echo for a while, and then none. The metric has to arrive first.
func (f *fleet) play(ctx context.Context) error {
	load, err := f.busy(ctx)
	if err != nil {
		return err
	}
	err = f.Await(ctx, stack.HPA, loaded, func(ctx context.Context) error { return f.replicas(ctx, "echo", 2) })
	if err != nil {
		return err
	}
	if err := pause(ctx, loaded); err != nil {
		return err
	}
	for range 3 {
		if err := f.uncalled(ctx); err != nil {
			return err
		}
	}
	load.Stop()
	return pause(ctx, idle)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// chosen are the variables that show a workload.
func chosen(deployment string) map[string]string {
	return map[string]string{"namespace": "default", "deployment": deployment}
}
