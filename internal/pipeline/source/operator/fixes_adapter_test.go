package operator_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// apiBreakers are those of the hop metrics-api, and of a configuration that
// cannot be judged.
var apiBreakers = []breaker{
	{name: "no API", sentence: true, reason: metricsapi.NotRegistered,
		change: breaks(func(s *pipeline.Snapshot) {
			s.MetricsAPI, s.Adapter = pipeline.MetricsAPI{State: pipeline.Known}, pipeline.Adapter{State: pipeline.NotInstalled}
		})},
	{name: "API unavailable", sentence: true, reason: metricsapi.Unavailable,
		change: breaks(func(s *pipeline.Snapshot) { s.MetricsAPI.Available = false })},
	{name: "API of another adapter", sentence: true, reason: metricsapi.NotAdapters,
		change: breaks(func(s *pipeline.Snapshot) { s.MetricsAPI.ServiceNamespace = "datadog" })},
	{name: "API not read", sentence: true, reason: metricsapi.Unread,
		change: breaks(func(s *pipeline.Snapshot) { s.MetricsAPI = pipeline.MetricsAPI{State: pipeline.Unreadable} })},
	{name: "configuration not read", sentence: true, reason: adapterrule.ConfigUnread,
		change: breaks(func(s *pipeline.Snapshot) { s.Adapter = pipeline.Adapter{State: pipeline.Unreadable} })},
	{name: "configuration pending", sentence: true, reason: adapterrule.ConfigPending,
		change: breaks(func(s *pipeline.Snapshot) { s.Adapter.Pending = true })},
	{name: "mistake outside rules", sentence: true, reason: adapterrule.ConfigInvalid,
		change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, "externalRules:\n- seriesQuery: up\n  name: {matches: '(['}\n")
		})},
	{name: "no YAML", sentence: true, reason: adapterrule.ConfigInvalid,
		change: document(func(*testing.T) string { return "rules: [\n" })},
}

// adapterBreakers are those whose fix needs the text of the configuration, and
// all of ruleBreakers.
var adapterBreakers = slices.Concat([]breaker{
	{name: "short name", reason: adapterrule.ConfigInvalid, change: rules("resource: service\n", "resource: svc\n")},
	{name: "mistake in a neighbour", reason: adapterrule.ConfigInvalid,
		change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, "- seriesQuery: up\n  name: {matches: '(['}\n  metricsQuery: up\n")
		})},
	{name: "mistake in a neighbour, beside the chart's own rules", reason: adapterrule.ConfigInvalid,
		change: document(func(t *testing.T) string {
			return "rules:\n" + pipelinetest.ChartDocument + pipelinetest.Another(t) + "- seriesQuery: up\n  name: {matches: '(['}\n  metricsQuery: up\n"
		})},
	{name: "neighbour without a series", reason: adapterrule.RelistFails,
		change: document(func(t *testing.T) string { return pipelinetest.WithRules(t, "- metricsQuery: up\n") })},
	{name: "series aggregated", reason: adapterrule.RelistFails,
		change: rules("seriesQuery: '{", "seriesQuery: 'sum({", pipelinetest.TextKind+"}", pipelinetest.TextKind+"})")},
	{name: "only the chart's own rules", reason: adapterrule.Missing,
		change: document(func(*testing.T) string { return "rules:\n" + pipelinetest.ChartDocument })},
	{name: "empty document", reason: adapterrule.Missing, change: document(func(*testing.T) string { return "" })},
	{name: "externalRules", reason: adapterrule.External, change: rules("rules:", "externalRules:")},
}, ruleBreakers)

// ruleBreakers are about a rule of a configuration with which the adapter starts.
var ruleBreakers = []breaker{
	{name: "no rules", reason: adapterrule.Missing, change: document(func(*testing.T) string { return "rules: []\n" })},
	{name: "rules of others", reason: adapterrule.Missing,
		change: document(func(*testing.T) string { return "rules:\n- seriesQuery: up\n  metricsQuery: up\n" })},
	{name: "another name", reason: adapterrule.NameDiffers, change: rules(pipelinetest.TextAs, "    as: latency\n")},
	{name: "matches without as", reason: adapterrule.NameDiffers, change: rules(pipelinetest.TextAs, "    matches: latency_ms\n")},
	{name: "kind in the wrong case", reason: adapterrule.SeriesMismatch, change: rules(pipelinetest.TextKind, `kubernetes_kind="Service"`)},
	{name: "everything filtered", reason: adapterrule.SeriesMismatch,
		change: rules(pipelinetest.TextName, "  seriesFilters:\n  - isNot: ^kong_\n"+pipelinetest.TextName)},
	{name: "override and by differ", reason: adapterrule.LabelMismatch, change: rules(pipelinetest.TextLabel, "      kubernetes_name:\n")},
	{name: "no by", reason: adapterrule.LabelMismatch, change: rules(pipelinetest.TextBy, "sum")},
	{name: "labels of the target", reason: adapterrule.LabelMismatch, change: rules(pipelinetest.TextOverrides, "    template: <<.Resource>>\n")},
	{name: "namespace not mapped", reason: adapterrule.LabelMismatch,
		change: rules("      exported_namespace:\n        resource: namespace\n", "")},
	{name: "no query", reason: adapterrule.QueryBroken,
		change: document(func(t *testing.T) string {
			before, _, _ := strings.Cut(pipelinetest.Edited(t), "  metricsQuery")
			return before
		})},
	{name: "series misspelled", reason: adapterrule.QueryBroken, change: rules("latency_ms_sum{", "latency_sum{")},
	{name: "no matchers", reason: adapterrule.MixesServices, change: rules("{<<.LabelMatchers>>}", "")},
	{name: "two labels for services", reason: adapterrule.Ambiguous,
		change: rules(pipelinetest.TextLabel, "      service:\n        resource: service\n"+pipelinetest.TextLabel)},
	{name: "later rule broken", reason: adapterrule.Shadowed,
		change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, pipelinetest.Another(t, pipelinetest.TextBy, "sum by exported_service"))
		})},
	{name: "later rule broken, before rules of others", reason: adapterrule.Shadowed,
		change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, pipelinetest.Another(t, pipelinetest.TextBy, "sum by exported_service")+"- seriesQuery: up\n  metricsQuery: up\n")
		})},
	{name: "an average since the start", reason: adapterrule.LifetimeAverage, change: document(func(t *testing.T) string {
		return pipelinetest.WithQuery(t, "max(kong_upstream_latency_ms_sum{<<.LabelMatchers>>} / kong_upstream_latency_ms_count{<<.LabelMatchers>>}) by (<<.GroupBy>>)")
	})},
	{name: "a ratio of each data plane", reason: adapterrule.IdleDataPlane, change: document(func(t *testing.T) string {
		return pipelinetest.WithQuery(t, "avg(rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[1m]) / rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[1m])) by (<<.GroupBy>>)")
	})},
	{name: "in seconds", reason: adapterrule.WrongValue, change: document(func(t *testing.T) string {
		return pipelinetest.WithQuery(t, "sum by (<<.GroupBy>>) (rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[1m])) / sum by (<<.GroupBy>>) (rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[1m])) / 1000")
	})},
	{name: "not aggregated", reason: adapterrule.NotAggregated, change: rules(pipelinetest.TextBy, "")},
	{name: "pinned to another namespace", reason: adapterrule.Undecided,
		change: rules(`kubernetes_namespace!=""`, `kubernetes_namespace="prod"`)},
	{name: "later rule pinned to another namespace", reason: adapterrule.Undecided,
		change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, pipelinetest.Another(t, pipelinetest.TextBy, "sum", `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`))
		})},
}
