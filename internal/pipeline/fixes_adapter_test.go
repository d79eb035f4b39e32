package pipeline

import (
	"slices"
	"strings"
	"testing"
)

// apiBreakers are those of the hop metrics-api, and of a configuration that
// cannot be judged.
var apiBreakers = []breaker{
	{name: "no API", sentence: true, reason: MetricsAPINotRegistered,
		change: breaks(func(s *Snapshot) { s.MetricsAPI, s.Adapter = MetricsAPI{State: Known}, Adapter{State: NotInstalled} })},
	{name: "API unavailable", sentence: true, reason: MetricsAPIUnavailable,
		change: breaks(func(s *Snapshot) { s.MetricsAPI.Available = false })},
	{name: "API of another adapter", sentence: true, reason: MetricsAPINotAdapters,
		change: breaks(func(s *Snapshot) { s.MetricsAPI.ServiceNamespace = "datadog" })},
	{name: "API not read", sentence: true, reason: MetricsAPIUnread,
		change: breaks(func(s *Snapshot) { s.MetricsAPI = MetricsAPI{State: Unreadable} })},
	{name: "configuration not read", sentence: true, reason: AdapterConfigUnread,
		change: breaks(func(s *Snapshot) { s.Adapter = Adapter{State: Unreadable} })},
	{name: "configuration pending", sentence: true, reason: AdapterConfigPending,
		change: breaks(func(s *Snapshot) { s.Adapter.Pending = true })},
	{name: "mistake outside rules", sentence: true, reason: AdapterConfigInvalid,
		change: document(func(t *testing.T) string {
			return withRules(t, "externalRules:\n- seriesQuery: up\n  name: {matches: '(['}\n")
		})},
	{name: "no YAML", sentence: true, reason: AdapterConfigInvalid,
		change: document(func(*testing.T) string { return "rules: [\n" })},
}

// adapterBreakers are those whose fix needs the text of the configuration, and
// all of ruleBreakers.
var adapterBreakers = slices.Concat([]breaker{
	{name: "short name", reason: AdapterConfigInvalid, change: rules("resource: service\n", "resource: svc\n")},
	{name: "mistake in a neighbour", reason: AdapterConfigInvalid,
		change: document(func(t *testing.T) string {
			return withRules(t, "- seriesQuery: up\n  name: {matches: '(['}\n  metricsQuery: up\n")
		})},
	{name: "mistake in a neighbour, beside the chart's own rules", reason: AdapterConfigInvalid,
		change: document(func(t *testing.T) string {
			return "rules:\n" + chartDocument + another(t) + "- seriesQuery: up\n  name: {matches: '(['}\n  metricsQuery: up\n"
		})},
	{name: "neighbour without a series", reason: AdapterRelistFails,
		change: document(func(t *testing.T) string { return withRules(t, "- metricsQuery: up\n") })},
	{name: "series aggregated", reason: AdapterRelistFails,
		change: rules("seriesQuery: '{", "seriesQuery: 'sum({", textKind+"}", textKind+"})")},
	{name: "only the chart's own rules", reason: AdapterRuleMissing,
		change: document(func(*testing.T) string { return "rules:\n" + chartDocument })},
	{name: "empty document", reason: AdapterRuleMissing, change: document(func(*testing.T) string { return "" })},
	{name: "externalRules", reason: AdapterRuleExternal, change: rules("rules:", "externalRules:")},
}, ruleBreakers)

// ruleBreakers are about a rule of a configuration with which the adapter starts.
var ruleBreakers = []breaker{
	{name: "no rules", reason: AdapterRuleMissing, change: document(func(*testing.T) string { return "rules: []\n" })},
	{name: "rules of others", reason: AdapterRuleMissing,
		change: document(func(*testing.T) string { return "rules:\n- seriesQuery: up\n  metricsQuery: up\n" })},
	{name: "another name", reason: AdapterRuleNameDiffers, change: rules(textAs, "    as: latency\n")},
	{name: "matches without as", reason: AdapterRuleNameDiffers, change: rules(textAs, "    matches: latency_ms\n")},
	{name: "kind in the wrong case", reason: AdapterRuleSeriesMismatch, change: rules(textKind, `kubernetes_kind="Service"`)},
	{name: "everything filtered", reason: AdapterRuleSeriesMismatch,
		change: rules(textName, "  seriesFilters:\n  - isNot: ^kong_\n"+textName)},
	{name: "override and by differ", reason: AdapterRuleLabelMismatch, change: rules(textLabel, "      kubernetes_name:\n")},
	{name: "no by", reason: AdapterRuleLabelMismatch, change: rules(textBy, "sum")},
	{name: "labels of the target", reason: AdapterRuleLabelMismatch, change: rules(textOverrides, "    template: <<.Resource>>\n")},
	{name: "namespace not mapped", reason: AdapterRuleLabelMismatch,
		change: rules("      exported_namespace:\n        resource: namespace\n", "")},
	{name: "no query", reason: AdapterRuleQueryBroken,
		change: document(func(t *testing.T) string { before, _, _ := strings.Cut(edited(t), "  metricsQuery"); return before })},
	{name: "series misspelled", reason: AdapterRuleQueryBroken, change: rules("latency_ms_sum{", "latency_sum{")},
	{name: "no matchers", reason: AdapterRuleMixesServices, change: rules("{<<.LabelMatchers>>}", "")},
	{name: "two labels for services", reason: AdapterRuleAmbiguous,
		change: rules(textLabel, "      service:\n        resource: service\n"+textLabel)},
	{name: "later rule broken", reason: AdapterRuleShadowed,
		change: document(func(t *testing.T) string { return withRules(t, another(t, textBy, "sum by exported_service")) })},
	{name: "later rule broken, before rules of others", reason: AdapterRuleShadowed,
		change: document(func(t *testing.T) string {
			return withRules(t, another(t, textBy, "sum by exported_service")+"- seriesQuery: up\n  metricsQuery: up\n")
		})},
	{name: "not aggregated", reason: AdapterRuleNotAggregated, change: rules(textBy, "")},
	{name: "pinned to another namespace", reason: AdapterRuleUndecided,
		change: rules(`kubernetes_namespace!=""`, `kubernetes_namespace="prod"`)},
	{name: "later rule pinned to another namespace", reason: AdapterRuleUndecided,
		change: document(func(t *testing.T) string {
			return withRules(t, another(t, textBy, "sum", `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`))
		})},
}
