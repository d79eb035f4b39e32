package rulecheck

import (
	"fmt"
	"testing"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/test/testutil/adapterregistry"
)

// FuzzExplain judges every metric that a hostile configuration makes.
func FuzzExplain(f *testing.F) {
	for _, doc := range []string{
		seedRule, betterRule, "", "rules: [{}]", `{"rules": []}`,
		"rules: [&a {seriesQuery: up}, *a]",
		"rules: [{resources: {template: '<<.Resource>>'}, metricsQuery: '<<range 9>><<end>>'}]",
		"rules: [{name: {matches: '(a{9}){9}', as: '${1}$$'}}]",
		"rules: [{seriesFilters: [{is: a}, {isNot: b}]}]\n---\nx",
		"a: &a [*a]", "? {}\n: x", "rules:\n\t- x", "!!binary x: y", "<<: {rules: []}",
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		c, err := adapterconfig.Parse(doc, adapterconfig.CoreResources)
		if err != nil {
			return
		}
		found := map[string][]adapterconfig.Series{}
		for _, q := range adapterregistry.SeriesQueries(c) {
			found[q] = kong("default", "echo")
		}
		for _, k := range adapterregistry.New(c, adapterconfig.CoreResources, found).Keys() {
			target := echo()
			target.Metric = k.Metric
			checkVerdict(t, c, target)
		}
		checkVerdict(t, c, echo())
	})
}

// FuzzRule puts hostile text into one field each of a rule that is good else.
func FuzzRule(f *testing.F) {
	f.Add(`{a=~"(a|b)*"}`, `(.*)_(sum|count)`, `${1}_x`, `<<.Resource>>`, `<<.LabelMatchers>>`)
	f.Add(`x`, `(a{100}){100}`, `$$$`, `(<<.Resource>>|.)*`, `label_replace(x, "a", "$1", "b", "(.*)")`)
	f.Add(`x`, ``, ``, `<<.String>>`, `<<define "a">><<template "a">><<end>><<template "a">>`)
	f.Add(`x`, ``, ``, `<<with .>><<.WithVersion "x">><<end>>`, `histogram_quantile(0.9, sum by (le, exported_service) (kong_upstream_latency_ms_bucket))`)
	f.Add(`x`, ``, ``, `<<.Resource>>`, `((((((-x or y) and z) unless x) > 0) / on() group_left(a) topk(1, x)) == bool vector(1)[5m:1m])`)
	f.Fuzz(func(t *testing.T, series, matches, as, template, query string) {
		doc := fmt.Sprintf("rules:\n- {seriesQuery: %q, name: {matches: %q, as: %q}, resources: {template: %q}, metricsQuery: %q}\n- seriesQuery: '{exported_service!=\"\"}'\n  name: {as: m}\n  resources: {template: exported_<<.Resource>>}\n  metricsQuery: %q\n", series, matches, as, template, query, query)
		c, err := adapterconfig.Parse([]byte(doc), adapterconfig.CoreResources)
		if err != nil {
			return
		}
		target := echo()
		target.Metric = "m"
		checkVerdict(t, c, target)
		checkVerdict(t, c, echo())
	})
}

// checkVerdict holds a verdict against what is true of every one.
func checkVerdict(t *testing.T, c *adapterconfig.Config, target Target) {
	t.Helper()
	v := explain(t, c, target)
	if v.Answer == "" || v.Kind == "" {
		t.Fatalf("no answer: %+v", v)
	}
	if (v.Answer == Yes) != (v.Kind == Served) {
		t.Fatalf("answer and kind disagree: %+v", v)
	}
	if v.Rule >= 0 && len(v.Path) == 0 {
		t.Fatalf("no path: %+v", v)
	}
	if v.Mismatch != nil && v.Mismatch.Label == "" && v.Kind != SelectorMatchesNothing {
		t.Fatalf("no reason for the mismatch: %+v", v)
	}
}
