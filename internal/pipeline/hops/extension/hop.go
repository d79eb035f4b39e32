// Package extension judges whether Kong Operator measures the Service.
package extension

import (
	"fmt"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/topology"
)

// Hop is the hop extension.
var Hop = &finding.Hop{
	Name: "extension", Title: "Extension", DenyByDefault: false,
	Summary: "A DataPlaneMetricsExtension makes Kong Operator measure the Service, and the Gateway's ControlPlane refers to it.",
}

// New returns the hop extension.
func New() pipeline.Hop {
	return pipeline.Hop{
		Declaration: Hop,
		Reasons: []*finding.Reason{
			Unknown, GatewayMissing, GatewayHybrid, GatewayInOtherNamespace,
			GatewayConfigurationUnused, NotReferenced, Several,
			Missing, InOtherNamespace, NotAccepted,
			ServiceNotListed, LatencyOff,
			Pending, Remote, ServiceInSeveral,
		},
		Judge: diagnose,
	}
}

// diagnose reports whether Kong Operator measures the latency of the Service.
func diagnose(c *pipeline.Case) pipeline.Verdict {
	t, subject := topology.Of(c), c.Subject
	return pipeline.Verdict{
		Findings: evaluate(t, subject),
		Evidence: func() []string { return evidence(t, subject) },
	}
}

func evidence(t *topology.Topology, subject pipeline.Subject) []string {
	for _, a := range candidates(t, subject) {
		if judge(t, a, subject).step < good {
			continue
		}
		e := t.ExtensionAt[a.Target(a.Refs[0])]
		return []string{
			fmt.Sprintf("%s refers to %s", a.Holder, e.Object()),
			fmt.Sprintf("%s names Service %s and enables latency", e.Object(), subject.Service),
		}
	}
	return nil
}
