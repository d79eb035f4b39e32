package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/product"
)

const kib = 1 << 10

// memoryObjectRow measures the memory of a Deployment that is not enabled.
func memoryObjectRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title: fmt.Sprintf("Memory added by each of %d Deployments of %d bytes without annotations: live heap, as reported by the Go runtime", s.Objects, reviewBytes),
		Why:   "It is the object's name and labels, with the indexes by which Services find it.",
	}
	empty, err := s.emptyPlane(ctx)
	if err != nil {
		return out, err
	}
	p, err := s.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	err = p.Fill(ctx, 0, s.Objects, func(i int) client.Object { return plane.Deployment(i, reviewBytes, nil) })
	if err != nil {
		return out, err
	}
	if err := p.Install(ctx); err != nil {
		return out, err
	}
	for _, part := range parts {
		s.Logf("memory-object: %s", part.name)
		got, err := measure.InTurn(ctx, s.Rounds, part.alive(p), part.alive(empty))
		if err != nil {
			return out, err
		}
		out.Lines = append(out.Lines,
			report.Line{What: part.name, Unit: "KiB", Measured: added(got, "alive", s.Objects), Bound: report.AtMost(1.5, 0.5)},
			report.Line{What: part.name + ", of resident memory", Unit: "KiB", Measured: added(got, "resident", s.Objects)})
	}
	return out, nil
}

// added returns what each of n objects adds, in KiB, round by round.
func added(c measure.Compared, key string, n int) []float64 {
	with, none := c.Of(key)
	out := make([]float64, len(with))
	for i := range with {
		out[i] = (with[i] - none[i]) / kib / float64(n)
	}
	return out
}

// alive starts the process and measures its live heap.
func (part part) alive(p *plane.Plane) measure.Side {
	return func(ctx context.Context) (measure.Figures, error) {
		process, err := part.start(ctx, p)
		if err != nil {
			return nil, err
		}
		now, _, err := atRest(ctx, process)
		heap := 0.0
		if err == nil {
			heap, err = live(ctx, process)
		}
		return measure.Figures{"alive": heap, "resident": now}, errors.Join(err, process.Stop())
	}
}

// live returns the bytes that the last garbage collection found in use. Reading
// metrics makes garbage, which triggers the next collection; it waits for two, so that
// the last one began when the process was idle.
func live(ctx context.Context, p *product.Process) (bytes float64, err error) {
	const cycles, heap = "go_gc_cycles_total_gc_cycles_total", "go_gc_heap_live_bytes"
	first := -1.0
	err = wait.PollUntilContextTimeout(ctx, time.Millisecond, 3*time.Minute, true, func(ctx context.Context) (bool, error) {
		families, err := scrape(ctx, p.Metrics)
		if err != nil {
			return false, err
		}
		count, size := families[cycles].GetMetric(), families[heap].GetMetric()
		if len(count) != 1 || len(size) != 1 {
			return false, fmt.Errorf("read metrics: neither %s nor %s may be missing", cycles, heap)
		}
		n := count[0].GetCounter().GetValue()
		if first < 0 {
			first = n
		}
		bytes = size[0].GetGauge().GetValue()
		return n >= first+2, nil
	})
	return bytes, err
}
