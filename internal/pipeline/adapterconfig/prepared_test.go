package adapterconfig

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
)

// checkAnswers holds the answers by prepared queries against those by queries
// that are executed and parsed for the request.
func checkAnswers(t *testing.T, c *Config, target Target) (prepared int) {
	t.Helper()
	target = target.withDefaults()
	for _, r := range c.rules {
		if r.selectorErr != nil {
			continue
		}
		quick, slow := newSearch(c, target), newSearch(c, target)
		m := quick.register(r, matchingSeries(r.selector, target.Series, nil))
		if m.kind != Served {
			continue
		}
		won := candidate{r, names(m.series)}
		answer, v := quick.answer(won), slow.judge(won)
		if quick.work < 0 || slow.work < 0 {
			continue
		}
		if answer != v.Answer {
			t.Fatalf("%q: answers %s for %+v", r.spec.MetricsQuery, answer, v)
		}
		if r.query.prepared != nil {
			prepared++
		}
	}
	return prepared
}

func TestPrepare(t *testing.T) {
	for query, want := range map[string]bool{
		seedQuery:                            true,
		"sum(<<.Series>>) by (<<.GroupBy>>)": true,
		"sum(<<.Series>>{<<.LabelMatchers>>}) without (x, <<.GroupBy>>)": true,
		"<<- .Series ->>":                     true,
		"x{a=\"b\",<<.LabelMatchers>>}":       true,
		"x{<<.LabelMatchers>>} == bool y":     true,
		"x{<<.LabelMatchers>>} > 0":           true,
		"1":                                   true,
		"x{<<.LabelMatchers>>} == y":          false,
		"x{l=\"<<.GroupBy>>\"}":               false,
		"x_<<.Series>>":                       false,
		"x # <<.Series>>":                     false,
		"<<.Series>>(x)":                      false,
		"x{kl_any_matchers=\"1\"}":            false,
		"x / on (<<.GroupBy>>) y":             false,
		"x{<<.GroupBy>>!=\"\"}":               false,
		"x <<if .Series>> <<end>>":            false,
		"<<.Series | print>>":                 false,
		"x{<<index .LabelValuesByName \"\">>": false,
		"sum(":                                false,
		"":                                    false,
		"1" + strings.Repeat("+1", 500):       false,
	} {
		c := newCompiler(CoreResources)
		tmpl := c.query(query, nil)
		if len(c.errs) > 0 {
			t.Fatal(c.errs)
		}
		if got := tmpl.prepared != nil; got != want {
			t.Errorf("%s: prepared %v", query, got)
		}
	}
}

func TestBindOnlyPlainNames(t *testing.T) {
	for label, want := range map[string]bool{
		"exported_service": true, "service": true, "on": true, "sum": true, "_x9": true,
		"": false, "9x": false, "a.b": false, "é": false, "__name__": false,
		`x="y"} or {y`: false, `x="y"} #`: false,
	} {
		if _, ok := bind(label, []string{matcher("namespace", "=", "default"), matcher(label, "=", "echo")}); ok != want {
			t.Errorf("%q: got %v", label, ok)
		}
	}
	if _, ok := bind("service", []string{matcher("service", "=", "")}); ok {
		t.Error("matchers that match everything must not be bound")
	}
}

// FuzzPrepared tries names and queries that may be read in another way than
// the stand-ins.
func FuzzPrepared(f *testing.F) {
	add := func(query, label, nsLabel, selector string) {
		f.Add(query, "kong_upstream_latency_ms_sum", label, nsLabel, "echo", selector)
	}
	add(seedQuery, "exported_service", "exported_namespace", "")
	add(seedQuery+" and "+seedQuery+" > 0", "exported_service", "exported_namespace", "kubernetes_kind=service")
	add("sum by (<<.GroupBy>>) (<<.Series>>{<<.LabelMatchers>>})", "kubernetes_name", "kubernetes_namespace", "a!=b,c in (d,e)")
	add("sum without (pod, <<.GroupBy>>) (<<.Series>>{<<.LabelMatchers>>})", "exported_service", "exported_namespace", "")
	add("topk by (<<.GroupBy>>) (1, <<.Series>>{<<.LabelMatchers>>} or {<<.LabelMatchers>>})", "exported_service", "kubernetes_namespace", "")
	add("sum by (x, <<.GroupBy>>, <<.GroupBy>>) ({__name__=\"<<.Series>>\",<<.LabelMatchers>>,})", "exported_service", "on", "")
	add("<<.Series>>{<<.LabelMatchers>>} # <<.GroupBy>>", "__name__", "namespace", "")
	add("<<.Series>>", `x="y"} #`, "by", "x")
	add("<<.Series>>{} == <<.Series>>", "exported_service", "exported_namespace", "!x")
	add("'<<.GroupBy>>'", "exported_service", "exported_namespace", "")
	f.Add("<<.Series>>{<<.LabelMatchers>>}", "sum", "service", "namespace", "", "")
	f.Add("<<.Series>> offset 5m", "count_values", "service", "namespace", "echo", "")
	f.Fuzz(func(t *testing.T, query, series, label, nsLabel, service, selector string) {
		doc := fmt.Sprintf("rules:\n- {seriesQuery: '{exported_service!=\"\"}', name: {as: m}, resources: {overrides: {%q: {resource: service}, %q: {resource: namespace}}}, metricsQuery: %q}\n", label, nsLabel, query)
		c, err := Parse([]byte(doc), CoreResources)
		if err != nil {
			return
		}
		target := Target{Metric: "m", Namespace: "default", Service: service, Series: relabel(kong("default", "echo")[:1], label, service, nsLabel, "default")}
		target.Series[0].Name = series
		if target.Selector, err = labels.Parse(selector); err != nil {
			return
		}
		checkAnswers(t, c, target)
	})
}

var groups = regexp.MustCompile(`(by|without) \(([^)]*)\)`)

// template puts variables into a made-up query.
func (g queries) template() string {
	query := g.vector(1 + g.IntN(4))
	query = strings.ReplaceAll(query, `exported_namespace="default",exported_service="echo"`, "<<.LabelMatchers>>")
	query = strings.ReplaceAll(query, `exported_service="echo"`, "<<.LabelMatchers>>")
	query = groups.ReplaceAllStringFunc(query, func(list string) string {
		return strings.ReplaceAll(list, "exported_service", "<<.GroupBy>>")
	})
	if g.IntN(2) == 0 {
		query = strings.ReplaceAll(query, "kong_upstream_latency_ms_sum", "<<.Series>>")
	}
	return fmt.Sprintf("sum by (%s) (%s)", g.pick("<<.GroupBy>>", "<<.GroupBy>>", "pod, <<.GroupBy>>", "exported_service"), query)
}

// Prepared queries are answered as executed ones are, whatever they are.
func TestPreparedAnswers(t *testing.T) {
	g := queries{rand.New(rand.NewPCG(1, 2))}
	kinds := map[Answer]int{}
	prepared := 0
	for range 2000 {
		e := entry{series: g.pick(seedSeries, "kong_upstream_latency_ms_sum"), query: strings.ReplaceAll(g.template(), "'", "\"")}
		if g.IntN(3) == 0 {
			e.resources = `{overrides: {kubernetes_namespace: {resource: namespace}, kubernetes_name: {resource: service}}}`
		}
		c := mustParse(t, "rules:\n"+e.String())
		if checkAnswers(t, c, worstTarget()) > 0 {
			prepared++
			kinds[c.Explain(worstTarget()).Answer]++
		}
	}
	if prepared < 500 || kinds[Yes] < 50 || kinds[No] < 50 || kinds[Unknown] < 50 {
		t.Errorf("the queries are not varied: %d prepared, %v", prepared, kinds)
	}
}
