package adapterregistry

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

func TestRegistryOfTheSeed(t *testing.T) {
	c := mustParse(t, seedRule)
	g := listed(c, map[string][]adapterconfig.Series{SeriesQueries(c)[0]: kong("default", "echo")[1:]})

	wantKeys := []Key{
		{Resource: schema.GroupResource{Resource: "namespaces"}, Metric: seedMetric},
		{Resource: schema.GroupResource{Resource: "services"}, Namespaced: true, Metric: seedMetric},
	}
	if diff := cmp.Diff(wantKeys, g.Keys()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}

	got, err := g.Query(wantKeys[1], "default", []string{"echo"}, labels.Everything())
	if err != nil {
		t.Fatal(err)
	}
	want := adapterconfig.Query{
		Series: "kong_upstream_latency_ms_sum",
		Label:  "exported_service",
		Expr: `sum by (exported_service) (rate(kong_upstream_latency_ms_sum{exported_namespace="default",exported_service="echo"}[60s:10s]))
  /
sum by (exported_service) (rate(kong_upstream_latency_ms_count{exported_namespace="default",exported_service="echo"}[60s:10s]))
`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
}

func TestValue(t *testing.T) {
	for _, tc := range []struct {
		in   float64
		want string
	}{
		{102.3129, "102312m"},
		{40, "40"},
		{0.0019, "1m"},
		{0.0009, "0"},
		{-0.0019, "-1m"},
		{math.NaN(), "0"},
		{math.Inf(1), "-9223372036854775808m"},
		{math.Inf(-1), "-9223372036854775808m"},
		{1e300, "-9223372036854775808m"},
	} {
		q := Value(tc.in)
		if got := q.String(); got != tc.want {
			t.Errorf("%v: got %s, want %s", tc.in, got, tc.want)
		}
	}
}

func TestMetricSelectorInQueries(t *testing.T) {
	c := mustParse(t, "rules: [{seriesQuery: x, resources: {template: <<.Resource>>}, metricsQuery: '<<.Series>> <<.LabelMatchers>> <<.GroupBy>> <<.GroupBySlice>> <<.LabelValuesByName>>'}]")
	g := listed(c, map[string][]adapterconfig.Series{"x": {{Name: "x", Labels: map[string]string{"service": "s", "namespace": "n"}}}})
	k := Key{Resource: schema.GroupResource{Resource: "Service"}, Namespaced: true, Metric: "x"}
	for _, tc := range []struct {
		selector string
		names    []string
		want     string
	}{
		{"", []string{"e"}, `x namespace="n",service="e" service [service] map[namespace:n service:e]`},
		{"", []string{"e", "f.g"}, `x namespace="n",service=~"e|f.g" service [service] map[namespace:n service:e|f.g]`},
		{"b=c", []string{"e"}, `x b="c",namespace="n",service="e" service [service] map[b:c namespace:n service:e]`},
		{"b!=c", []string{"e"}, `x b!="c",namespace="n",service="e" service [service] map[b:c namespace:n service:e]`},
		{"b in (d,c)", []string{"e"}, `x b=~"c|d",namespace="n",service="e" service [service] map[b:c|d namespace:n service:e]`},
		{"b in (c)", []string{"e"}, `x b=~"c",namespace="n",service="e" service [service] map[b:c namespace:n service:e]`},
		{"b notin (c,d)", []string{"e"}, `x b!~"c|d",namespace="n",service="e" service [service] map[b:c|d namespace:n service:e]`},
		{"b", []string{"e"}, `x b!="",namespace="n",service="e" service [service] map[b: namespace:n service:e]`},
		{"!b", []string{"e"}, `x b="",namespace="n",service="e" service [service] map[b: namespace:n service:e]`},
	} {
		q, err := g.Query(k, "n", tc.names, selector(t, tc.selector))
		if err != nil || q.Expr != tc.want {
			t.Errorf("%s %v:\ngot  %s, %v\nwant %s", tc.selector, tc.names, q.Expr, err, tc.want)
		}
	}
	for sel, want := range map[string]error{"b>1": adapterconfig.ErrSelector, "b<1": adapterconfig.ErrSelector} {
		if _, err := g.Query(k, "n", []string{"e"}, selector(t, sel)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", sel, err, want)
		}
	}
	if _, err := g.Query(k, "n", nil, nil); !errors.Is(err, ErrNotRegistered) {
		t.Errorf("no names: got %v", err)
	}
	k.Metric = "y"
	if _, err := g.Query(k, "n", []string{"e"}, nil); !errors.Is(err, ErrNotRegistered) {
		t.Errorf("unknown metric: got %v", err)
	}
}

func TestRegistryLastRuleWithSeriesWins(t *testing.T) {
	c := mustParse(t, `
rules:
- {seriesQuery: a, resources: {template: "<<.Resource>>"}, name: {as: m}, metricsQuery: first}
- {seriesQuery: b, resources: {template: "<<.Resource>>"}, name: {as: m}, metricsQuery: ""}
- {seriesQuery: c, resources: {template: "<<.Resource>>"}, name: {as: m}, metricsQuery: third}
`)
	svc := map[string]string{"service": "s", "namespace": "n"}
	k := Key{Resource: schema.GroupResource{Resource: "services"}, Namespaced: true, Metric: "m"}
	one := func(name string) []adapterconfig.Series { return []adapterconfig.Series{{Name: name, Labels: svc}} }

	q, err := listed(c, map[string][]adapterconfig.Series{"a": one("a"), "c": one("c")}).Query(k, "n", []string{"s"}, nil)
	if err != nil || q.Rule != 2 || q.Expr != "third" {
		t.Errorf("got %+v, %v", q, err)
	}
	_, err = listed(c, map[string][]adapterconfig.Series{"a": one("a"), "b": one("b")}).Query(k, "n", []string{"s"}, nil)
	if !errors.Is(err, adapterconfig.ErrEmptyQuery) {
		t.Errorf("a broken later rule must win: %v", err)
	}
	q, err = listed(c, map[string][]adapterconfig.Series{"a": {{Name: "a", Labels: svc}, {Name: "z", Labels: svc}}}).Query(k, "n", []string{"s"}, nil)
	if err != nil || q.Series != "z" {
		t.Errorf("the last series must win: %+v, %v", q, err)
	}
}

func TestRegistryScopes(t *testing.T) {
	c := mustParse(t, `rules: [{seriesQuery: x, resources: {template: "<<.Resource>>", overrides: {instance: {resource: node}}}}]`)
	found := func(labels ...string) []Key {
		l := map[string]string{}
		for _, x := range labels {
			l[x] = "v"
		}
		return listed(c, map[string][]adapterconfig.Series{"x": {{Name: "x", Labels: l}}}).Keys()
	}
	key := func(resource string, namespaced bool) Key {
		return Key{Resource: schema.GroupResource{Resource: resource}, Namespaced: namespaced, Metric: "x"}
	}
	for _, tc := range []struct {
		labels []string
		want   []Key
	}{
		{[]string{"service", "namespace"}, []Key{key("namespaces", false), key("services", true)}},
		{[]string{"service"}, []Key{key("services", true)}},
		{[]string{"instance", "node", "persistentvolume"}, []Key{key("nodes", false), key("persistentvolumes", false)}},
		{[]string{"le"}, nil},
		{[]string{"pods"}, []Key{key("pods", true)}}, // the plural resolves, too
		{[]string{"svc"}, nil},
	} {
		if diff := cmp.Diff(tc.want, found(tc.labels...)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc.labels, diff)
		}
	}
	g := listed(c, map[string][]adapterconfig.Series{"x": {{Name: "x", Labels: map[string]string{"node": "v"}}}})
	if _, err := g.Query(key("nodes", false), "", []string{"v"}, nil); !errors.Is(err, adapterconfig.ErrEmptyQuery) {
		t.Errorf("got %v", err)
	}
}

func TestQueryWithoutNamespaceMapping(t *testing.T) {
	c := mustParse(t, `rules: [{seriesQuery: x, resources: {overrides: {service: {resource: service}}}, metricsQuery: x}]`)
	g := listed(c, map[string][]adapterconfig.Series{"x": {{Name: "x", Labels: map[string]string{"service": "s"}}}})
	if len(g.Keys()) != 1 {
		t.Errorf("the metric must be listed: %v", g.Keys())
	}
	if _, err := g.Query(g.Keys()[0], "n", []string{"s"}, nil); !errors.Is(err, ErrNoLabel) {
		t.Errorf("got %v, want %v", err, ErrNoLabel)
	}
}

func TestGroupInTemplate(t *testing.T) {
	c := mustParse(t, `rules: [{seriesQuery: x, resources: {template: "<<.Group>>__<<.Resource>>", overrides: {ns: {resource: namespace}}}, metricsQuery: "<<.LabelMatchers>>"}]`)
	g := listed(c, map[string][]adapterconfig.Series{"x": {{Name: "x", Labels: map[string]string{"apps__deployment": "d", "networking__ingress": "i", "__service": "s"}}}})
	var got []string
	for _, k := range g.Keys() {
		q, err := g.Query(k, "n", []string{"o"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, q.Expr)
	}
	// The label of a query comes from the whole group, whatever abbreviation the
	// series had; the group of core resources cannot be matched at all.
	want := []string{`ns="n",apps__deployment="o"`, `ns="n",networking_k8s_io__ingress="o"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSeriesQueries(t *testing.T) {
	c := mustParse(t, "rules: [{seriesQuery: b}, {seriesQuery: a}, {seriesQuery: b}, {seriesQuery: 'b '}]\nexternalRules: [{seriesQuery: x}]")
	equal(t, SeriesQueries(c), []string{"b", "a", "b "})
	equal(t, c.Len(), 4)
	equal(t, c.Rule(1).SeriesQuery, "a")
}
