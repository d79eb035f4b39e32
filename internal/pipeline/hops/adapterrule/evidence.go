package adapterrule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// maxEvidence bounds what is quoted of a configuration, in bytes.
const maxEvidence = 240

// evidence says what the verdict is about: where, what is there, and what the series
// have.
func (c ruleCase) evidence() string {
	v := c.verdict
	switch v.Kind {
	case rulecheck.NoRules:
		return fmt.Sprintf("there are no rules, so that nothing makes %s", c.Subject.Metric)
	case rulecheck.NoSeries:
		return fmt.Sprintf("it is not known which labels the series of the Service have, so no rule can be judged for %s", c.Subject.Metric)
	case rulecheck.ExternalRule:
		return fmt.Sprintf("%s makes %s in the external metrics API, and an autoscaler requests it from the custom metrics API, which is served by rules", v.Path, c.Subject.Metric)
	case rulecheck.NameDiffers:
		return c.nameEvidence()
	case rulecheck.SeriesQueryMatchesNothing, rulecheck.SeriesFiltered:
		return c.seriesEvidence()
	case rulecheck.RulePinned:
		return fmt.Sprintf("%s serves the metric only while other objects have series: %s", v.Path, mismatchText(v.Mismatch))
	case rulecheck.RuleShadowed:
		return fmt.Sprintf("%s comes after rules[%d] and replaces it, without serving the metric (%s), if other objects have series that it matches", v.Path, v.Earlier, v.Reason)
	case rulecheck.ServiceNotMapped, rulecheck.ServiceLabelAbsent, rulecheck.NamespaceNotMapped, rulecheck.LabelLost, rulecheck.OtherObject,
		rulecheck.LabelsNondeterministic, rulecheck.SeriesNondeterministic:
		return c.labelEvidence()
	default:
		return c.queryEvidence()
	}
}

func (c ruleCase) nameEvidence() string {
	v := c.verdict
	if !c.intended() {
		return c.noneEvidence()
	}
	return fmt.Sprintf("%s makes %s of the series of the Service, not %q", v.Path, quoteAll(v.Names), c.Subject.Metric)
}

func (c ruleCase) noneEvidence() string {
	n := c.adapter.Config.Len()
	if n == 1 {
		return fmt.Sprintf("its only rule does not make %s of %s", c.Subject.Metric, c.histogram.Name)
	}
	return fmt.Sprintf("none of its %d rules makes %s of %s", n, c.Subject.Metric, c.histogram.Name)
}

func (c ruleCase) seriesEvidence() string {
	v := c.verdict
	switch {
	case !c.intended():
		return c.noneEvidence()
	case v.Kind == rulecheck.SeriesQueryMatchesNothing:
		return fmt.Sprintf("%s finds none of the series of the Service: %s", v.Path, mismatchText(v.Mismatch))
	default:
		return fmt.Sprintf("%s, %q, leaves out every series of the Service", v.Path, shortText(c.filter()))
	}
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

func (c ruleCase) labelEvidence() string {
	v := c.verdict
	switch v.Kind {
	case rulecheck.ServiceNotMapped:
		if v.Reason != "" {
			return fmt.Sprintf("%s maps no label to Services: %s", v.Path, shortText(v.Reason))
		}
		resources := make([]string, len(v.Resources))
		for i, r := range v.Resources {
			resources[i] = r.String()
		}
		return fmt.Sprintf("%s maps no label of the series to core Services, only to [%s]; %s", v.Path, listText(resources), c.carriers())
	case rulecheck.ServiceLabelAbsent:
		return fmt.Sprintf("%s maps label %s to Services, which the series do not have; %s", v.Path, listText(v.Labels), c.carriers())
	case rulecheck.NamespaceNotMapped:
		return fmt.Sprintf("%s maps no label to namespaces, so that every request gets 404: %s", v.Path, shortText(v.Reason))
	case rulecheck.LabelLost:
		return fmt.Sprintf("%s loses label %s, which the rule maps to Services: it must be kept by `by (%[2]s)`, and the query is %s", v.Path, listText(v.Labels), c.query())
	case rulecheck.OtherObject:
		return fmt.Sprintf("%s gives samples whose label %s says %s, not %q", v.Path, listText(v.Labels), quoteAll(v.Names), c.Subject.Service)
	case rulecheck.LabelsNondeterministic:
		return fmt.Sprintf("%s maps several labels to one resource (%s), of which the adapter uses an arbitrary one, and not all of them work", v.Path, listText(v.Labels))
	default:
		return fmt.Sprintf("%s uses <<.Series>>, which is an arbitrary one of %s", v.Path, listText(v.Names))
	}
}

func (c ruleCase) queryEvidence() string {
	v := c.verdict
	switch v.Kind {
	case rulecheck.SelectorMatchesNothing:
		return fmt.Sprintf("%s selects none of the series by %s: %s", v.Path, shortText(v.Mismatch.Selector), mismatchText(v.Mismatch))
	case rulecheck.QueryEmpty:
		return fmt.Sprintf("%s is empty, so that every request gets 404", v.Path)
	case rulecheck.NamespaceIgnored:
		return fmt.Sprintf("%s mixes the Service with those of the same name in other namespaces: %s", v.Path, c.query())
	case rulecheck.ServiceIgnored:
		return fmt.Sprintf("%s mixes the Service with others of its namespace: %s", v.Path, c.query())
	case rulecheck.SidesNeverMatch:
		return fmt.Sprintf("%s gives nothing, as the labels of the two sides never agree in %s", v.Path, shortText(v.Reason))
	case rulecheck.QueryGivesNothing:
		return fmt.Sprintf("%s gives no sample: %s", v.Path, c.query())
	default:
		text := fmt.Sprintf("%s cannot be answered: %s", v.Path, shortText(v.Reason))
		if v.Kind == rulecheck.QueryUndecided {
			text = fmt.Sprintf("%s cannot be judged: %s", v.Path, shortText(v.Reason))
		}
		if v.Query.Expr == "" {
			return text
		}
		return text + "; the query is " + c.query()
	}
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
func shortText(s string) string {
	s = text.OneLine(s)
	if len(s) <= maxEvidence {
		return s
	}
	return strings.ToValidUTF8(s[:maxEvidence], "") + "…"
}
