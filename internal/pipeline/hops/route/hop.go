// Package route judges whether traffic reaches the Service in a way that can be measured separately.
package route

import (
	"fmt"
	"slices"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
	"github.com/kong-latency/kong-latency/internal/pipeline/topology"
)

// Hop is the hop route.
var Hop = &finding.Hop{
	Name: "route", Title: "Route", DenyByDefault: false,
	Summary: "Requests reach the Service in a way in which its latency can be distinguished from that of others.",
}

// New returns the hop route.
func New() pipeline.Hop {
	return pipeline.Hop{
		Declaration: Hop,
		Reasons: []*finding.Reason{
			Unknown, Missing, SeveralBackends, Undercounted, DataPlaneShared, DataPlaneMayBeShared,
		},
		Judge: diagnose,
	}
}

// diagnose reports whether the latency of the traffic to the Service is measured under the
// Service's name, and all of it.
func diagnose(c *pipeline.Case) pipeline.Verdict {
	t, subject := topology.Of(c), c.Subject
	return pipeline.Verdict{
		Findings: evaluate(t, subject),
		Evidence: func() []string { return evidence(t, subject) },
	}
}

func evidence(t *topology.Topology, subject pipeline.Subject) []string {
	var out []string
	for _, r := range topology.RulesTo(t, subject) {
		gateways := make([]string, len(r.Gateways))
		for i, g := range r.Gateways {
			gateways[i] = g.String()
		}
		out = append(out, fmt.Sprintf("%s sends traffic to Service %s through Gateway %s", r, subject.Service, text.Join(slices.Compact(gateways))))
	}
	return out
}
