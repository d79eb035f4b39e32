package adapterrule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// maxEvidence bounds what is quoted of a configuration, in bytes.
const maxEvidence = finding.MaxQuote

// evidence says what the verdict is about: where, what is there, and what the series
// have.
func (c ruleCase) evidence() string {
	k := kinds[c.verdict.Kind]
	if k.near && !c.intended() {
		n := c.adapter.Config.Len()
		if n == 1 {
			return fmt.Sprintf("its only rule does not make %s of %s", c.Subject.Metric, c.histogram.Name)
		}
		return fmt.Sprintf("none of its %d rules makes %s of %s", n, c.Subject.Metric, c.histogram.Name)
	}
	if k.evidence == nil {
		return c.unanswered("answered")
	}
	return k.evidence(c, c.verdict)
}

// unanswered quotes the reason of the verdict, and the query if there is one.
func (c ruleCase) unanswered(verb string) string {
	text := fmt.Sprintf("%s cannot be %s: %s", c.verdict.Path, verb, shortText(c.verdict.Reason))
	if c.verdict.Query.Expr == "" {
		return text
	}
	return text + "; the query is " + c.query()
}

// unmapped says what is mapped instead of Services.
func (c ruleCase) unmapped() string {
	v := c.verdict
	if v.Reason != "" {
		return fmt.Sprintf("%s maps no label to Services: %s", v.Path, shortText(v.Reason))
	}
	resources := make([]string, len(v.Resources))
	for i, r := range v.Resources {
		resources[i] = r.String()
	}
	return fmt.Sprintf("%s maps no label of the series to core Services, only to [%s]; %s", v.Path, listText(resources), c.carriers())
}

// filter is the regular expression at the verdict's path.
func (c ruleCase) filter() string {
	spec := c.spec()
	if i, ok := c.verdict.Path.FilterIndex(); ok && i < len(spec.SeriesFilters) {
		f := spec.SeriesFilters[i]
		return f.Is + f.IsNot // exactly one is set
	}
	return spec.Name.Matches
}

// proof says by which rule the metric is made, if one makes it.
func proof(a *pipeline.Adapter, v rulecheck.Verdict) []string {
	if v.Answer != rulecheck.Yes {
		return nil
	}
	return []string{
		fmt.Sprintf("rules[%d] in key %s of %s makes the metric of %s", v.Rule, a.Key, a.ConfigMap, v.Query.Series),
		"PromQL: " + text.OneLine(v.Query.Expr),
	}
}

// carriers says by which labels the series name the Service.
func (c ruleCase) carriers() string {
	found := map[string]bool{}
	for _, s := range c.scrape.Series {
		for label, value := range s.Labels {
			if value == c.Subject.Service {
				found[label] = true
			}
		}
	}
	have := slices.Sorted(maps.Keys(found))
	if len(have) == 0 {
		return "no label of the series carries its name"
	}
	return "they carry its name in " + listText(have)
}

func (c ruleCase) query() string { return shortText(c.verdict.Query.Expr) }

// mismatchText says which matcher refuses the series, and what they have.
func mismatchText(m *rulecheck.Mismatch) string {
	if m == nil || m.Label == "" {
		return "there are none"
	}
	if m.Label == model.MetricNameLabel {
		return fmt.Sprintf("%s refuses them, they are called %s", shortText(m.Matcher), listText(m.Have))
	}
	if len(m.Have) == 1 && m.Have[0] == "" {
		return fmt.Sprintf("%s refuses them, they have no label %s", shortText(m.Matcher), m.Label)
	}
	return fmt.Sprintf("%s refuses them, they have %s", shortText(m.Matcher), quoteAll(m.Have))
}

func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, s := range texts {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return listText(quoted)
}

func listText(texts []string) string { return shortText(strings.Join(texts, ", ")) }

// shortText is a text in one line, cut if it is long.
func shortText(s string) string { return text.Cut(text.OneLine(s), maxEvidence) }
