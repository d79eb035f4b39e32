package rulecheck

import (
	"cmp"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// maxChoices bounds the combinations of labels that are tried.
const maxChoices = 64

// judge decides what becomes of the request once a rule has it. Where the
// adapter's choice of labels or series is random, every choice is tried.
func (s *search) judge(c candidate) Verdict {
	if c.undecided != nil {
		return undecided(c.rule.Path().Child("resources", "template"), c.undecided)
	}
	labels, nsLabels, v := s.choices(c.rule)
	if v != nil {
		return *v
	}
	var known, unknown *Verdict
	for _, label := range labels {
		for _, nsLabel := range nsLabels {
			v := s.judgeChoice(c, label, nsLabel)
			switch {
			case v.Answer == Unknown:
				unknown = cmp.Or(unknown, &v)
			case known != nil && v.Answer != known.Answer:
				return nondeterministic(c.rule, labels, nsLabels)
			default:
				known = cmp.Or(known, &v)
			}
		}
	}
	return *cmp.Or(unknown, known)
}

// choices are the labels among which the adapter chooses for the Service and
// for its namespace, or why there are none.
func (s *search) choices(r *adapterconfig.Rule) (labels, nsLabels []string, why *Verdict) {
	labels, err := r.LabelsFor(s.services)
	if err != nil { // a template that cannot be inverted
		v := notMapped(r, ServiceNotMapped, err)
		return nil, nil, &v
	}
	nsLabels, err = r.LabelsFor(schema.GroupResource{Resource: "namespaces"})
	if err != nil {
		v := notMapped(r, NamespaceNotMapped, err)
		return nil, nil, &v
	}
	if len(labels)*len(nsLabels) > maxChoices {
		v := nondeterministic(r, labels, nsLabels)
		return nil, nil, &v
	}
	return labels, nsLabels, nil
}

func nondeterministic(r *adapterconfig.Rule, groups ...[]string) Verdict {
	v := failed(LabelsNondeterministic, r.Path().Child("resources", "overrides"), "")
	for _, labels := range groups {
		if len(labels) > 1 {
			v.Labels = append(v.Labels, labels...)
		}
	}
	slices.Sort(v.Labels)
	return v
}

func notMapped(r *adapterconfig.Rule, k Kind, err error) Verdict {
	at := r.Path().Child("resources")
	if errors.Is(err, adapterconfig.ErrUndecided) {
		return undecided(at.Child("template"), err)
	}
	return failed(k, at, err.Error())
}

func undecided(at adapterconfig.Path, err error) Verdict {
	v := failed(QueryUndecided, at, err.Error())
	v.Answer = Unknown
	return v
}

// failed is the verdict about a place in one of rules.
func failed(k Kind, at adapterconfig.Path, reason string) Verdict {
	i, _ := at.RuleIndex()
	v := verdict(No, k, i)
	v.Path, v.Reason = at, reason
	return v
}

// judgeChoice makes the query for one choice of labels and judges it. Every
// series that registers the metric must lead to the same query.
func (s *search) judgeChoice(c candidate, label, nsLabel string) Verdict {
	at := c.rule.Path().Child("metricsQuery")
	req := adapterconfig.Request{
		Names: []string{s.target.Service}, Label: label,
		Namespace: s.target.Namespace, NamespaceLabel: nsLabel,
		Selector: s.target.Selector,
	}
	var query adapterconfig.Query
	for i, series := range c.by {
		if s.work -= executionWork; s.work < 0 {
			return undecided(at, errWork)
		}
		q, err := c.rule.Query(series, req)
		if err != nil {
			return noQuery(at, err)
		}
		if i > 0 && q.Expr != query.Expr {
			v := failed(SeriesNondeterministic, at, "")
			v.Names = slices.Sorted(slices.Values(c.by))
			return v
		}
		query = q
	}
	s.notes.readTemplate(c.rule)
	v, err := s.judgeQuery(query.Expr, label)
	if err != nil {
		return undecided(at, err)
	}
	v.Rule, v.Earlier, v.Query, v.Path = query.Rule, -1, query, at
	return v
}

// noQuery classifies the error of [adapterconfig.Rule.Query].
func noQuery(at adapterconfig.Path, err error) Verdict {
	switch {
	case errors.Is(err, adapterconfig.ErrUndecided):
		return undecided(at, err)
	case errors.Is(err, adapterconfig.ErrSelector):
		return failed(MetricSelectorUnsupported, at, err.Error())
	case errors.Is(err, adapterconfig.ErrEmptyQuery):
		return failed(QueryEmpty, at, err.Error())
	default:
		return failed(QueryTemplateFails, at, err.Error())
	}
}
