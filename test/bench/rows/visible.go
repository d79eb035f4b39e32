package rows

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/product"
)

// visibleRow measures how long a new workload is without its autoscaler.
func visibleRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title:   fmt.Sprintf("From the answer to a Deployment's create until a watch shows its autoscaler, at %d Deployments per second", s.PerSecond),
		Against: "the time from sending a bare create of an autoscaler until a watch shows it",
		Why:     "The difference is the watch of the Deployment, the reconcile, and an apply, which costs the API server more than a create.",
	}
	p, err := s.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	each := s.PerSecond * s.Seconds
	last := (2*s.Rounds + 2) * each // both sides, with a warm-up each
	if err := p.Fill(ctx, 0, last, plane.Services); err != nil {
		return out, err
	}
	if err := p.Install(ctx); err != nil {
		return out, err
	}
	if _, err := product.Controller(ctx, p.ControlPlane); err != nil {
		return out, err
	}
	seen, err := p.WatchHPAs(ctx)
	if err != nil {
		return out, err
	}
	defer seen.Stop()
	next := 0
	side := func(make func(int) client.Object, answered bool) measure.Side {
		return func(ctx context.Context) (measure.Figures, error) {
			from := next
			next += each
			return s.arrive(ctx, p, seen, from, each, make, answered)
		}
	}
	measured := side(plane.Workloads, true)
	baseline := side(func(i int) client.Object { return plane.HPA(i) }, false)
	if _, err := measure.InTurn(ctx, 1, measured, baseline); err != nil { // warms up
		return out, err
	}
	got, err := measure.InTurn(ctx, s.Rounds, measured, baseline)
	if err != nil {
		return out, err
	}
	out.Lines = []report.Line{
		line(got, "p50", "p50", "ms", report.AtMost(4, 2)),
		line(got, "p99", "p99", "ms", report.AtMost(4, 2)),
	}
	return out, nil
}

// arrive creates n objects at the session's rate and returns how long after each its
// autoscaler appeared, counted from the answer or from sending.
func (s *Session) arrive(ctx context.Context, p *plane.Plane, seen *plane.Seen, from, n int, make func(int) client.Object, answered bool) (measure.Figures, error) {
	expect := seen.Count() + n
	since := map[int]time.Time{}
	var mu sync.Mutex
	var running sync.WaitGroup
	var errs []error
	ticker := time.NewTicker(time.Second / time.Duration(s.PerSecond))
	defer ticker.Stop()
	for i := from; i < from+n; i++ {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
		running.Go(func() {
			at := time.Now()
			err := p.Admin.Create(ctx, make(i))
			if answered {
				at = time.Now()
			}
			mu.Lock()
			defer mu.Unlock()
			since[i] = at
			errs = append(errs, err)
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := seen.Await(bounded, expect); err != nil {
		return nil, err
	}
	var took []float64
	for i, at := range since {
		there, ok := seen.At(i)
		if !ok {
			return nil, fmt.Errorf("autoscaler %s is missing", plane.Name(i))
		}
		took = append(took, max(there.Sub(at).Seconds(), 0)*1000)
	}
	return measure.Figures{"p50": measure.Median(took), "p99": measure.Quantile(took, 0.99)}, nil
}
