package operator_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	promlabels "github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/rulecheck"
)

// fixStored is the latency histogram of default/echo as Prometheus stores it,
// scraped through Kong Operator's Service with honorLabels or without.
func fixStored(honorLabels bool) []adapterconfig.Series {
	var series []adapterconfig.Series
	for _, suffix := range []string{"bucket", "count", "sum"} {
		labels := map[string]string{
			"namespace":             "kong-system",
			"service":               "kong-operator-metrics",
			"exported_namespace":    "default",
			"exported_service":      "echo",
			"kubernetes_apiversion": "v1",
			"kubernetes_kind":       "service",
			"kubernetes_name":       "echo",
			"kubernetes_namespace":  "default",
			"dataplane_url":         "https://10.0.0.9:8444",
		}
		if honorLabels {
			labels["namespace"], labels["service"] = "default", "echo"
			delete(labels, "exported_namespace")
			delete(labels, "exported_service")
		}
		if suffix == "bucket" {
			labels["le"] = "+Inf"
		}
		series = append(series, adapterconfig.Series{Name: "kong_upstream_latency_ms_" + suffix, Labels: labels})
	}
	return series
}

// fixExplain judges a rule by what the adapter would do with it.
func fixExplain(t *testing.T, rule generator.RuleEntry, series []adapterconfig.Series) rulecheck.Verdict {
	t.Helper()
	config, err := adapterconfig.Parse([]byte(generator.AdapterConfig(rule)), adapterconfig.CoreResources)
	if err != nil {
		t.Fatal(err)
	}
	return rulecheck.Explain(config, rulecheck.Target{
		Metric: annotations.DefaultMetric, Namespace: "default", Service: "echo", Series: series, OthersKnown: true,
	})
}

// The guide's rule needs the labels that a scrape without honorLabels makes;
// the better rule does not care.
func TestGeneratedRulesServeTheMetric(t *testing.T) {
	rules := map[string]struct {
		rule  generator.RuleEntry
		under map[bool]rulecheck.Answer // by honorLabels
		quiet int                       // samples without traffic
	}{
		"guide":      {generator.SeedAdapterRule(), map[bool]rulecheck.Answer{false: rulecheck.Yes, true: rulecheck.No}, 1},
		"scale down": {generator.AdapterRule(generator.Rule{}), map[bool]rulecheck.Answer{false: rulecheck.Yes, true: rulecheck.Yes}, 1},
		"hold":       {generator.AdapterRule(generator.Rule{NoTraffic: generator.Hold}), map[bool]rulecheck.Answer{false: rulecheck.Yes, true: rulecheck.Yes}, 0},
	}
	for name, tt := range rules {
		for honorLabels, want := range tt.under {
			t.Run(name, func(t *testing.T) {
				series := fixStored(honorLabels)
				v := fixExplain(t, tt.rule, series)
				if v.Answer != want {
					t.Fatalf("honorLabels %v: got %+v", honorLabels, v)
				}
				if want != rulecheck.Yes {
					return
				}
				busy := fixAsk(t, v.Query.Expr, series, 1)
				if len(busy) != 1 || math.Abs(busy[0].F-102) > 1e-9 || busy[0].Metric.Get(v.Query.Label) != "echo" {
					t.Errorf("with traffic at 102 ms: got %v", busy)
				}
				quiet := fixAsk(t, v.Query.Expr, series, 0)
				if len(quiet) != tt.quiet || (len(quiet) == 1 && !math.IsNaN(quiet[0].F)) {
					t.Errorf("without traffic: got %v", quiet)
				}
			})
		}
	}
}

// A Kong service with several backends is measured under its route's name,
// which must not get into the latency of a Service of the same name.
func TestBetterRuleLeavesRoutesOut(t *testing.T) {
	series := fixStored(false)
	v := fixExplain(t, generator.AdapterRule(generator.Rule{}), series)
	routes := fixStored(false)
	for _, s := range routes {
		s.Labels["kubernetes_kind"] = "httproute"
	}
	if got := fixAsk(t, v.Query.Expr, routes, 1); len(got) != 0 {
		t.Errorf("got %v of an HTTPRoute", got)
	}
}

// fixAsk has Prometheus' engine answer a query over five minutes of scrapes, 15 s
// apart: so many requests of 102 ms a second.
func fixAsk(t *testing.T, query string, series []adapterconfig.Series, perSecond float64) promql.Vector {
	t.Helper()
	var stored []storage.Series
	for _, s := range series {
		growth := perSecond
		if s.Name == "kong_upstream_latency_ms_sum" {
			growth *= 102
		}
		labels := promlabels.NewBuilder(promlabels.FromMap(s.Labels)).Set(model.MetricNameLabel, s.Name).Labels()
		counter := promql.Series{Metric: labels}
		for second := 0; second <= 300; second += 15 {
			counter.Floats = append(counter.Floats, promql.FPoint{T: int64(second) * 1000, F: 1000 + growth*float64(second)})
		}
		stored = append(stored, promql.NewStorageSeries(counter))
	}
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	q, err := engine.NewInstantQuery(t.Context(), fixStorage(stored), nil, query, time.Unix(300, 0))
	if err != nil {
		t.Fatal(err)
	}
	v, err := q.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func fixStorage(all []storage.Series) storage.Queryable {
	return &storage.MockQueryable{MockQuerier: &storage.MockQuerier{
		SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*promlabels.Matcher) storage.SeriesSet {
			found := &fixSeriesSet{SeriesSet: storage.EmptySeriesSet()}
			for _, s := range all {
				matches := true
				for _, m := range matchers {
					matches = matches && m.Matches(s.Labels().Get(m.Name))
				}
				if matches {
					found.left = append(found.left, s)
				}
			}
			return found
		},
	}}
}

type fixSeriesSet struct {
	storage.SeriesSet
	at   storage.Series
	left []storage.Series
}

func (s *fixSeriesSet) Next() bool {
	if len(s.left) == 0 {
		return false
	}
	s.at, s.left = s.left[0], s.left[1:]
	return true
}

func (s *fixSeriesSet) At() storage.Series { return s.at }
