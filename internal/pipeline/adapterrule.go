package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
)

// evaluateRule judges the rules of a configuration that the adapter starts with.
func evaluateRule(a *Adapter, subject Subject, scraped Scraped) []finding.Finding {
	t := rulecheck.Target{
		Metric: subject.Metric, Namespace: subject.Namespace, Service: subject.Service, Series: scraped.Series,
	}
	v := rulecheck.Explain(a.Config, t)
	c := ruleCase{adapter: a, subject: subject, series: scraped.Series, verdict: v}
	switch {
	case v.Answer == rulecheck.Yes:
		return c.severalDataPlanes(t)
	case v.Answer == rulecheck.Unknown || v.Kind == rulecheck.NoSeries:
		return c.found(AdapterRuleUndecided, c.evidence())
	case !scraped.Known && dependsOnLabels(v):
		return c.found(AdapterRuleUndecided, "the labels of the series are not known, and if they are the usual ones "+c.evidence())
	case v.Earlier >= 0:
		return c.found(AdapterRuleShadowed, fmt.Sprintf("rules[%d] takes the metric over from rules[%d], which would serve it, as the last rule wins: %s",
			v.Rule, v.Earlier, c.evidence()))
	default:
		return c.found(c.reason(), c.evidence())
	}
}

// ruleCase is one verdict about the rules, and what it was made from.
type ruleCase struct {
	adapter *Adapter
	subject Subject
	series  []adapterconfig.Series
	verdict rulecheck.Verdict
}

func (c ruleCase) found(r *finding.Reason, sentence string) []finding.Finding {
	return []finding.Finding{r.On(c.adapter.ConfigMap, "%s", sentence).WithFix(c.fix())}
}

// spec is the rule that the verdict is about; zero if it is not one of rules.
func (c ruleCase) spec() adapterconfig.RuleSpec {
	i := c.verdict.Rule
	if c.verdict.Kind == rulecheck.ExternalRule || i < 0 || i >= c.adapter.Config.Len() {
		return adapterconfig.RuleSpec{}
	}
	return c.adapter.Config.Rule(i)
}

// ours tells whether the rule was meant for Kong's latency, or for this metric.
// Any other rule that comes near does so by chance.
func (c ruleCase) ours() bool {
	spec := c.spec()
	return spec.Name.As == c.subject.Metric || strings.Contains(spec.SeriesQuery+spec.MetricsQuery, "kong_upstream_latency_ms")
}

// reason groups the kinds of verdicts by what a person would look at.
func (c ruleCase) reason() *finding.Reason {
	switch c.verdict.Kind {
	case rulecheck.ExternalRule:
		return AdapterRuleExternal
	case rulecheck.NameDiffers:
		if c.ours() {
			return AdapterRuleNameDiffers
		}
		return AdapterRuleMissing
	case rulecheck.SeriesQueryMatchesNothing, rulecheck.SeriesFiltered:
		if c.ours() {
			return AdapterRuleSeriesMismatch
		}
		return AdapterRuleMissing
	case rulecheck.ServiceNotMapped, rulecheck.ServiceLabelAbsent, rulecheck.NamespaceNotMapped, rulecheck.LabelLost, rulecheck.OtherObject:
		return AdapterRuleLabelMismatch
	case rulecheck.SelectorMatchesNothing:
		if c.verdict.Mismatch.Label == model.MetricNameLabel {
			return AdapterRuleQueryBroken
		}
		return AdapterRuleLabelMismatch
	case rulecheck.NamespaceIgnored, rulecheck.ServiceIgnored:
		return AdapterRuleMixesServices
	case rulecheck.LabelsNondeterministic, rulecheck.SeriesNondeterministic:
		return AdapterRuleAmbiguous
	case rulecheck.NoRules:
		return AdapterRuleMissing
	default:
		return AdapterRuleQueryBroken
	}
}

// dependsOnLabels tells whether other labels of the series could give another
// answer.
func dependsOnLabels(v rulecheck.Verdict) bool {
	switch v.Kind {
	case rulecheck.NoRules, rulecheck.ExternalRule, rulecheck.NameDiffers, rulecheck.SeriesFiltered, rulecheck.ServiceNotMapped,
		rulecheck.NamespaceNotMapped, rulecheck.QueryTemplateFails, rulecheck.QueryEmpty, rulecheck.QueryInvalid, rulecheck.QueryNotVector:
		return false
	default:
		return true
	}
}

// fix puts our rule where it wins, in the place of one that was to make nothing
// but this metric.
func (c ruleCase) fix() finding.Fix {
	e := ruleEdit{metric: c.subject.Metric, window: windowOf(c.verdict.Windows), replace: -1}
	if c.spec().Name.As == c.subject.Metric {
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

// severalDataPlanes asks again as if two data planes measured the Service, which
// is so as soon as the gateway has two pods.
func (c ruleCase) severalDataPlanes(t rulecheck.Target) []finding.Finding {
	const label = "dataplane_url"
	for _, s := range c.series {
		if _, ok := s.Labels[label]; !ok {
			return nil
		}
		labels := maps.Clone(s.Labels)
		labels[label] += "-2"
		t.Series = append(slices.Clip(t.Series), adapterconfig.Series{Name: s.Name, Labels: labels})
	}
	c.verdict = rulecheck.Explain(c.adapter.Config, t)
	switch {
	case c.verdict.Answer != rulecheck.Yes:
		return c.found(AdapterRuleNotAggregated, "when several data planes measure the Service "+c.evidence())
	case c.verdict.Samples > 1:
		return c.found(AdapterRuleNotAggregated, fmt.Sprintf(
			"%s gives a sample for each data plane, of which an arbitrary one counts; it must aggregate them", c.verdict.Path))
	default:
		return nil
	}
}
