package webhook

import (
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// judge evaluates the plan's pipeline and sorts what it finds by what admission
// does about it. fresh is true if the object is new or its settings changed: only
// then is anything denied, and only then is it told what could not be found out.
// A rollback while monitoring is broken must go through, and so must a Deployment
// that did not ask for autoscaling and is offered it by a policy.
func (c Cluster) judge(p *plan.Plan, fresh bool) (denied []finding.Finding, lines []string) {
	if p == nil || c.Pipeline == nil {
		return nil, nil
	}
	subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	var warned, unknown []finding.Finding
	for _, f := range c.Pipeline().Diagnose(source.Default(), subject).Findings() {
		switch action := p.Enforcement.For(f); {
		case action == policy.Ignore:
		case f.Severity == finding.Unknown:
			unknown = append(unknown, f)
		case action == policy.Deny && fresh && p.Source != plan.FromPolicy:
			denied = append(denied, f)
		default:
			warned = append(warned, f)
		}
	}
	lines = render.PipelineWarnings(warned)
	if fresh && len(unknown) > 0 {
		lines = append(lines, render.UnknownWarning(unknown))
	}
	return denied, lines
}
