package sim_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// shape is a scrape that stores the Service's name in svc and its namespace in ns.
func shape(change func(*sim.Shape)) *sim.Shape {
	s := &sim.Shape{
		Target: map[string]string{"job": "kong", "instance": "10.0.0.1:8080"}, Replica: "dataplane",
		Guessed: map[string]bool{"instance": true, "dataplane": true}, FeaturesKnown: true,
	}
	for _, suffix := range []string{"bucket", "count", "sum"} {
		labels := map[string]string{"ns": sim.AnyNamespace, "svc": sim.AnyService, "dataplane": "https://a", "job": "kong", "instance": "10.0.0.1:8080"}
		if suffix == "bucket" {
			labels["le"] = "+Inf"
		}
		s.Streams = append(s.Streams, sim.Stream{Series: adapterconfig.Series{Name: "latency_" + suffix, Labels: labels}, Role: sim.RoleOf("latency_" + suffix)})
	}
	if change != nil {
		change(s)
	}
	return s
}

func evaluate(t *testing.T, s *sim.Shape, query string) sim.Evaluation {
	t.Helper()
	var series []adapterconfig.Series
	for _, x := range s.Of("default", "echo") {
		series = append(series, x.Series)
	}
	q, _, err := s.Parse(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return sim.NewTraffic(sim.Stored{Series: series, Shape: s}, "default", "echo", &sim.Engines{}).Evaluate(q, "svc")
}

func TestEvaluate(t *testing.T) {
	const own = `{ns="default",svc="echo"}`
	average := func(matchers, window string) string {
		return fmt.Sprintf("sum by (svc) (rate(latency_sum%[1]s%[2]s)) / sum by (svc) (rate(latency_count%[1]s%[2]s))", matchers, window)
	}
	recorded := func(s *sim.Shape) {
		s.Records = []sim.Record{
			{Name: "sum:rate", Expr: "sum by (ns, svc) (rate(latency_sum[1m]))"},
			{Name: "count:rate", Expr: "sum by (ns, svc) (rate(latency_count[1m]))"},
			{Name: "latency:average", Expr: "sum:rate / count:rate", Labels: map[string]string{"team": "a"}},
		}
	}
	native := func(s *sim.Shape) {
		s.Streams = []sim.Stream{{Series: adapterconfig.Series{Name: "latency", Labels: s.Streams[1].Labels}, Role: sim.Native}}
	}
	for name, tt := range map[string]struct {
		change  func(*sim.Shape)
		query   string
		outcome sim.Outcome
		mixes   sim.Others
		meaning sim.Meaning
		value   float64
	}{
		"average":                        {query: average(own, "[1m]"), outcome: sim.Right, value: 102},
		"a range of a few seconds":       {query: average(own, "[5s]"), outcome: sim.Right, value: 102},
		"of everybody of the name":       {query: average(`{svc="echo"}`, "[1m]"), outcome: sim.Wrong, mixes: sim.OtherNamespace, value: 54.5},
		"of everybody of the namespace":  {query: `label_replace(sum(rate(latency_sum{ns="default"}[1m])) / sum(rate(latency_count{ns="default"}[1m])), "svc", "echo", "", "")`, outcome: sim.Wrong, mixes: sim.OtherService, value: 301},
		"in seconds":                     {query: average(own, "[1m]") + " / 1000", outcome: sim.Wrong, meaning: sim.Seconds, value: 0.102},
		"requests":                       {query: "sum by (svc) (rate(latency_count" + own + "[1m]))", outcome: sim.Wrong, meaning: sim.Requests, value: 8},
		"not a number":                   {query: average(own, "[1m]") + " * NaN", outcome: sim.Wrong, meaning: sim.NotANumber, value: math.NaN()},
		"a known label":                  {query: average(`{ns="default",svc="echo",job="prometheus"}`, "[1m]"), outcome: sim.Missing},
		"a label that is not known":      {query: average(`{ns="default",svc="echo",instance="10.0.0.7:8080"}`, "[1m]"), outcome: sim.Open},
		"however it is called":           {query: average(`{ns="default",svc="echo",instance=~".+:8080",dataplane!=""}`, "[1m]"), outcome: sim.Right, value: 102},
		"several values":                 {query: "rate(latency_sum[1m]) * on (svc) latency_count", outcome: sim.Refused, mixes: sim.OtherNamespace},
		"a bound as Prometheus 3 stores": {query: average(own, "[1m]") + ` and on (svc) latency_bucket{le="100.0"}`, outcome: sim.Right, value: 102},
		"a bound as it is exposed":       {query: average(own, "[1m]") + ` and on (svc) latency_bucket{le="100"}`, outcome: sim.Missing},
		"a bound in Prometheus 2":        {change: func(s *sim.Shape) { s.Exact = true }, query: average(own, "[1m]") + ` and on (svc) latency_bucket{le="100"}`, outcome: sim.Right, value: 102},
		"recorded":                       {change: recorded, query: "latency:average" + own, outcome: sim.Right, value: 102},
		"recorded, over time":            {change: recorded, query: "avg_over_time(latency:average" + own + "[5m])", outcome: sim.Right, value: 102},
		"recorded by nobody":             {query: "latency:average" + own, outcome: sim.Missing},
		"recorded, of everybody":         {change: recorded, query: "avg by (svc) (latency:average)", outcome: sim.Wrong, mixes: sim.OtherNamespace, value: 54.5},
		"a native histogram":             {change: native, query: "histogram_avg(rate(latency" + own + "[1m]))", outcome: sim.Open},
	} {
		t.Run(name, func(t *testing.T) {
			e := evaluate(t, shape(tt.change), tt.query)
			if e.Outcome != tt.outcome || e.Mixes != tt.mixes || e.Meaning != tt.meaning {
				t.Fatalf("got %+v", e)
			}
			if e.Outcome <= sim.Wrong && math.Abs(e.Value-tt.value) > 1e-6 && !math.IsNaN(tt.value) {
				t.Errorf("got %v, want %v", e.Value, tt.value)
			}
		})
	}
}

// A Service is an ordinary one if nothing but its names tells it from another.
func TestOrdinary(t *testing.T) {
	s := shape(nil)
	var series []adapterconfig.Series
	for _, x := range s.Of("default", "echo") {
		series = append(series, x.Series)
	}
	stored := sim.Stored{Series: series, Shape: s}
	if !stored.Ordinary("default", "echo") || stored.Ordinary("other", "echo") {
		t.Error("the series are those of default/echo")
	}
	series[0].Labels["svc"] = "ECHO"
	if stored.Ordinary("default", "echo") {
		t.Error("a relabeling treats it in its own way")
	}
	if a, b := shape(nil).Key(), shape(func(s *sim.Shape) { s.Streams[0].Labels["team"] = "a" }).Key(); a == b || a != s.Key() {
		t.Error("equal keys are of equal shapes only")
	}
}
