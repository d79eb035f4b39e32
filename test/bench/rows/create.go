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

// whileProfiled is roughly the number of workloads created while profiling.
const whileProfiled = 1000

// creating holds API servers through which the same objects are created in turn,
// request by request.
type creating struct {
	sides []*plane.Plane
	next  int // index of the next workload
}

// create creates n workloads on each side and returns the durations by side.
func (c *creating) create(ctx context.Context, n int, annotations map[string]string) ([][]time.Duration, error) {
	took := make([][]time.Duration, len(c.sides))
	for range n {
		for k := range c.sides {
			side := (c.next + k) % len(c.sides) // rotate which side goes first
			d := plane.Deployment(c.next, reviewBytes, annotations)
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

// profile shows where the time of a side's API server goes while objects are created.
func (c *creating) profile(ctx context.Context, side int, doing string, annotations map[string]string) (report.Profile, error) {
	apiServer, err := ofAPIServer(c.sides[side], doing)
	if err != nil {
		return report.Profile{}, err
	}
	return apiServer.over(ctx, 10, func() error { // seconds, so that a thousandth is a sample
		_, err := c.create(ctx, 10, annotations)
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

func withProduct(ctx context.Context, p *plane.Plane) error { return withProductAnd(ctx, p) }

func withProductAnd(ctx context.Context, p *plane.Plane, flags ...string) error {
	if err := p.Install(ctx); err != nil {
		return err
	}
	_, err := product.Webhook(ctx, p.ControlPlane, p.Address, flags...)
	return err
}

// createRow measures what the webhook adds to the time that a user waits for a create.
func createRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title:   fmt.Sprintf("Time added to creating an annotated Deployment of %d bytes through the API server", reviewBytes),
		Against: "what a webhook that does nothing adds, called by the same configurations",
		Why: "Each of these Deployments is new, so its metric pipeline is evaluated anew, including the fixes for the missing " +
			"route and extension; and the API server passes on the warnings.",
	}
	flag, base, err := profileFlag()
	if err != nil {
		return out, err
	}
	c, err := s.startCreating(ctx, withoutWebhook, withNoop, func(ctx context.Context, p *plane.Plane) error {
		return withProductAnd(ctx, p, flag)
	})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	const none, noop, shipped = 0, 1, 2
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
		p50.Measured = append(p50.Measured, median(shipped)-median(none))
		p50.Baseline = append(p50.Baseline, median(noop)-median(none))
		whole.Measured, whole.Baseline = append(whole.Measured, median(shipped)), append(whole.Baseline, median(none))
	}
	p50.What, p50.Unit, p50.Bound = "added, p50", "µs", report.AtMost(1.3, 1.1)
	whole.What, whole.Unit = "the whole create, p50, compared with no webhook", "µs"
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
