// The bench program measures what the product costs, on a real control plane, and
// writes docs/performance.md. It is run by `make bench`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/bench/rows"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures, or serves the baseline webhook.
func run(ctx context.Context, args []string, out io.Writer) error {
	klog.SetLogger(logr.Discard()) // the adapter's libraries log a lot
	ctrl.SetLogger(logr.Discard())
	if len(args) == 3 && args[0] == plane.NoopCommand {
		return plane.ServeNoop(ctx, args[1], args[2])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	name := flags.String("row", "", "the one row to measure; all rows if empty")
	page := flags.String("page", "", "file to write the report to, with the graphs in a folder of the same name; no report if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := rows.Named(*name)
	if err != nil {
		return err
	}
	began := time.Now()
	fmt.Fprintln(out, "machine:", measure.Machine())
	session := &rows.Session{Sizes: rows.Full(), Logf: func(format string, args ...any) {
		fmt.Fprintf(out, "%s  %s\n", time.Since(began).Round(time.Second), fmt.Sprintf(format, args...))
	}}
	var results []report.Row
	var errs []error
	for _, r := range chosen {
		result := session.Run(ctx, r)
		result.Print(out)
		if ctx.Err() != nil {
			errs = append(errs, fmt.Errorf("row %s: %w", r.Name, context.Cause(ctx)))
			break
		}
		if result.Failed != "" {
			errs = append(errs, fmt.Errorf("row %s: %s", r.Name, result.Failed))
		}
		results = append(results, result)
		if *page != "" { // after each row, so that an interrupted run keeps its results
			errs = append(errs, write(*page, results))
		}
	}
	errs = append(errs, session.Close())
	return errors.Join(errs...)
}

// write writes the page and its graphs.
func write(page string, results []report.Row) error {
	folder := page[:len(page)-len(filepath.Ext(page))]
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, r := range results {
		for _, g := range r.Graphs {
			if err := os.WriteFile(filepath.Join(folder, g.File), []byte(g.SVG()), 0o644); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(page, []byte(report.Page(results, measure.Machine(), filepath.Base(folder))), 0o644)
}
