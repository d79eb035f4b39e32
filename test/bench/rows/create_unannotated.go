package rows

import (
	"context"
	"errors"
	"fmt"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/report"
)

// createUnannotatedRow checks that the product does not slow down those who do not use it.
func createUnannotatedRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title:   fmt.Sprintf("Creating a Deployment of %d bytes without annotations through the API server", reviewBytes),
		Against: "an API server without webhooks",
		Why: "The API server calls no webhook, but evaluates the match conditions of the mutating and of the validating " +
			"configuration; and it sends watch events to the webhook, which shares the processors with it here.",
	}
	c, err := s.startCreating(ctx, withoutWebhook, withProduct)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	const none, shipped = 0, 1
	if _, err := c.create(ctx, s.Creates, nil); err != nil { // warms up
		return out, err
	}
	p50 := report.Line{What: "p50", Unit: "µs", Bound: report.AtMost(1.05, 1)}
	for round := range s.Rounds {
		s.Logf("create-unannotated: round %d", round+1)
		took, err := c.create(ctx, 2*s.Creates, nil)
		if err != nil {
			return out, err
		}
		p50.Measured = append(p50.Measured, measure.Median(measure.Micros(took[shipped])))
		p50.Baseline = append(p50.Baseline, measure.Median(measure.Micros(took[none])))
	}
	out.Lines = []report.Line{p50}
	profile, err := c.profile(ctx, shipped, "creates such Deployments", nil)
	out.Profiles = []report.Profile{profile}
	return out, err
}
