// Package loadmetric decides which of the load metrics of a plan its autoscaler gets. An
// autoscaler one of whose metrics has no value removes no pods, so that a load metric that
// nothing serves would be worse than none.
package loadmetric

import (
	"slices"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Evidence is what is known of one load metric.
type Evidence struct {
	// Findings are those about its metric pipeline.
	Findings []finding.Finding
	// Unjudged is true if its rule could not be judged, without a finding that says so.
	Unjudged bool
	// Attached is true if the autoscaler has the metric, and Read if it reads a value of it.
	Attached, Read bool
}

// Unserved is a finding about a load metric that is not served, or may not be.
type Unserved struct {
	finding.Finding
	// ByDefault is true if nobody named the metric.
	ByDefault bool
}

// Judge returns the names of the load metrics that the autoscaler of a plan does not get, and
// what is found of them. of returns what is known of a metric.
//
// A metric that no rule makes is left out. Where that could not be found out, what is attached
// stays; a number that somebody chose is attached, and a load that is to be learned is not. Of
// a metric that nobody named that is no finding: nothing is wrong.
func Judge(p plan.Plan, of func(metric string) Evidence) (omitted []string, unserved []Unserved) {
	for _, l := range p.Resolved.Loads() {
		e := of(l.Metric)
		missing, unknown := e.rule()
		switch {
		case e.Read, !missing && !unknown:
		case missing:
			omitted = append(omitted, l.Metric)
			f := hpa.LoadMetricMissing.On(object(p),
				"no rule of prometheus-adapter makes %s; until there is one, the workload is scaled by its latency alone", l.Metric)
			unserved = append(unserved, Unserved{f.WithFix(fix(l)), l.ByDefault})
		default:
			if l.Auto && !e.Attached {
				omitted = append(omitted, l.Metric)
			}
			if l.ByDefault {
				continue
			}
			f := hpa.LoadMetricUnknown.On(object(p), "whether %s is served could not be found out", l.Metric)
			unserved = append(unserved, Unserved{f.Suggest("%s", hpa.LoadMetricUnknown.Fix), l.ByDefault})
		}
	}
	return omitted, unserved
}

// Of is what a report on the pipeline of a load metric, and the autoscaler, say of it.
func Of(report pipeline.Report, seen output.Observation, metric string) Evidence {
	m, attached := seen.Metric(metric)
	return Evidence{
		Findings: report.Findings(), Attached: attached, Read: m.CurrentPerPod != nil,
		Unjudged: slices.ContainsFunc(report.Steps, func(s pipeline.Step) bool { return s.Hop == adapterrule.Hop && !s.Judged() }),
	}
}

// rule says whether it is proven that no rule makes the metric, or not known.
func (e Evidence) rule() (missing, unknown bool) {
	ofRule := func(f finding.Finding, severity finding.Severity) bool {
		return f.Hop() == adapterrule.Hop && f.Severity == severity
	}
	missing = slices.ContainsFunc(e.Findings, func(f finding.Finding) bool { return ofRule(f, finding.Error) })
	unknown = e.Unjudged || slices.ContainsFunc(e.Findings, func(f finding.Finding) bool { return ofRule(f, finding.Unknown) })
	return missing, unknown && !missing
}

func object(p plan.Plan) finding.Object {
	return finding.Object{Kind: "HorizontalPodAutoscaler", Namespace: p.Namespace, Name: p.Name}
}

func fix(l policy.Load) finding.Fix {
	return finding.Fix{
		Summary: "Add this at the end of the rules of prometheus-adapter, and restart it.",
		Insert:  []any{generator.AdapterRule(generator.Rule{Metric: l.Metric})},
	}
}
