package rows

import (
	"context"
	"errors"
	"fmt"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/report"
)

// createUnannotatedRow: who does not use the product does not notice it.
func createUnannotatedRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title:   fmt.Sprintf("Creating a Deployment of %d bytes without annotations through the API server", reviewBytes),
		Against: "an API server without webhooks",
		Why: "The API server calls nobody, but evaluates the conditions of the configurations, once for the mutating and " +
			"once for the validating one; and it tells the webhook, which watches Deployments " +
			"and shares the processors with it here.",
	}
	c, err := s.startCreating(ctx, withoutWebhook, withOurs)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	const none, ours = 0, 1
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
		p50.Ours = append(p50.Ours, measure.Median(measure.Micros(took[ours])))
		p50.Floor = append(p50.Floor, measure.Median(measure.Micros(took[none])))
	}
	out.Lines = []report.Line{p50}
	profile, err := c.profile(ctx, ours, "creates such Deployments", nil)
	out.Profiles = []report.Profile{profile}
	return out, err
}
