// The control program measures how well workloads are scaled: behind the real HPA
// controller and the product, in compressed time, with workloads that are played. It is run
// by `make control`.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kong-latency/kong-latency/cmd/kong-latency/app"
	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/control/compressed"
	"github.com/kong-latency/kong-latency/test/control/plane"
	"github.com/kong-latency/kong-latency/test/control/player"
	"github.com/kong-latency/kong-latency/test/control/report"
	"github.com/kong-latency/kong-latency/test/control/settings"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

// productCommand makes the program run the product, in compressed time.
const productCommand = "product"

// slowest is the longest mean time between two syncs of an autoscaler, which should be 2 s,
// with which a run counts.
const slowest = 2200 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "control:", err)
		os.Exit(1)
	}
}

// run measures, or runs the product.
func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == productCommand {
		command := app.Command(func(o *app.Options) { o.Controller.TimeScale = compressed.Factor })
		command.SetArgs(args[1:])
		return command.ExecuteContext(ctx)
	}
	klog.SetLogger(logr.Discard()) // the adapter's libraries log a lot
	ctrl.SetLogger(logr.Discard())
	flags := flag.NewFlagSet("control", flag.ContinueOnError)
	names := flags.String("row", "", "the cases to measure, by the beginnings of their names, separated by commas; all if empty")
	minutes := flags.Int("minutes", int(scenario.Duration/time.Minute), "compressed time that is measured, after a warm-up of at most a quarter of it")
	page := flags.String("page", "", "file to write the report to, with the plots in a folder of the same name; no report if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cases, err := settings.Named(*names)
	if err != nil {
		return err
	}
	began := time.Now()
	duration := time.Duration(*minutes) * time.Minute
	r := report.Run{Machine: measure.Machine(), Warmup: min(scenario.Warmup, duration/4), Duration: duration}
	err = play(ctx, cases, &r, func(format string, args ...any) {
		fmt.Fprintf(out, "%s  %s\n", time.Since(began).Round(time.Second), fmt.Sprintf(format, args...))
	})
	if err != nil {
		return err
	}
	r.Print(out)
	if mean := r.Every().Mean; mean > slowest {
		return fmt.Errorf("the HPA controller read every %s, and more than every %s it does not stand for %s: the machine has too much else to do",
			mean, slowest, autoscale.DefaultOptions().SyncPeriod)
	}
	if *page == "" {
		return nil
	}
	return write(*page, r)
}

// play plays cases side by side.
func play(ctx context.Context, cases []settings.Case, r *report.Run, logf func(string, ...any)) error {
	workloads := map[string]*workload.Workload{}
	for _, c := range cases {
		workloads[c.Name()] = workload.New(c, r.Warmup)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the running program: %w", err)
	}
	p, err := plane.Start(ctx, []string{self, productCommand}, workloads, logf)
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := p.Stop(); stopErr != nil {
			logf("what was measured counts, although something did not end by itself: %v", stopErr)
		}
	}()
	following, stop := context.WithCancel(ctx)
	defer stop()
	player, err := player.Start(following, p.Core, plane.Namespace, workloads)
	if err != nil {
		return err
	}
	logf("making %d workloads", len(workloads))
	if err := p.Fill(ctx); err != nil {
		return err
	}
	if err := player.Settle(ctx); err != nil {
		return err
	}
	lasts := r.Warmup + r.Duration
	logf("playing %s, which take %s", lasts, compressed.Real(lasts).Round(time.Second))
	if err := player.Play(ctx, lasts, func(at time.Duration) { logf("%s of %s", at, lasts) }); err != nil {
		return err
	}
	if r.NotReady, err = p.NotReady(ctx); err != nil {
		return err
	}
	r.Latest = player.Latest().Round(time.Millisecond)
	for _, c := range cases {
		w := workloads[c.Name()]
		result, course := w.Result()
		r.Results = append(r.Results, report.Result{Case: c, Result: result, Course: course, Syncs: w.Syncs()})
	}
	return nil
}

// write writes the page and its plots.
func write(page string, r report.Run) error {
	folder := strings.TrimSuffix(page, filepath.Ext(page))
	text, err := r.Page(filepath.Base(folder))
	if err != nil {
		return err
	}
	plots, err := r.Plots()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, svg := range plots {
		if err := os.WriteFile(filepath.Join(folder, name), svg, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(page, []byte(text), 0o644)
}
