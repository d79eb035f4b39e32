package webhook

import (
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// maxPipelineLines is how many findings about a pipeline are told one by one.
const maxPipelineLines = 3

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
	for _, f := range c.Pipeline().Evaluate(subject) {
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
	lines = pipelineWarnings(warned)
	if fresh && len(unknown) > 0 {
		lines = append(lines, unknownLine(unknown))
	}
	return denied, lines
}

// pipelineWarnings is a line a finding.
func pipelineWarnings(findings []finding.Finding) []string {
	var lines []string
	for i, f := range findings {
		if i == maxPipelineLines {
			lines = append(lines, line("and %d more findings about its pipeline; see the events of the Deployment", len(findings)-i))
			break
		}
		lines = append(lines, withFix(f.Reason+": "+f.Message, f))
	}
	return lines
}

// withFix adds to the text of a finding how to mend it, or where that is told if it
// does not fit into a line.
func withFix(text string, f finding.Finding) string {
	if f.Fix == "" {
		return line("%s", text)
	}
	if whole := line("%s; to mend it: %s", text, f.Fix); !isYAML(f) && !strings.HasSuffix(whole, cut) {
		return whole
	}
	return lineEnding("; the fix is in its events", "%s", text)
}

// unknownLine names the hops that could not be judged, and why the first was not.
func unknownLine(unknown []finding.Finding) string {
	var hops []string
	for _, f := range unknown {
		if hop := string(f.Hop); len(hops) == 0 || hops[len(hops)-1] != hop {
			hops = append(hops, hop)
		}
	}
	return line("not checked: %s: %s", strings.Join(hops, ", "), unknown[0].Message)
}
