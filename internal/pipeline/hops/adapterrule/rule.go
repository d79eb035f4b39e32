package adapterrule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
)

// ruleCase is one verdict about the rules of a configuration that the adapter starts
// with, and what it was made from.
type ruleCase struct {
	*pipeline.Case
	adapter   *pipeline.Adapter
	histogram pipeline.Histogram
	scrape    pipeline.Scrape
	verdict   rulecheck.Verdict
}

func judgeRule(c *pipeline.Case, scrape pipeline.Scrape) ruleCase {
	r := ruleCase{
		Case: c, adapter: &c.Snapshot.Adapter, histogram: c.Source.Histogram(c.Subject), scrape: scrape,
	}
	r.verdict, _ = c.Explain(scrape.Stored)
	return r
}

// findings are what is wrong with the rules.
func (c ruleCase) findings() []finding.Finding {
	v := c.verdict
	switch {
	case v.Answer == rulecheck.Yes:
		return c.misleading()
	case v.Answer == rulecheck.Wrong:
		return c.wrong()
	case v.Answer == rulecheck.Unknown || v.Kind == rulecheck.NoSeries:
		return c.found(Undecided, c.evidence())
	case !c.scrape.Known && !kinds[v.Kind].anyLabels:
		return c.found(Undecided, "the labels of the series are not known, and if they are the usual ones "+c.evidence())
	case c.recorded() != "":
		return []finding.Finding{Undecided.On(c.adapter.ConfigMap, "%s is over %s, which %s", v.Path, shortText(v.Mismatch.Selector), c.recorded()).
			At(c.field()).Suggest("%s", Undecided.Fix)}
	case v.Earlier >= 0:
		return c.found(Shadowed, fmt.Sprintf("rules[%d] replaces rules[%d], which would serve the metric, as the last rule wins: %s",
			v.Rule, v.Earlier, c.evidence()))
	default:
		return c.found(c.reason(), c.evidence())
	}
}

func (c ruleCase) found(r *finding.Reason, sentence string) []finding.Finding {
	return []finding.Finding{r.On(c.adapter.ConfigMap, "%s", sentence).At(c.field()).WithFix(c.fix())}
}

// field is the place of the configuration that decides.
func (c ruleCase) field() finding.Path {
	path := c.verdict.Path
	switch {
	case len(path) == 0:
		path = adapterconfig.Path{"rules"}
	case c.verdict.Kind == rulecheck.NameDiffers && c.intended():
		path = path.Child("as")
	}
	return field(c.adapter, path)
}

// spec is the rule that the verdict is about; zero if it is not one of rules.
func (c ruleCase) spec() adapterconfig.RuleSpec {
	i := c.verdict.Rule
	if c.verdict.Kind == rulecheck.ExternalRule || i < 0 || i >= c.adapter.Config.Len() {
		return adapterconfig.RuleSpec{}
	}
	return c.adapter.Config.Rule(i)
}

// intended reports whether the rule was meant for the latency, or for this metric.
// Any other rule that comes near does so by chance.
func (c ruleCase) intended() bool {
	spec := c.spec()
	return spec.Name.As == c.Subject.Metric || strings.Contains(spec.SeriesQuery+spec.MetricsQuery, c.histogram.Name)
}

// reason groups the kinds of verdicts by what a person would look at.
func (c ruleCase) reason() *finding.Reason {
	k := kinds[c.verdict.Kind]
	switch {
	case k.near && !c.intended():
		return Missing
	case c.verdict.Kind == rulecheck.SelectorMatchesNothing && c.verdict.Mismatch.Label == model.MetricNameLabel:
		return QueryBroken
	}
	return cmp.Or(k.reason, QueryBroken)
}

// fix puts the rule of the source where it wins, in the place of one that was to make nothing
// but this metric.
func (c ruleCase) fix() finding.Fix {
	e := ruleEdit{source: c.Source, metric: c.Subject.Metric, window: windowOf(c.verdict.Windows), replace: -1}
	if c.spec().Name.As == c.Subject.Metric {
		e.replace = c.verdict.Rule
	}
	return e.fix(c.adapter)
}

// windowOf keeps the window of a query, if it has one; empty is the default.
func windowOf(windows []rulecheck.Window) string {
	if len(windows) == 0 {
		return ""
	}
	w := windows[0]
	if slices.ContainsFunc(windows, func(x rulecheck.Window) bool { return x != w }) {
		return ""
	}
	text := model.Duration(w.Range).String()
	if !w.Subquery {
		return text
	}
	text += ":"
	if w.Step > 0 {
		text += model.Duration(w.Step).String()
	}
	if text == "1m:10s" {
		return ""
	}
	return text
}
