package adapterrule_test

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// What is wrong with a value is said in numbers.
func TestNumbers(t *testing.T) {
	const (
		sum   = "sum by (<<.GroupBy>>) (rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[1m]))"
		count = "sum by (<<.GroupBy>>) (rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[1m]))"
	)
	all := strings.NewReplacer("<<.LabelMatchers>>", "")
	for query, says := range map[string]string{
		all.Replace(sum + " / " + count):    "with requests of 102 ms this rule would report 54.5 ms, because it also counts Service echo in namespace other",
		sum + " / " + count + " / 1000":     "with requests of 102 ms this rule would report 0.102, which is the latency in seconds, and the target is in milliseconds",
		count + " / " + sum:                 "would report 0.009804, which is one divided by the latency",
		count:                               "would report 8, which is the number of requests in a second",
		sum:                                 "would report 816, which is how many milliseconds all requests of a second take together",
		"(" + sum + " / " + count + ") / 0": "would report infinity, which the adapter serves as an arbitrary number",
		"(" + sum + " / " + count + ") * scalar(kong_nothing)": "would report NaN, which the adapter serves as 0",
		sum + " * 0 + 777": "would report 777, which is the same whatever the latency is",
		strings.ReplaceAll(strings.ReplaceAll(sum+" / "+count, "rate(", "("), "[1m]", ""):                                                                                          "which is the average since the data planes started",
		sum + " / scalar(sum(rate(kong_upstream_latency_ms_count{exported_namespace=\"<<.LabelValuesByName.exported_namespace>>\"}[1m])))":                                         "because it also counts other Services in namespace default",
		"max by (<<.GroupBy>>) (" + all.Replace("rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[1m]) / rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[1m])") + ")": "with requests of 240 ms this rule would report 800 ms, because it also counts Service echo in namespace other",
		"avg by (<<.GroupBy>>) (rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[1m]) / rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[1m]))":                        "beside one data plane without traffic, with requests of 102 ms this rule would report NaN, which the adapter serves as 0",
		"sum by (<<.GroupBy>>) (rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[1m]) / rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[1m]))":                        "when several data planes measure the Service rules[0].metricsQuery gives another number: with requests of 102 ms this rule would report 204",
	} {
		s := pipelinetest.Good()
		s.Extensions.Items = append(s.Extensions.Items, pipeline.Extension{Namespace: "other", Name: "kong", Services: []string{"echo"}, Latency: true})
		pipelinetest.Configure(&s.Adapter, pipelinetest.WithQuery(t, query))
		found := evaluate(s)
		if !slices.ContainsFunc(found, func(f finding.Finding) bool { return strings.Contains(f.Message, says) }) {
			t.Errorf("%s\nwant %q, got %v", query, says, found)
		}
	}
}

// A rule over what a PrometheusRule records is evaluated if the Prometheus selects it. What
// else may record it is not known.
func TestRecordingRules(t *testing.T) {
	rate := func(series string) string {
		return "sum by (exported_namespace, exported_service) (rate(kong_upstream_latency_ms_" + series + "[1m]))"
	}
	for name, tt := range map[string]struct {
		expr, release string
		want          []string
	}{
		"the latency":        {rate("sum") + " / " + rate("count"), "prometheus", nil},
		"in seconds":         {rate("sum") + " / " + rate("count") + " / 1000", "prometheus", []string{"AdapterRuleWrongValue"}},
		"not selected":       {rate("sum") + " / " + rate("count"), "other", []string{"AdapterRuleUndecided"}},
		"without the labels": {"sum(rate(kong_upstream_latency_ms_sum[1m]))", "prometheus", []string{"AdapterRuleLabelMismatch"}},
		"of others":          {"sum(up)", "prometheus", []string{"AdapterRuleUndecided"}},
		"too long":           {"", "prometheus", []string{"AdapterRuleUndecided"}},
	} {
		s := pipelinetest.Good()
		s.RecordingRules = pipeline.KnownSet(pipeline.RecordingRules{
			Namespace: "prometheus", Name: "kong", Labels: map[string]string{"release": tt.release},
			Records: []sim.Record{{Name: "kong:latency:average", Expr: tt.expr}},
		})
		pipelinetest.ThePrometheus(s).Spec.RuleSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"release": "prometheus"}}
		pipelinetest.Configure(&s.Adapter, pipelinetest.WithQuery(t, "avg by (<<.GroupBy>>) (kong:latency:average{<<.LabelMatchers>>})"))
		if got := pipelinetest.Found(evaluate(s)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, evaluate(s), tt.want)
		}
	}
}
