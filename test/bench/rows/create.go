package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/product"
)

// creating is API servers that the same is created through, in turn, request by request.
type creating struct {
	sides []*plane.Plane
	next  int // index of the next workload
}

// create creates n workloads on each side and returns how long each took, by side.
func (c *creating) create(ctx context.Context, n int, ours map[string]string) ([][]time.Duration, error) {
	took := make([][]time.Duration, len(c.sides))
	for range n {
		for k := range c.sides {
			side := (c.next + k) % len(c.sides) // none is always the first
			d := plane.Deployment(c.next, reviewBytes, ours)
			began := time.Now()
			if err := c.sides[side].Admin.Create(ctx, d, client.FieldOwner("kubectl-create")); err != nil {
				return nil, fmt.Errorf("create Deployment %s: %w", d.Name, err)
			}
			took[side] = append(took[side], time.Since(began))
		}
		c.next++
	}
	return took, nil
}

func (c *creating) stop() error {
	var errs []error
	for _, p := range c.sides {
		errs = append(errs, p.Stop())
	}
	return errors.Join(errs...)
}

// startCreating starts one plane for each of prepare.
func (s *Session) startCreating(ctx context.Context, prepare ...func(context.Context, *plane.Plane) error) (*creating, error) {
	c := &creating{}
	for _, f := range prepare {
		p, err := s.start(ctx)
		if err != nil {
			return nil, errors.Join(err, c.stop())
		}
		c.sides = append(c.sides, p)
		if err := f(ctx, p); err != nil {
			return nil, errors.Join(err, c.stop())
		}
	}
	return c, nil
}

func withoutWebhook(context.Context, *plane.Plane) error { return nil }

func withNoop(ctx context.Context, p *plane.Plane) error {
	noop, err := p.StartNoop(ctx)
	if err != nil {
		return err
	}
	return noop.Configure(ctx, p.Admin)
}

func withOurs(ctx context.Context, p *plane.Plane) error {
	if err := p.Install(ctx); err != nil {
		return err
	}
	_, err := product.Webhook(ctx, p.ControlPlane, p.Address)
	return err
}

// createRow: what the webhook adds to a create, as its user waits for it.
func createRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title:   fmt.Sprintf("What is added to the time that creating an annotated Deployment of %d bytes takes through the API server", reviewBytes),
		Against: "what a webhook adds that does nothing, called by the same configurations",
	}
	c, err := s.startCreating(ctx, withoutWebhook, withNoop, withOurs)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	const none, noop, ours = 0, 1, 2
	// Most Services are there before their Deployments.
	for _, p := range c.sides {
		if err := p.Fill(ctx, 0, s.Creates*(s.Rounds+1), plane.Services); err != nil {
			return out, err
		}
	}
	if _, err := c.create(ctx, s.Creates, plane.Annotated()); err != nil { // warms up
		return out, err
	}
	var p50, whole report.Line
	for round := range s.Rounds {
		s.Logf("create: round %d", round+1)
		took, err := c.create(ctx, s.Creates, plane.Annotated())
		if err != nil {
			return out, err
		}
		median := func(side int) float64 { return measure.Median(measure.Micros(took[side])) }
		p50.Ours = append(p50.Ours, median(ours)-median(none))
		p50.Floor = append(p50.Floor, median(noop)-median(none))
		whole.Ours, whole.Floor = append(whole.Ours, median(ours)), append(whole.Floor, median(none))
	}
	p50.What, p50.Unit, p50.Bound = "added, p50", "µs", report.AtMost(1.3, 1.1)
	whole.What, whole.Unit = "the whole create, p50, over one without webhook", "µs"
	out.Lines = []report.Line{p50, whole}
	return out, nil
}
