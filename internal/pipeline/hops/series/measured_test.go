package series_test

import (
	"math"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

func TestEvaluateMeasured(t *testing.T) {
	value := func(v float64) series.Reading {
		return series.Reading{State: pipeline.Known, Value: ptr.To(v), From: "it"}
	}
	none := series.Reading{State: pipeline.Known, From: "it", Says: "404"}
	closed := series.Reading{State: pipeline.Unreadable, From: "it", Why: "forbidden"}
	for name, tc := range map[string]struct {
		m    series.Measured
		want *finding.Reason
	}{
		"a value":                {series.Measured{Query: value(5), API: value(5)}, nil},
		"only the API":           {series.Measured{Query: closed, Targets: closed, API: value(5)}, nil},
		"without requests":       {series.Measured{Query: value(math.NaN()), API: value(0)}, series.MetricIsZero},
		"Prometheus alone":       {series.Measured{Query: value(5), Targets: value(1), API: none}, series.MetricNotServed},
		"no series":              {series.Measured{Query: none, Targets: value(1), API: none}, series.SeriesMissing},
		"no target":              {series.Measured{Query: none, Targets: series.Reading{State: pipeline.Known}, API: none}, series.ScrapeFails},
		"a target that is down":  {series.Measured{Query: none, Targets: value(0), API: none}, series.ScrapeFails},
		"Prometheus not queried": {series.Measured{Query: closed, Targets: closed, API: none}, series.SeriesMissing},
		"the API not queried":    {series.Measured{Query: value(5), Targets: value(1), API: closed}, series.SeriesUnknown},
		"nothing queried":        {series.Measured{}, series.SeriesUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			found, evidence := series.ByMeasurement(tc.m, pipelinetest.Subject)
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
	for want, r := range map[string]series.Reading{
		"it has 102.053":                        {State: pipeline.Known, From: "it", Value: ptr.To(102.053)},
		"it has NaN, as without requests":       {State: pipeline.Known, From: "it", Value: ptr.To(math.NaN())},
		"it has no value: 404":                  {State: pipeline.Known, From: "it", Says: "404"},
		"it was not queried: forbidden":         {State: pipeline.Unreadable, From: "it", Why: "forbidden"},
		"it was not queried: no query was sent": {From: "it"},
	} {
		if got := r.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
