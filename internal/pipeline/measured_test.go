package pipeline

import (
	"math"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
)

func TestEvaluateMeasured(t *testing.T) {
	value := func(v float64) Reading { return Reading{State: Known, Value: ptr.To(v), From: "it"} }
	none := Reading{State: Known, From: "it", Says: "404"}
	closed := Reading{State: Unreadable, From: "it", Why: "forbidden"}
	for name, tc := range map[string]struct {
		m    Measured
		want *finding.Reason
	}{
		"a value":               {Measured{Query: value(5), API: value(5)}, nil},
		"only the API":          {Measured{Query: closed, Targets: closed, API: value(5)}, nil},
		"without requests":      {Measured{Query: value(math.NaN()), API: value(0)}, MetricIsZero},
		"Prometheus alone":      {Measured{Query: value(5), Targets: value(1), API: none}, MetricNotServed},
		"no series":             {Measured{Query: none, Targets: value(1), API: none}, SeriesMissing},
		"no target":             {Measured{Query: none, Targets: Reading{State: Known}, API: none}, ScrapeFails},
		"a target that is down": {Measured{Query: none, Targets: value(0), API: none}, ScrapeFails},
		"Prometheus not asked":  {Measured{Query: closed, Targets: closed, API: none}, SeriesMissing},
		"the API not asked":     {Measured{Query: value(5), Targets: value(1), API: closed}, SeriesUnknown},
		"nobody asked":          {Measured{}, SeriesUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			found, evidence := EvaluateMeasured(tc.m, goodSubject)
			var got string
			for _, f := range found {
				got += f.Reason.Name
			}
			want := ""
			if tc.want != nil {
				want = tc.want.Name
			}
			if got != want || len(evidence) != 2 {
				t.Errorf("got %q with %q, want %q", got, evidence, want)
			}
		})
	}
}

func TestReadingsSayWhoAnsweredWhat(t *testing.T) {
	for want, r := range map[string]Reading{
		"it has 102.053":                          {State: Known, From: "it", Value: ptr.To(102.053)},
		"it has NaN, as without requests":         {State: Known, From: "it", Value: ptr.To(math.NaN())},
		"it has no value: 404":                    {State: Known, From: "it", Says: "404"},
		"it was not asked: forbidden":             {State: Unreadable, From: "it", Why: "forbidden"},
		"it was not asked: nobody has looked yet": {From: "it"},
	} {
		if got := r.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPrometheusService(t *testing.T) {
	for url, want := range map[string]string{
		"http://prom.monitoring.svc:9090":               "monitoring/prom",
		"http://prom.monitoring.svc.cluster.local:9090": "monitoring/prom",
		"http://prom": "prometheus/prom",
		"":            "/",
	} {
		a := goodAdapter()
		a.PrometheusURL = url
		namespace, name, ok := a.PrometheusService()
		if got := strings.Join([]string{namespace, name}, "/"); got != want || ok != (want != "/") {
			t.Errorf("%s: got %s and %v", url, got, ok)
		}
	}
}
