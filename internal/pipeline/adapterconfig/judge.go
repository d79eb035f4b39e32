package adapterconfig

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// maxChoices bounds the combinations of labels that are tried.
const maxChoices = 64

// judge tells what becomes of the request once a rule has it. Where the
// adapter's choice of labels or series is random every choice is tried.
func (s *search) judge(c candidate) Verdict {
	if c.undecided != nil {
		return s.undecided(c.rule, "resources.template", c.undecided)
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
				return s.nondeterministic(c.rule, labels, nsLabels)
			default:
				known = cmp.Or(known, &v)
			}
		}
	}
	return *cmp.Or(unknown, known)
}

// choices are the labels among which the adapter chooses for the Service and
// for its namespace, or why there are none.
func (s *search) choices(r *rule) (labels, nsLabels []string, why *Verdict) {
	labels, err := r.mapping.labelsFor(services)
	if err != nil { // a template that cannot be inverted
		v := s.notMapped(r, ServiceNotMapped, err)
		return nil, nil, &v
	}
	nsLabels, err = r.mapping.labelsFor(namespaces)
	if err != nil {
		v := s.notMapped(r, NamespaceNotMapped, err)
		return nil, nil, &v
	}
	if len(labels)*len(nsLabels) > maxChoices {
		v := s.nondeterministic(r, labels, nsLabels)
		return nil, nil, &v
	}
	return labels, nsLabels, nil
}

// request is the target's, for one choice of labels.
func (s *search) request(label, nsLabel string) request {
	return request{
		resource: services, label: label, names: []string{s.target.Service},
		namespace: s.target.Namespace, namespaceLabel: nsLabel, selector: s.target.Selector,
	}
}

func (s *search) nondeterministic(r *rule, groups ...[]string) Verdict {
	v := verdict(No, LabelsNondeterministic, r.index)
	v.Path = rulePath(r.index) + ".resources.overrides"
	for _, labels := range groups {
		if len(labels) > 1 {
			v.Labels = append(v.Labels, labels...)
		}
	}
	slices.Sort(v.Labels)
	return v
}

func (s *search) notMapped(r *rule, k Kind, err error) Verdict {
	if errors.Is(err, ErrUndecided) {
		return s.undecided(r, "resources.template", err)
	}
	return s.failed(r, k, "resources", err)
}

func (s *search) undecided(r *rule, field string, err error) Verdict {
	v := s.failed(r, QueryUndecided, field, err)
	v.Answer = Unknown
	return v
}

func (s *search) failed(r *rule, k Kind, field string, err error) Verdict {
	v := verdict(No, k, r.index)
	v.Path, v.Reason = rulePath(r.index)+"."+field, err.Error()
	return v
}

// judgeChoice makes the query for one choice of labels and judges it. Every
// series that registers the metric must lead to the same query.
func (s *search) judgeChoice(c candidate, label, nsLabel string) Verdict {
	req := s.request(label, nsLabel)
	q := Query{Rule: c.rule.index, Label: label}
	for i, series := range c.series {
		if s.work -= executionWork; s.work < 0 {
			return s.undecided(c.rule, "metricsQuery", errWork)
		}
		expr, err := c.rule.expr(series, req)
		if err != nil {
			return s.noQuery(c.rule, err)
		}
		if i > 0 && expr != q.Expr {
			v := verdict(No, SeriesNondeterministic, c.rule.index)
			v.Path, v.Names = rulePath(c.rule.index)+".metricsQuery", slices.Sorted(slices.Values(c.series))
			return v
		}
		q.Series, q.Expr = series, expr
	}
	v, err := s.judgeQuery(q.Expr, label)
	if err != nil {
		return s.undecided(c.rule, "metricsQuery", err)
	}
	v.Rule, v.Earlier, v.Query = q.Rule, -1, q
	v.Path = rulePath(q.Rule) + ".metricsQuery"
	return v
}

// noQuery classifies the error of [rule.expr].
func (s *search) noQuery(r *rule, err error) Verdict {
	switch {
	case errors.Is(err, ErrUndecided):
		return s.undecided(r, "metricsQuery", err)
	case errors.Is(err, ErrSelector):
		return s.failed(r, MetricSelectorUnsupported, "metricsQuery", err)
	case errors.Is(err, ErrEmptyQuery):
		return s.failed(r, QueryEmpty, "metricsQuery", err)
	default:
		return s.failed(r, QueryTemplateFails, "metricsQuery", err)
	}
}

// judgeQuery judges a query once, however many rules make it. The error says
// that there is no time left for it.
func (s *search) judgeQuery(query, label string) (Verdict, error) {
	key := Query{Expr: query, Label: label}
	v, known := s.judged[key]
	if known {
		return v, nil
	}
	if s.work -= queryWork(query); s.work < 0 {
		return Verdict{}, errWork
	}
	v = s.parsed(query, label)
	s.judged[key] = v
	return v, nil
}

func (s *search) parsed(query, label string) Verdict {
	expr, err := promQL.ParseExpr(query)
	if err != nil {
		s.work -= queryWork(query)
		if _, tolerant := everyPromQL.ParseExpr(query); tolerant == nil {
			return Verdict{Answer: Unknown, Kind: QueryUndecided, Reason: err.Error()}
		}
		return Verdict{Answer: No, Kind: QueryInvalid, Reason: err.Error()}
	}
	if t := expr.Type(); t != parser.ValueTypeVector {
		return Verdict{Answer: No, Kind: QueryNotVector, Reason: fmt.Sprintf("the query gives a %s", parser.DocumentedType(t))}
	}
	v := s.follow(expr, label)
	v.Windows = windows(expr)
	return v
}

// follow evaluates the query over the Service's own series, and then again
// beside series that must not get into its value.
func (s *search) follow(expr parser.Expr, label string) Verdict {
	own := &flow{series: s.own}
	result := own.eval(expr)
	if own.failure != nil {
		return Verdict{Answer: No, Kind: QueryFails, Reason: own.failure.Error()}
	}
	hits := result.of(label, s.target.Service)
	if len(hits) == 0 {
		return s.noHit(own, result, label)
	}
	if !slices.ContainsFunc(hits, func(h sample) bool { return !h.maybe }) {
		return Verdict{Answer: Unknown, Kind: QueryUndecided, Reason: "whether there is a sample depends on values"}
	}
	if s.mixes(expr, label, own, s.foreign) {
		return Verdict{Answer: No, Kind: NamespaceIgnored}
	}
	if s.mixes(expr, label, own, s.sibling) {
		return Verdict{Answer: No, Kind: ServiceIgnored}
	}
	return Verdict{Answer: Yes, Kind: Served, Samples: len(hits)}
}

// mixes tells whether others get into the Service's value. Without any that a
// selector finds the result is that of the Service's own series.
func (s *search) mixes(expr parser.Expr, label string, own *flow, others []sample) bool {
	if !own.finds(others) {
		return false
	}
	both := &flow{series: slices.Concat(s.own, others)}
	result := both.eval(expr)
	return both.failure != nil || slices.ContainsFunc(result.of(label, s.target.Service), func(h sample) bool { return h.from&ofOther != 0 })
}

// of are the samples that the adapter takes for the object's.
func (v vector) of(label, name string) []sample {
	var out []sample
	for _, s := range v.samples {
		if s.labels.get(label) == name {
			out = append(out, s)
		}
	}
	return out
}

func (s *search) noHit(f *flow, result vector, label string) Verdict {
	values := map[string]bool{}
	for _, x := range result.samples {
		values[x.labels.get(label)] = true
	}
	delete(values, "")
	switch {
	case result.open:
		return Verdict{Answer: Unknown, Kind: QueryUndecided, Reason: "the query uses functions whose labels are not followed"}
	case len(values) > 0:
		return Verdict{Answer: No, Kind: OtherObject, Labels: []string{label}, Names: sortedKeys(values)}
	case len(result.samples) > 0:
		return Verdict{Answer: No, Kind: LabelLost, Labels: []string{label}}
	case len(f.dry) > 0:
		return Verdict{Answer: No, Kind: SelectorMatchesNothing, Mismatch: mismatch(f.dry[0].LabelMatchers, s.target.Series)}
	case len(f.apart) > 0:
		return Verdict{Answer: No, Kind: SidesNeverMatch, Reason: f.apart[0].String()}
	default:
		return Verdict{Answer: No, Kind: QueryGivesNothing}
	}
}

// mismatch finds the series that a selector comes nearest to, of the right
// name if there are any, and the matcher that refuses them.
func mismatch(matchers []*promlabels.Matcher, series []Series) *Mismatch {
	out := &Mismatch{Selector: selectorText(matchers)}
	near := matchingSeries(onName(matchers, true), series, nil)
	if len(near) == 0 {
		return out.of(onName(matchers, true), series)
	}
	return out.of(onName(matchers, false), near)
}

// of fills in the matcher that refuses the most of the series, the first of
// equals.
func (m *Mismatch) of(matchers []*promlabels.Matcher, series []Series) *Mismatch {
	most := 0
	for _, x := range matchers {
		refused, have := 0, map[string]bool{}
		for _, s := range series {
			if value := s.label(x.Name); !x.Matches(value) {
				refused++
				have[value] = true
			}
		}
		if refused > most {
			most = refused
			m.Label, m.Matcher, m.Have = x.Name, x.String(), sortedKeys(have)
		}
	}
	return m
}

func onName(matchers []*promlabels.Matcher, name bool) []*promlabels.Matcher {
	var out []*promlabels.Matcher
	for _, m := range matchers {
		if (m.Name == model.MetricNameLabel) == name {
			out = append(out, m)
		}
	}
	return out
}
