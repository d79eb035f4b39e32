package adapterconfig

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

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

func TestResourceFor(t *testing.T) {
	list := func(gv string, resources ...metav1.APIResource) *metav1.APIResourceList {
		return &metav1.APIResourceList{GroupVersion: gv, APIResources: resources}
	}
	thing := metav1.APIResource{Name: "things", SingularName: "thing", Kind: "Thing", Namespaced: true, ShortNames: []string{"th"}}
	service := metav1.APIResource{Name: "services", SingularName: "service", Kind: "Service", Namespaced: true}
	r := NewResources([]*metav1.APIResourceList{
		list("serving.knative.dev/v1", service),
		list("b.example.com/v2", thing),
		list("b.example.com/v1", thing, metav1.APIResource{Name: "olds", Kind: "Old"}),
		list("b.example/v1", thing),
		list("v1", service, metav1.APIResource{Name: "services/status", Kind: "Service"}),
		list("clash/v1", metav1.APIResource{Name: "as", SingularName: "a"}, metav1.APIResource{Name: "a", SingularName: "x"}),
		list("a/b/c", thing),
	})
	for _, tc := range []struct{ group, resource, want string }{
		{"", "service", "/v1, Resource=services"},
		{"", "SERVICES", "/v1, Resource=services"},
		{"serving.knative.dev", "service", "serving.knative.dev/v1, Resource=services"},
		{"serving", "service", "serving.knative.dev/v1, Resource=services"},
		{"", "thing", "b.example.com/v2, Resource=things"},
		{"b.example.com", "things", "b.example.com/v2, Resource=things"},
		{"b.example", "thing", "b.example.com/v2, Resource=things"}, // a prefix match in an earlier group
		{"", "old", "b.example.com/v1, Resource=olds"},              // singular guessed from the kind
		{"", "thinglist", "b.example.com/v2, Resource=thinglists"},
		{"", "list", "/v1, Resource=lists"},
		{"", "th", ""},
		{"", "", ""},
		{"core", "service", ""},
		{"v1", "service", ""},
		{"B.example", "thing", ""}, // groups keep their case
		{"", "services/status", ""},
		{"clash", "a", ""},
	} {
		gvr, _, err := r.ResourceFor(schema.GroupResource{Group: tc.group, Resource: tc.resource})
		if err != nil {
			gvr = schema.GroupVersionResource{}
		}
		if got := gvr.String(); (err != nil) != (tc.want == "") || (err == nil && got != tc.want) {
			t.Errorf("%q in %q: got %s, %v, want %s", tc.resource, tc.group, got, err, tc.want)
		}
	}
	for plural, want := range map[string]string{"services": "service", "THINGS": "thing", "olds": "old"} {
		if got, err := r.Singular(plural); err != nil || got != want {
			t.Errorf("singular of %s: got %s, %v", plural, got, err)
		}
	}
	if _, err := r.Singular("nothings"); err == nil {
		t.Error("an unknown resource has no singular")
	}
}

func TestMetricNames(t *testing.T) {
	for _, tc := range []struct{ matches, as, series, want string }{
		{"", "", "a_total", "a_total"},
		{"", "constant", "a_total", "constant"},
		{"", "$1", "a_total", ""},
		{"", "x_$0", "a_total", "x_a_total"},
		{"total", "", "a_total_b", "total"}, // the match alone, not the text around it
		{"^(.*)_total$", "", "a_total", "a"},
		{"^(.*)_total$", "$1_avg", "a_total", ""},
		{"^(.*)_total$", "${1}_avg", "a_total", "a_avg"},
		{"^(.*)_total$", "$$1", "a_total", "$1"},
		{"^(?P<n>.*)_total$", "${n}_avg", "a_total", "a_avg"},
		{"^(?P<n>.*)_total$", "", "a_total", "a"},
		{"a", "", "aXa", "a"}, // the first match only
		{"(?:a)", "", "ba", "a"},
	} {
		compile := newCompiler(CoreResources)
		n := compile.naming(NameSpec{Matches: tc.matches, As: tc.as}, nil)
		if len(compile.errs) > 0 {
			t.Fatal(compile.errs)
		}
		if got, ok := n.metric(tc.series); !ok || got != tc.want {
			t.Errorf("%+v: got %q, %v", tc, got, ok)
		}
	}
}

func TestMetricSelectorInQueries(t *testing.T) {
	c := mustParse(t, "rules: [{seriesQuery: x, resources: {template: <<.Resource>>}, metricsQuery: '<<.Series>> <<.LabelMatchers>> <<.GroupBy>> <<.GroupBySlice>> <<.LabelValuesByName>>'}]")
	g := c.Registry(map[string][]Series{"x": {{Name: "x", Labels: map[string]string{"service": "s", "namespace": "n"}}}})
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
	for sel, want := range map[string]error{"b>1": ErrSelector, "b<1": ErrSelector} {
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
	one := func(name string) []Series { return []Series{{Name: name, Labels: svc}} }

	q, err := c.Registry(map[string][]Series{"a": one("a"), "c": one("c")}).Query(k, "n", []string{"s"}, nil)
	if err != nil || q.Rule != 2 || q.Expr != "third" {
		t.Errorf("got %+v, %v", q, err)
	}
	_, err = c.Registry(map[string][]Series{"a": one("a"), "b": one("b")}).Query(k, "n", []string{"s"}, nil)
	if !errors.Is(err, ErrEmptyQuery) {
		t.Errorf("a broken later rule must win: %v", err)
	}
	q, err = c.Registry(map[string][]Series{"a": {{Name: "a", Labels: svc}, {Name: "z", Labels: svc}}}).Query(k, "n", []string{"s"}, nil)
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
		return c.Registry(map[string][]Series{"x": {{Name: "x", Labels: l}}}).Keys()
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
	g := c.Registry(map[string][]Series{"x": {{Name: "x", Labels: map[string]string{"node": "v"}}}})
	if _, err := g.Query(key("nodes", false), "", []string{"v"}, nil); !errors.Is(err, ErrEmptyQuery) {
		t.Errorf("got %v", err)
	}
}

func TestQueryWithoutNamespaceMapping(t *testing.T) {
	c := mustParse(t, `rules: [{seriesQuery: x, resources: {overrides: {service: {resource: service}}}, metricsQuery: x}]`)
	g := c.Registry(map[string][]Series{"x": {{Name: "x", Labels: map[string]string{"service": "s"}}}})
	if len(g.Keys()) != 1 {
		t.Errorf("the metric must be listed: %v", g.Keys())
	}
	if _, err := g.Query(g.Keys()[0], "n", []string{"s"}, nil); !errors.Is(err, ErrNoLabel) {
		t.Errorf("got %v, want %v", err, ErrNoLabel)
	}
}

func TestGroupInTemplate(t *testing.T) {
	c := mustParse(t, `rules: [{seriesQuery: x, resources: {template: "<<.Group>>__<<.Resource>>", overrides: {ns: {resource: namespace}}}, metricsQuery: "<<.LabelMatchers>>"}]`)
	g := c.Registry(map[string][]Series{"x": {{Name: "x", Labels: map[string]string{"apps__deployment": "d", "networking__ingress": "i", "__service": "s"}}}})
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
