package rows

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/product"
)

// whileProfiled is how many workloads are created about, while a profile is made.
const whileProfiled = 1000

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

// profile is where the time of a side's API server goes while things are created.
func (c *creating) profile(ctx context.Context, side int, doing string, ours map[string]string) (report.Profile, error) {
	apiServer, err := ofAPIServer(c.sides[side], doing)
	if err != nil {
		return report.Profile{}, err
	}
	return apiServer.over(ctx, 10, func() error { // seconds, for one sample in a thousand to count
		_, err := c.create(ctx, 10, ours)
		return err
	})
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

func withOurs(ctx context.Context, p *plane.Plane) error { return withOursAnd(ctx, p) }

func withOursAnd(ctx context.Context, p *plane.Plane, flags ...string) error {
	if err := p.Install(ctx); err != nil {
		return err
	}
	_, err := product.Webhook(ctx, p.ControlPlane, p.Address, flags...)
	return err
}

// createRow: what the webhook adds to a create, as its user waits for it.
func createRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title:   fmt.Sprintf("What is added to the time that creating an annotated Deployment of %d bytes takes through the API server", reviewBytes),
		Against: "what a webhook adds that does nothing, called by the same configurations",
		Why: "Each of these Deployments is a new one, so that the way of its metric is followed anew, with what mends the " +
			"route and the extension that it lacks; and the API server passes on what it is warned of.",
	}
	flag, base, err := profileFlag()
	if err != nil {
		return out, err
	}
	c, err := s.startCreating(ctx, withoutWebhook, withNoop, func(ctx context.Context, p *plane.Plane) error {
		return withOursAnd(ctx, p, flag)
	})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	const none, noop, ours = 0, 1, 2
	// Most Services are there before their Deployments.
	for _, p := range c.sides {
		if err := p.Fill(ctx, 0, s.Creates*(s.Rounds+1)+whileProfiled, plane.Services); err != nil {
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
	webhook := profiling{"the webhook meanwhile", base, http.DefaultClient, []measure.Part{
		{Name: "to follow the metric", Functions: "pipeline.(*Evaluator).Evaluate"},
		{Name: "to decode reviews", Functions: "webhook.decodeReview"},
		{Name: "to resolve what is attached", Functions: "generator.Resolve"},
		{Name: "for TLS", Functions: "crypto/tls."},
		{Name: "to keep the caches up to date", Functions: "k8s.io/client-go/"},
		{Name: "to collect garbage", Functions: "runtime.gcBgMarkWorker"},
	}}
	profile, err := webhook.over(ctx, 10, func() error {
		_, err := c.create(ctx, 10, plane.Annotated())
		return err
	})
	out.Profiles = []report.Profile{profile}
	return out, err
}
