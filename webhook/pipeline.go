package webhook

import (
	"strings"

	"github.com/kong-latency/kong-latency/finding"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/pipeline"
	"github.com/kong-latency/kong-latency/policy"
)

// maxPipelineLines is how many findings about a pipeline are told one by one.
const maxPipelineLines = 3

// judge evaluates the plan's pipeline and sorts what it finds by what admission
// does about it. fresh is true if the object is new or its settings changed: only
// then is anything denied, and only then is it told what could not be found out.
// A rollback while monitoring is broken must go through.
func (c Cluster) judge(p *generator.Plan, fresh bool) (denied []finding.Finding, lines []string) {
	if p == nil || c.Pipeline == nil {
		return nil, nil
	}
	subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	var warned, unknown []finding.Finding
	for _, f := range c.Pipeline().Evaluate(subject) {
		switch action := c.Enforcement.For(f); {
		case action == policy.Ignore:
		case f.Severity == finding.Unknown:
			unknown = append(unknown, f)
		case action == policy.Deny && fresh:
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

// pipelineWarnings is a line a finding. The fix, where it is YAML, does not fit
// into one; the controller puts it into an event.
func pipelineWarnings(findings []finding.Finding) []string {
	var lines []string
	for i, f := range findings {
		if i == maxPipelineLines {
			lines = append(lines, line("and %d more findings about its pipeline; see the events of the Deployment", len(findings)-i))
			break
		}
		text := f.Reason + ": " + f.Message
		switch {
		case f.Fix == "":
		case isYAML(f):
			text += "; the fix is in the events of the Deployment"
		default:
			text += "; " + f.Fix
		}
		lines = append(lines, line("%s", text))
	}
	return lines
}

// unknownLine names the hops that could not be judged, and why the first was not.
func unknownLine(unknown []finding.Finding) string {
	var hops []string
	for _, f := range unknown {
		if hop := string(f.Hop); len(hops) == 0 || hops[len(hops)-1] != hop {
			hops = append(hops, hop)
		}
	}
	return line("not checked: %s (%s)", strings.Join(hops, ", "), unknown[0].Message)
}
