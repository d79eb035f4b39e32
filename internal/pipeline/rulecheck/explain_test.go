package rulecheck

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// edit replaces text of the seed's rule; the text must be there.
func edit(t testing.TB, pairs ...string) string {
	t.Helper()
	doc := seedRule
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(doc, pairs[i]) {
			t.Fatalf("the seed's rule has no %q", pairs[i])
		}
		doc = strings.ReplaceAll(doc, pairs[i], pairs[i+1])
	}
	return doc
}

func echo() Target {
	return Target{Metric: seedMetric, Namespace: "default", Service: "echo", Series: kong("default", "echo"), OthersKnown: true}
}

// relabel copies series; a label set to "" is removed.
func relabel(series []adapterconfig.Series, pairs ...string) []adapterconfig.Series {
	var out []adapterconfig.Series
	for _, s := range series {
		l := maps.Clone(s.Labels)
		for i := 0; i < len(pairs); i += 2 {
			if l[pairs[i]] = pairs[i+1]; pairs[i+1] == "" {
				delete(l, pairs[i])
			}
		}
		out = append(out, adapterconfig.Series{Name: s.Name, Labels: l})
	}
	return out
}

// honored is kong as it is stored with honorLabels.
func honored(namespace, service string) []adapterconfig.Series {
	return relabel(kong(namespace, service), "exported_namespace", "", "exported_service", "", "namespace", namespace, "service", service)
}

func without(series []adapterconfig.Series, suffix string) []adapterconfig.Series {
	var out []adapterconfig.Series
	for _, s := range series {
		if !strings.HasSuffix(s.Name, suffix) {
			out = append(out, s)
		}
	}
	return out
}

const betterRule = `
rules:
- seriesQuery: '{__name__=~"kong_upstream_latency_ms_(sum|count)",kubernetes_kind="service"}'
  resources:
    overrides:
      kubernetes_namespace: {resource: namespace}
      kubernetes_name: {resource: service}
  name: {as: kong_upstream_latency_ms_60s_average}
  metricsQuery: |
    sum by (kubernetes_name) (rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[60s:10s]))
      / (sum by (kubernetes_name) (rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[60s:10s])) > 0)
`

const overridesBlock = `    overrides:
      exported_namespace:
        resource: "namespace"
      exported_service:
        resource: "service"
`

// oneQuery is the seed's rule with another query.
func oneQuery(query string) string {
	return seedRule[:strings.Index(seedRule, "  metricsQuery")] + "  metricsQuery: \"" + query + "\"\n"
}

// The rows of the edge-case table that concern the adapter have their number.
func TestExplain(t *testing.T) {
	nsLabel, svcLabel := `      exported_namespace:`, `      exported_service:`
	resource := `        resource: "service"`
	as := `as: "kong_upstream_latency_ms_60s_average"`
	kind := `kubernetes_kind!=""`
	by := `sum by (exported_service)`
	const (
		ratio          = "sum by (exported_service) (rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[1m])) / sum by (exported_service) (rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[1m]))"
		all            = "sum by (exported_service) (rate(kong_upstream_latency_ms_sum[1m])) / sum by (exported_service) (rate(kong_upstream_latency_ms_count[1m]))"
		allByNamespace = "sum by (exported_namespace, exported_service) (rate(kong_upstream_latency_ms_sum[1m])) / sum by (exported_namespace, exported_service) (rate(kong_upstream_latency_ms_count[1m]))"
	)
	withHonor := func(x *Target) { x.Series = honored("default", "echo") }

	for _, tc := range []struct {
		name   string
		doc    string
		target func(*Target)
		answer Answer
		kind   Kind
		check  func(*testing.T, Verdict)
	}{
		{name: "row 1: the seed", doc: seedRule, answer: Yes, kind: Served},
		{name: "the better rule", doc: betterRule, answer: Yes, kind: Served},
		{name: "the better rule under honorLabels", doc: betterRule, target: withHonor, answer: Yes, kind: Served},

		{name: "resource in the plural and in capitals", doc: edit(t, resource, `        resource: SERVICES`), answer: Yes, kind: Served},
		{name: "group empty", doc: edit(t, resource, resource+"\n        group: ''"), answer: Yes, kind: Served},
		{name: "row 9: template alone", doc: edit(t, overridesBlock, "    template: exported_<<.Resource>>\n"), answer: Yes, kind: Served},
		{name: "row 11: template with the group", doc: edit(t, overridesBlock, "    template: exported_<<.Group>>_<<.Resource>>\n"),
			answer: No, kind: ServiceLabelAbsent, check: func(t *testing.T, v Verdict) { equal(t, v.Labels, []string{"exported__service"}) }},
		{name: "template of the scrape target's labels", doc: edit(t, overridesBlock, "    template: <<.Resource>>\n"),
			answer: No, kind: SelectorMatchesNothing, check: func(t *testing.T, v Verdict) { equal(t, v.Mismatch.Label, "namespace") }},
		{name: "template of the scrape target's labels under honorLabels", doc: edit(t, overridesBlock, "    template: <<.Resource>>\n", by, "sum by (<<.GroupBy>>)"),
			target: withHonor, answer: Yes, kind: Served},
		{name: "template for kubernetes_* has no label for services", doc: edit(t, overridesBlock, "    template: kubernetes_<<.Resource>>\n"),
			answer: No, kind: ServiceLabelAbsent},
		{name: "override wins over template", doc: edit(t, overridesBlock, "    template: exported_<<.Resource>>\n    overrides: {kubernetes_name: {resource: service}}\n", by, "sum by (<<.GroupBy>>)"),
			answer: Yes, kind: Served, check: func(t *testing.T, v Verdict) { equal(t, v.Query.Label, "kubernetes_name") }},

		{name: "row 13: overrides for service and exported_service", doc: edit(t, svcLabel, "      service: {resource: service}\n"+svcLabel),
			answer: No, kind: LabelsNondeterministic, check: func(t *testing.T, v Verdict) { equal(t, v.Labels, []string{"exported_service", "service"}) }},
		{name: "overrides for namespace and exported_namespace", doc: edit(t, nsLabel, "      namespace: {resource: namespace}\n"+nsLabel),
			answer: No, kind: LabelsNondeterministic},
		{name: "two labels for services, by only one", doc: edit(t, svcLabel, "      kubernetes_name: {resource: service}\n"+svcLabel), answer: No, kind: LabelsNondeterministic},
		{name: "two labels for services, either will do", doc: edit(t, svcLabel, "      kubernetes_name: {resource: service}\n"+svcLabel, by, "sum by (<<.GroupBy>>)"),
			answer: Yes, kind: Served},
		{name: "row 15: override and by differ", doc: edit(t, svcLabel, "      kubernetes_name:"), answer: No, kind: LabelLost,
			check: func(t *testing.T, v Verdict) { equal(t, v.Labels, []string{"kubernetes_name"}) }},
		{name: "override and by are kubernetes_name", doc: edit(t, svcLabel, "      kubernetes_name:", by, "sum by (kubernetes_name)"), answer: Yes, kind: Served},
		{name: "by names both labels", doc: edit(t, svcLabel, "      kubernetes_name:", by, "sum by (exported_service, kubernetes_name)"), answer: Yes, kind: Served},
		{name: "override of the operator's label", doc: edit(t, svcLabel, "      service:"), answer: No, kind: SelectorMatchesNothing},
		{name: "override with a label in another case", doc: edit(t, svcLabel, "      Exported_Service:"), answer: No, kind: ServiceLabelAbsent},
		{name: "override with a dash", doc: edit(t, svcLabel, "      exported-service:"), answer: No, kind: ServiceLabelAbsent},
		{name: "no override for services", doc: edit(t, svcLabel+"\n"+resource+"\n", ""), answer: No, kind: ServiceNotMapped},
		{name: "no resources", doc: edit(t, "  resources:\n"+overridesBlock, ""), answer: No, kind: ServiceNotMapped},
		{name: "service label mapped to pods", doc: edit(t, resource, `        resource: pods`), answer: No, kind: ServiceNotMapped},
		{name: "namespace not mapped", doc: edit(t, nsLabel+"\n        resource: \"namespace\"\n", ""), answer: No, kind: NamespaceNotMapped},
		{name: "namespace label absent", doc: edit(t, nsLabel, "      exported_ns:"), answer: No, kind: SelectorMatchesNothing,
			check: func(t *testing.T, v Verdict) {
				equal(t, v.Mismatch.Label, "exported_ns")
				equal(t, v.Mismatch.Have, []string{""})
			}},

		{name: "row 17: matches without as", doc: edit(t, as, `matches: "latency_ms"`), answer: No, kind: NameDiffers,
			check: func(t *testing.T, v Verdict) { equal(t, v.Names, []string{"latency_ms"}) }},
		{name: "row 19: group reference runs into the name", doc: edit(t, as, `matches: "^(.*)_(sum|count)$", as: "$1_60s_average"`, "  name:\n    ", "  name: {", "\n  metricsQuery", "}\n  metricsQuery"),
			answer: No, kind: NameDiffers, check: func(t *testing.T, v Verdict) { equal(t, v.Names, []string{""}) }},
		{name: "group reference in braces", doc: edit(t, as, `matches: "^(.*)_(sum|count)$", as: "${1}_60s_average"`, "  name:\n    ", "  name: {", "\n  metricsQuery", "}\n  metricsQuery"),
			answer: Yes, kind: Served},
		{name: "dollar escaped", doc: edit(t, as, `as: "$$1_60s_average"`), answer: No, kind: NameDiffers,
			check: func(t *testing.T, v Verdict) { equal(t, v.Names, []string{"$1_60s_average"}) }},
		{name: "as of the first group without matches", doc: edit(t, as, `as: "$1"`), answer: No, kind: NameDiffers},
		{name: "no name", doc: edit(t, "  name:\n    "+as+"\n", ""), answer: No, kind: NameDiffers},
		{name: "name in another case", doc: edit(t, as, `as: "Kong_upstream_latency_ms_60s_average"`), answer: No, kind: NameDiffers},
		{name: "matches that no series has", doc: edit(t, as, `as: "kong_upstream_latency_ms_60s_average", matches: "^upstream"`, "  name:\n    ", "  name: {", "\n  metricsQuery", "}\n  metricsQuery"),
			answer: No, kind: SeriesFiltered, check: func(t *testing.T, v Verdict) { equal(t, v.Path.String(), "rules[0].name.matches") }},

		{name: "row 21: filter drops the counts", doc: edit(t, "  name:", "  seriesFilters: [{isNot: _count$}]\n  name:"), answer: Yes, kind: Served},
		{name: "filters drop everything", doc: edit(t, "  name:", "  seriesFilters: [{isNot: _count$}, {is: _count$}]\n  name:"), answer: No, kind: SeriesFiltered},
		{name: "filters are unanchored", doc: edit(t, "  name:", "  seriesFilters: [{is: latency}]\n  name:"), answer: Yes, kind: Served},
		{name: "filters do not see labels", doc: edit(t, "  name:", "  seriesFilters: [{is: exported_service}]\n  name:"), answer: No, kind: SeriesFiltered,
			check: func(t *testing.T, v Verdict) { equal(t, v.Path.String(), "rules[0].seriesFilters[0].is") }},

		{name: "row 23: external rule", doc: edit(t, "rules:", "externalRules:"), answer: No, kind: ExternalRule},
		{name: "external rule beside another", doc: edit(t, "rules:", "externalRules:") + "\nrules: [{seriesQuery: up, metricsQuery: up}]\n", answer: No, kind: ExternalRule},
		{name: "no rules", doc: "rules: []", answer: No, kind: NoRules},
		{name: "empty document", doc: "", answer: No, kind: NoRules},

		{name: "row 27: later duplicate with broken PromQL", doc: seedRule + strings.TrimPrefix(edit(t, by, "sum by exported_service"), "\nrules:\n"), answer: No, kind: QueryInvalid,
			check: func(t *testing.T, v Verdict) { equal(t, v.Rule, 1); equal(t, v.Earlier, 0) }},
		{name: "earlier duplicate with broken PromQL", doc: edit(t, by, "sum by exported_service") + strings.TrimPrefix(seedRule, "\nrules:\n"), answer: Yes, kind: Served,
			check: func(t *testing.T, v Verdict) { equal(t, v.Rule, 1) }},
		{name: "later duplicate without series", doc: seedRule + strings.TrimPrefix(edit(t, by, "sum by exported_service", `^kong_`, `^other_`), "\nrules:\n"), answer: Yes, kind: Served},
		{name: "later duplicate of another metric", doc: seedRule + strings.TrimPrefix(edit(t, by, "sum by exported_service", as, "as: other"), "\nrules:\n"), answer: Yes, kind: Served},

		{name: "row 29: no by", doc: edit(t, by, "sum"), answer: No, kind: LabelLost},
		{name: "no aggregation at all", doc: edit(t, by, ""), answer: Yes, kind: Served},
		{name: "without other labels", doc: edit(t, by, "sum without (pod, instance, dataplane_url)"), answer: Yes, kind: Served},
		{name: "without the label", doc: edit(t, by, "sum without (exported_service)"), answer: No, kind: LabelLost},
		{name: "by on one side", doc: strings.Replace(seedRule, by, "sum", 1), answer: No, kind: SidesNeverMatch},
		{name: "by on the other side, joined on nothing", doc: edit(t, "    /\n", "    / on() group_left()\n"), answer: Yes, kind: Served},
		{name: "label lost by on", doc: edit(t, "    /\n", "    / on()\n"), answer: No, kind: LabelLost},
		{name: "group by template", doc: edit(t, by, "sum by (<<.GroupBy>>)"), answer: Yes, kind: Served},
		{name: "series by template", doc: edit(t, "kong_upstream_latency_ms_sum{", "<<.Series>>{"), answer: No, kind: SeriesNondeterministic},
		{name: "series by template, one series", doc: edit(t, "kong_upstream_latency_ms_sum{", "<<.Series>>{", "_(sum|count)", "_(sum)"), answer: Yes, kind: Served},

		{name: "row 31: kind in the wrong case", doc: edit(t, kind, `kubernetes_kind="Service"`), answer: No, kind: SeriesQueryMatchesNothing,
			check: func(t *testing.T, v Verdict) {
				want := &Mismatch{
					Selector: `{__name__=~"^kong_upstream_latency_ms_(sum|count)",kubernetes_namespace!="",kubernetes_name!="",kubernetes_kind="Service"}`,
					Label:    "kubernetes_kind", Matcher: `kubernetes_kind="Service"`, Have: []string{"service"},
				}
				equal(t, v.Mismatch, want)
				equal(t, v.Path.String(), "rules[0].seriesQuery")
			}},
		{name: "kind as it is", doc: edit(t, kind, `kubernetes_kind="service"`), answer: Yes, kind: Served},
		{name: "a label that does not exist", doc: edit(t, kind, `kubernetes_route!=""`), answer: No, kind: SeriesQueryMatchesNothing},
		{name: "regex matchers are anchored", doc: edit(t, `^kong_upstream_latency_ms_(sum|count)`, `kong_upstream_latency`), answer: No, kind: SeriesQueryMatchesNothing},
		{name: "buckets only", doc: edit(t, `_(sum|count)"`, `_bucket"`), answer: Yes, kind: Served},
		{name: "selector by metric name", doc: edit(t, `{__name__=~"^kong_upstream_latency_ms_(sum|count)",`, `kong_upstream_latency_ms_sum{`), answer: Yes, kind: Served},

		{name: "row 33: honorLabels", doc: seedRule, target: withHonor, answer: No, kind: ServiceLabelAbsent,
			check: func(t *testing.T, v Verdict) { equal(t, v.Labels, []string{"exported_service"}) }},
		{name: "row 35: counts dropped", doc: seedRule, target: func(x *Target) { x.Series = without(x.Series, "_count") }, answer: No, kind: SelectorMatchesNothing,
			check: func(t *testing.T, v Verdict) { equal(t, v.Mismatch.Label, "__name__") }},
		{name: "row 35: buckets dropped", doc: seedRule, target: func(x *Target) { x.Series = without(x.Series, "_bucket") }, answer: Yes, kind: Served},
		{name: "exported labels dropped", doc: seedRule, target: func(x *Target) {
			x.Series = relabel(x.Series, "exported_namespace", "", "exported_service", "")
		}, answer: No, kind: ServiceLabelAbsent},
		{name: "no series", doc: seedRule, target: func(x *Target) { x.Series = nil }, answer: No, kind: NoSeries},

		{name: "a neighbour's seriesQuery is empty", doc: seedRule + "- {seriesQuery: '', metricsQuery: up}\n", answer: No, kind: RelistFails,
			check: func(t *testing.T, v Verdict) { equal(t, v.Path.String(), "rules[1].seriesQuery"); equal(t, v.Rule, 1) }},
		{name: "a neighbour's seriesQuery aggregates", doc: seedRule + "- {seriesQuery: 'sum(up)', metricsQuery: up}\n", answer: No, kind: RelistFails},
		{name: "a neighbour's seriesQuery is a range", doc: seedRule + "- {seriesQuery: 'up[5m]', metricsQuery: up}\n", answer: No, kind: RelistFails},
		{name: "a neighbour's seriesQuery matches all", doc: seedRule + "- {seriesQuery: '{__name__=~\".*\"}', metricsQuery: up}\n", answer: No, kind: RelistFails},

		{name: "no metricsQuery", doc: seedRule[:strings.Index(seedRule, "  metricsQuery")], answer: No, kind: QueryEmpty},
		{name: "braces are not expanded", doc: edit(t, "<<.LabelMatchers>>", "{{.LabelMatchers}}"), answer: No, kind: QueryInvalid},
		{name: "unknown variable", doc: edit(t, "<<.LabelMatchers>>", "<<.LabelMatchersByName>>"), answer: No, kind: QueryTemplateFails},
		{name: "the query is a scalar", doc: oneQuery("scalar(sum(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}))"), answer: No, kind: QueryNotVector},
		{name: "the query is a range", doc: oneQuery("kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[5m]"), answer: No, kind: QueryNotVector},
		{name: "the query is a string", doc: oneQuery("'<<.Series>>'"), answer: No, kind: SeriesNondeterministic},
		{name: "the query is blank", doc: oneQuery("  "), answer: No, kind: QueryInvalid},
		{name: "matchers are not used", doc: edit(t, "{<<.LabelMatchers>>}", ""), answer: No, kind: NamespaceIgnored},
		{name: "only the service is matched", doc: edit(t, "<<.LabelMatchers>>", `exported_service="<<index .LabelValuesByName "exported_service">>"`), answer: No, kind: NamespaceIgnored},
		{name: "only the namespace is matched", doc: edit(t, "<<.LabelMatchers>>", `exported_namespace="<<index .LabelValuesByName "exported_namespace">>"`), answer: Yes, kind: Served},
		{name: "another namespace is written out", doc: edit(t, "<<.LabelMatchers>>", `exported_namespace="prod"`), answer: No, kind: SelectorMatchesNothing},
		{name: "the right namespace is written out", doc: edit(t, "<<.LabelMatchers>>", `exported_namespace="default"`), answer: Yes, kind: Served},
		{name: "the sum of all Services under one name", doc: edit(t, by, "sum by (exported_namespace)", "<<.LabelMatchers>>", `exported_namespace="default"`, "    sum by (exported_namespace) (rate(kong_upstream_latency_ms_sum", `    label_replace(sum by (exported_namespace) (rate(kong_upstream_latency_ms_sum`, "[60s:10s]))\n      /\n", "[60s:10s])), \"exported_service\", \"echo\", \"\", \"\")\n      / on (exported_namespace) group_left()\n"), answer: No, kind: ServiceIgnored},
		{name: "the metric's name is wrong", doc: edit(t, "latency_ms_sum{", "latency_sum{"), answer: No, kind: SelectorMatchesNothing},
		{name: "names joined by regex", doc: edit(t, "kong_upstream_latency_ms_sum{", `{__name__=~"kong_upstream_latency_ms_(sum|count)",`), answer: No, kind: QueryFails},
		{name: "quantile of buckets", doc: edit(t, "    "+by+" (rate(kong_upstream_latency_ms_sum", "    histogram_quantile(0.9, sum by (le, exported_service) (rate(kong_upstream_latency_ms_bucket", "[60s:10s]))\n      /", "[60s:10s])))\n      +"), answer: Yes, kind: Served},
		{name: "quantile without le", doc: edit(t, "    "+by+" (rate(kong_upstream_latency_ms_sum", "    histogram_quantile(0.9, sum by (exported_service) (rate(kong_upstream_latency_ms_bucket", "[60s:10s]))\n      /", "[60s:10s])))\n      +"), answer: No, kind: QueryGivesNothing},
		{name: "kept while there is no traffic", doc: seedRule + "      and sum by (exported_service) (rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[1m])) > 0\n", answer: Yes, kind: Served},
		{name: "a threshold nobody knows", doc: seedRule + "      > 10\n", answer: Unknown, kind: QueryUndecided},
		{name: "never with traffic", doc: seedRule + "      unless " + "sum by (exported_service) (rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[1m])) > 0\n", answer: No, kind: QueryGivesNothing},
		{name: "filled up", doc: seedRule + "      or vector(0)\n", answer: Yes, kind: Served},
		{name: "an experimental function", doc: edit(t, "rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[60s:10s])", "mad_over_time(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[60s])"), answer: Unknown, kind: QueryUndecided},
		{name: "a computed duration", doc: edit(t, "[60s:10s]", "[1m*1]"), answer: Yes, kind: Served},
		{name: "a subquery with one step in its range", doc: edit(t, "[60s:10s]", "[60s:60s]"), answer: No, kind: QueryGivesNothing},
		{name: "a subquery with one step or two", doc: edit(t, "[60s:10s]", "[60s:45s]"), answer: Unknown, kind: QueryUndecided},
		{name: "in the future", doc: edit(t, "[60s:10s]", "[60s] offset -1h"), answer: No, kind: QueryGivesNothing},
		{name: "at one moment", doc: edit(t, "[60s:10s]", "[60s] @ 1609746000"), answer: No, kind: QueryGivesNothing},
		{name: "between bounds that exclude each other", doc: oneQuery("clamp(" + ratio + ", 10, 5)"), answer: No, kind: QueryGivesNothing},
		{name: "the label is emptied", doc: oneQuery("label_replace(" + ratio + ", 'exported_service', '', 'exported_service', '.*')"), answer: No, kind: LabelLost},
		{name: "the largest of all Services", doc: oneQuery("topk(1, " + all + ")"), answer: No, kind: NamespaceIgnored},
		{name: "larger than all", doc: oneQuery(ratio + " == on () group_left max(" + allByNamespace + ")"), answer: Unknown, kind: QueryUndecided},
		{name: "while anybody has traffic", doc: oneQuery(ratio + " and on (exported_service) sum by (exported_service) (rate(kong_upstream_latency_ms_count[1m])) > 0"), answer: Yes, kind: Served},
		{name: "joined with the target", doc: oneQuery(ratio + " * on () group_left () up"), answer: Yes, kind: Served},
		{name: "in seconds", doc: oneQuery(ratio + " / 1000"), answer: Wrong, kind: WrongValue},
		{name: "a quantile since the start", doc: oneQuery("histogram_quantile(0.95, sum by (le, exported_service) (kong_upstream_latency_ms_bucket{<<.LabelMatchers>>}))"), answer: Wrong, kind: WrongValue,
			check: func(t *testing.T, v Verdict) { equal(t, v.Given.Meaning, sim.Lifetime) }},
		{name: "a later rule over series of the scrape", doc: seedRule + "- {seriesQuery: scrape_duration_seconds, resources: {template: <<.Resource>>}, name: {as: " + seedMetric + "}, metricsQuery: 'sum('}\n", answer: No, kind: QueryInvalid,
			check: func(t *testing.T, v Verdict) { equal(t, v.Rule, 1); equal(t, v.Earlier, 0) }},
		{name: "an unknown function", doc: edit(t, "rate(", "rates("), answer: No, kind: QueryInvalid},
		{name: "a template that runs for ever", doc: edit(t, "<<.LabelMatchers>>", "<<range 1000000000>><<end>>"), answer: Unknown, kind: QueryUndecided},

		{name: "pinned to another namespace that has no series", doc: edit(t, `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`), answer: No, kind: SeriesQueryMatchesNothing},
		{name: "pinned to another namespace, series not known", doc: edit(t, `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`),
			target: func(x *Target) { x.OthersKnown = false }, answer: Unknown, kind: RulePinned},
		{name: "pinned to another namespace that has series", doc: edit(t, `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`),
			target: func(x *Target) { x.Others = kong("prod", "shop") }, answer: Yes, kind: Served},
		{name: "pinned and broken", doc: edit(t, `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`, by, "sum"),
			target: func(x *Target) { x.OthersKnown = false }, answer: No, kind: LabelLost},
		{name: "a pinned, broken duplicate comes later", doc: seedRule + strings.TrimPrefix(edit(t, `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`, by, "sum"), "\nrules:\n"),
			target: func(x *Target) { x.OthersKnown = false }, answer: Unknown, kind: RuleShadowed},

		{name: "metric selector", doc: seedRule, target: func(x *Target) { x.Selector = selector(t, "kubernetes_kind=service") }, answer: Yes, kind: Served},
		{name: "metric selector that misses", doc: seedRule, target: func(x *Target) { x.Selector = selector(t, "version=v2") }, answer: No, kind: SelectorMatchesNothing,
			check: func(t *testing.T, v Verdict) { equal(t, v.Mismatch.Label, "version") }},
		{name: "metric selector with Gt", doc: seedRule, target: func(x *Target) { x.Selector = selector(t, "version>2") }, answer: No, kind: MetricSelectorUnsupported},

		{name: "another namespace", doc: seedRule, target: func(x *Target) { x.Namespace, x.Series = "kong-system", kong("kong-system", "echo") }, answer: Yes, kind: Served},
		{name: "another metric", doc: seedRule, target: func(x *Target) { x.Metric = "kong_latency" }, answer: No, kind: NameDiffers},
	} {
		t.Run(tc.name, func(t *testing.T) {
			target := echo()
			if tc.target != nil {
				tc.target(&target)
			}
			c := mustParse(t, tc.doc)
			v := Explain(c, target)
			if v.Answer != tc.answer || v.Kind != tc.kind {
				t.Fatalf("got %s, %s, want %s, %s\n%+v", v.Answer, v.Kind, tc.answer, tc.kind, v)
			}
			if tc.check != nil {
				tc.check(t, v)
			}
		})
	}
}

func TestExplainOtherGroup(t *testing.T) {
	knative := &metav1.APIResourceList{GroupVersion: "serving.knative.dev/v1", APIResources: []metav1.APIResource{
		{Name: "services", SingularName: "service", Kind: "Service", Namespaced: true},
	}}
	core := &metav1.APIResourceList{GroupVersion: "v1", APIResources: []metav1.APIResource{
		{Name: "namespaces", SingularName: "namespace", Kind: "Namespace"},
		{Name: "services", SingularName: "service", Kind: "Service", Namespaced: true},
	}}
	r := adapterconfig.NewResources([]*metav1.APIResourceList{knative, core})
	parse := func(doc string) Verdict {
		c, err := adapterconfig.Parse([]byte(doc), r)
		if err != nil {
			t.Fatal(err)
		}
		return Explain(c, echo())
	}
	if v := parse(seedRule); v.Kind != Served {
		t.Errorf("without a group core must be preferred, got %+v", v)
	}
	v := parse(edit(t, `        resource: "service"`, "        resource: service\n        group: serving.knative.dev")) // row 7
	if v.Answer != No || v.Kind != ServiceNotMapped {
		t.Errorf("got %+v", v)
	}
	if diff := cmp.Diff("[namespaces services.serving.knative.dev]", text(v.Resources)); diff != "" {
		t.Error(diff)
	}
}

// A resources.template that is not executed leaves open which labels it maps,
// unless an override decides that.
func TestUndecidedResourceTemplate(t *testing.T) {
	const undecided = `    template: 'exported_<<print .Resource>>'` + "\n"
	later := strings.TrimPrefix(edit(t, overridesBlock, undecided), "\nrules:\n")
	for name, tc := range map[string]struct {
		doc  string
		kind Kind
		path string
	}{
		"alone":                     {edit(t, overridesBlock, undecided), QueryUndecided, "rules[0].resources.template"},
		"beside overrides":          {edit(t, "    overrides:\n", undecided+"    overrides:\n"), Served, "rules[0].metricsQuery"},
		"beside another override":   {edit(t, overridesBlock, undecided+"    overrides: {pod: {resource: pod}}\n"), QueryUndecided, "rules[0].resources.template"},
		"beside an absent override": {edit(t, overridesBlock, undecided+"    overrides: {none: {resource: service}}\n"), QueryUndecided, "rules[0].resources.template"},
		"for the namespace":         {edit(t, "      exported_namespace:\n        resource: \"namespace\"\n", "", "    overrides:\n", undecided+"    overrides:\n"), QueryUndecided, "rules[0].resources.template"},
		"after a rule that serves":  {seedRule + later, QueryUndecided, "rules[1].resources.template"},
		"before a rule that serves": {edit(t, overridesBlock, undecided) + strings.TrimPrefix(seedRule, "\nrules:\n"), Served, "rules[1].metricsQuery"},
		"of another metric":         {seedRule + strings.ReplaceAll(later, seedMetric, "other"), Served, "rules[0].metricsQuery"},
	} {
		v := Explain(mustParse(t, tc.doc), echo())
		if v.Kind != tc.kind || v.Path.String() != tc.path || (v.Answer == Unknown) != (tc.kind == QueryUndecided) {
			t.Errorf("%s: got %+v, want %s at %s", name, v, tc.kind, tc.path)
		}
	}
}
