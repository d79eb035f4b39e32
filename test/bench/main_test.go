package main

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/bench/rows"
)

// TestMain lets the test binary serve the baseline webhook.
func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard())
	ctrl.SetLogger(logr.Discard())
	if len(os.Args) == 4 && os.Args[1] == plane.NoopCommand {
		if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestSmoke runs with tiny sizes: it checks that the rows can be measured, and the
// figures that are counted rather than timed.
func TestSmoke(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	session := &rows.Session{Logf: t.Logf, Sizes: rows.Sizes{
		Rounds: 1, Requests: 20, Creates: 3, Attach: 5, PerSecond: 50, Seconds: 1, Writes: 5, Many: 5, Objects: 5,
		CachedServices: 3, CachedObjects: 6, Growth: []int{2, 4},
	}}
	t.Cleanup(func() {
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
	// Together they cover everything that the other rows do.
	for _, name := range []string{"admission", "writes", "statuses", "growth"} {
		named, err := rows.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		r := named[0]
		t.Run(r.Name, func(t *testing.T) {
			got := session.Run(ctx, r)
			if got.Failed != "" {
				t.Fatal(got.Failed)
			}
			if len(got.Lines)+len(got.Graphs) == 0 {
				t.Error("nothing was measured")
			}
			for _, l := range got.Lines {
				if len(l.Measured) == 0 || l.Compared() && len(l.Baseline) == 0 {
					t.Errorf("%s: no figures", l.What)
				}
				if l.Bound.Exact && l.Verdict() != report.Goal {
					t.Errorf("%s: %v, want %v", l.What, l.Measured, l.Bound.Budget)
				}
			}
		})
	}
}
