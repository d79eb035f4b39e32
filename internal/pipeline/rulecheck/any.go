package rulecheck

import (
	"errors"
	"slices"
	"strings"

	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// Explanation is what becomes of a request for a metric of any Service that is scraped in
// one way. It is immutable.
type Explanation struct {
	verdict Verdict
	// depends: it may depend on the names of the Service and its namespace in ways that are
	// not followed.
	depends bool
	// matchers are those by which it depends on them, and values what they see: the values of
	// each label that has a name in it.
	matchers []*promlabels.Matcher
	values   map[string][]string
	seen     map[string]bool
	// constants are the values that all Services have in common.
	constants map[string]bool
	shape     *sim.Shape
}

func explainAny(c *adapterconfig.Config, metric string, shape *sim.Shape, engines *sim.Engines) *Explanation {
	var series []adapterconfig.Series
	for _, s := range shape.Of(sim.AnyNamespace, sim.AnyService) {
		series = append(series, s.Series)
	}
	e := &Explanation{values: map[string][]string{}, seen: map[string]bool{}, constants: map[string]bool{}, shape: shape}
	for _, s := range series {
		for label, value := range s.Labels {
			e.constants[value] = !named(value)
			if named(value) && !slices.Contains(e.values[label], value) {
				e.values[label] = append(e.values[label], value)
			}
		}
	}
	e.verdict = explainWith(c, Target{Metric: metric, Namespace: sim.AnyNamespace, Service: sim.AnyService, Series: series, Shape: shape, Engines: engines}, e)
	for _, r := range shape.Records {
		if q, _, err := shape.Parse(r.Expr); err == nil {
			e.readQuery(q.Expr)
		}
	}
	e.seen = nil
	return e
}

func named(text string) bool {
	return strings.Contains(text, sim.AnyNamespace) || strings.Contains(text, sim.AnyService)
}

// readRule notes by what the series that a rule finds depend on names.
func (e *Explanation) readRule(r *adapterconfig.Rule) {
	if e == nil {
		return
	}
	selector, _ := r.Selector()
	e.readMatchers(selector)
}

// readTemplate notes whether a metricsQuery makes different queries of different names.
func (e *Explanation) readTemplate(r *adapterconfig.Rule) {
	if e != nil {
		e.depends = e.depends || r.Decides()
	}
}

// readQuery notes by what an expression depends on names, beside having them where they
// belong.
func (e *Explanation) readQuery(expr parser.Expr) {
	if e == nil {
		return
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			e.readMatchers(n.LabelMatchers)
		case *parser.Call:
			e.depends = e.depends || n.Func.Name == "label_replace" && !ofAnyName(n)
		}
		return nil
	})
}

func (e *Explanation) readMatchers(matchers []*promlabels.Matcher) {
	for _, m := range matchers {
		if e.values[m.Name] == nil || m.Value == "" || named(m.Value) {
			continue
		}
		if key := m.String(); !e.seen[key] {
			e.seen[key] = true
			e.matchers = append(e.matchers, m)
		}
	}
}

// ofAnyName reports whether a label_replace makes the same of any name.
func ofAnyName(n *parser.Call) bool {
	text := func(i int) string {
		s, _ := n.Args[i].(*parser.StringLiteral)
		if s == nil {
			return "?"
		}
		return s.Val
	}
	return slices.Contains([]string{"", "$1", "${1}"}, text(2)) && slices.Contains([]string{"(.*)", "(.+)"}, text(4))
}

// For is the verdict about a Service; ok is false if it depends on its name, so that it has
// to be found out.
func (e *Explanation) For(namespace, service string) (v Verdict, ok bool) {
	r := strings.NewReplacer(sim.AnyNamespace, namespace, sim.AnyService, service)
	if e.depends || e.constants[namespace] || e.constants[service] {
		return Verdict{}, false
	}
	for _, m := range e.matchers {
		for _, value := range e.values[m.Name] {
			own := r.Replace(value)
			if m.Matches(value) != m.Matches(own) || m.Matches(value+sim.Other) != m.Matches(own+sim.Other) {
				return Verdict{}, false
			}
		}
	}
	v = e.verdict.renamed(r)
	if v.Kind == QueryInvalid { // the parser says at which character
		_, _, err := e.shape.Parse(v.Query.Expr)
		v.Reason = err.Error()
	}
	return v, true
}

// renamed is a verdict with the names of a Service in the place of those of any.
func (v Verdict) renamed(r *strings.Replacer) Verdict {
	v.Query.Expr, v.Reason = r.Replace(v.Query.Expr), r.Replace(v.Reason)
	v.Names = replaced(r, v.Names)
	if m := v.Mismatch; m != nil {
		own := *m
		own.Selector, own.Matcher, own.Have = r.Replace(m.Selector), r.Replace(m.Matcher), replaced(r, m.Have)
		v.Mismatch = &own
	}
	if g := v.Given.Several; g != nil && g.Err != nil {
		own := *g
		own.Err = errors.New(r.Replace(g.Err.Error()))
		v.Given.Several = &own
	}
	return v
}

func replaced(r *strings.Replacer, texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, r.Replace(text))
	}
	slices.Sort(out)
	return out
}
