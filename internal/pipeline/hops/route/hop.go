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
			Unknown, Missing, NotAttached, BackendRefused, ControllerOff, SeveralBackends, Undercounted, DataPlaneShared, DataPlaneMayBeShared,
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
	for _, i := range t.IngressesTo[subject.Key()] {
		out = append(out, fmt.Sprintf("%s of class %s sends traffic to Service %s through %s", i.Object, i.Class, subject.Service, text.Join(names(i.ControlPlanes))))
	}
	for _, r := range topology.RulesTo(t, subject) {
		if r.DoubtAbout(subject.Key()) != "" {
			continue
		}
		gateways := make([]string, len(r.Gateways))
		for i, g := range r.Gateways {
			gateways[i] = g.String()
		}
		out = append(out, fmt.Sprintf("%s sends traffic to Service %s through Gateway %s", r, subject.Service, text.Join(slices.Compact(gateways))))
	}
	return out
}

func names(objects []finding.Object) []string {
	out := make([]string, len(objects))
	for i, o := range objects {
		out[i] = o.String()
	}
	return out
}
