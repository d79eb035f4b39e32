// Package adapterrule judges whether prometheus-adapter makes the metric of the series.
package adapterrule

import (
	"cmp"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// Hop is the hop adapter-rule.
var Hop = &finding.Hop{
	Name: "adapter-rule", Title: "Adapter rule", Shared: true, DenyByDefault: true,
	Summary: "A rule of prometheus-adapter makes the metric from the series of the Service.",
}

// New returns the hop adapter-rule. The function returns what Prometheus stores of a
// case; the source of the case has the rule for fixes.
func New(scrape func(*pipeline.Case) *pipeline.Scrape) pipeline.Hop {
	return pipeline.Hop{
		Declaration: Hop,
		Reasons: []*finding.Reason{
			ConfigInvalid, RelistFails, ConfigPending, ConfigUnread,
			Missing, External, NameDiffers, SeriesMismatch,
			LabelMismatch, QueryBroken, MixesServices, Ambiguous,
			Shadowed, NotAggregated, LifetimeAverage, IdleDataPlane, WrongValue, Undecided,
		},
		Judge: func(c *pipeline.Case) pipeline.Verdict { return diagnose(c, scrape) },
	}
}

// diagnose reports whether the adapter would answer with the Service's latency. Nothing
// follows from a configuration that is not in use yet; what is wrong with it is reported
// as what happens at the next restart.
func diagnose(c *pipeline.Case, scrape func(*pipeline.Case) *pipeline.Scrape) pipeline.Verdict {
	a := &c.Snapshot.Adapter
	if a.State != pipeline.Known {
		return pipeline.Verdict{Findings: unread(c.Snapshot), Unjudged: cmp.Or(text.OneLine(a.Why), "the adapter's configuration has not been read")}
	}
	var out pipeline.Verdict
	switch {
	case a.Config == nil:
		out.Findings = []finding.Finding{invalid(c)}
	case len(a.Config.RelistErrors()) > 0:
		out.Findings = []finding.Finding{relist(c)}
	default:
		r := judgeRule(c, *scrape(c))
		v := r.verdict
		out.Findings, out.Query = r.findings(), v.Query
		out.Evidence = func() []string { return proof(a, v) }
	}
	if a.Pending {
		out.Findings = []finding.Finding{pending(a, out.Findings)}
	}
	return out
}

// field is the place of a path of the configuration in its ConfigMap, such as rules[0].name.
func field(a *pipeline.Adapter, path adapterconfig.Path) finding.Path {
	return finding.NewPath("data", a.Key, finding.Path(path))
}
