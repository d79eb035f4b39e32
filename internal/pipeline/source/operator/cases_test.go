package operator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// pipelineCase changes one thing of the good snapshot.
type pipelineCase struct {
	name   string
	change func(*testing.T, *pipeline.Snapshot)
	// want are the reasons found, in order; none means that the metric arrives.
	want []string
	// says must stand in the first finding's sentence.
	says string
}

// rules is a change of the adapter's configuration.
func rules(pairs ...string) func(*testing.T, *pipeline.Snapshot) {
	return func(t *testing.T, s *pipeline.Snapshot) {
		pipelinetest.Configure(&s.Adapter, pipelinetest.Edited(t, pairs...))
	}
}

func document(make func(*testing.T) string) func(*testing.T, *pipeline.Snapshot) {
	return func(t *testing.T, s *pipeline.Snapshot) { pipelinetest.Configure(&s.Adapter, make(t)) }
}

// monitor is a change of the service monitor.
func monitor(change func(*monitoringv1.ServiceMonitor)) func(*testing.T, *pipeline.Snapshot) {
	return func(_ *testing.T, s *pipeline.Snapshot) { change(s.ServiceMonitors.Items[0]) }
}

func endpoint(change func(*monitoringv1.Endpoint)) func(*testing.T, *pipeline.Snapshot) {
	return monitor(func(m *monitoringv1.ServiceMonitor) { change(&m.Spec.Endpoints[0]) })
}

func metricRelabeling(action, regex string, source ...monitoringv1.LabelName) func(*testing.T, *pipeline.Snapshot) {
	return endpoint(func(e *monitoringv1.Endpoint) {
		e.MetricRelabelConfigs = []monitoringv1.RelabelConfig{{Action: action, Regex: regex, SourceLabels: source}}
	})
}

func both(changes ...func(*testing.T, *pipeline.Snapshot)) func(*testing.T, *pipeline.Snapshot) {
	return func(t *testing.T, s *pipeline.Snapshot) {
		for _, c := range changes {
			c(t, s)
		}
	}
}

// better puts the rule by the labels kubernetes_* in the place of the guide's.
func better(t *testing.T, s *pipeline.Snapshot) {
	pipelinetest.Configure(&s.Adapter, generator.AdapterConfig(generator.AdapterRule(generator.Rule{})))
}

// The rows of the table of edge cases.
func TestRows(t *testing.T) {
	runCases(t, []pipelineCase{
		{name: "row 01: nothing changed", change: func(*testing.T, *pipeline.Snapshot) {}},
		{name: "row 03: resource svc", change: rules("resource: service\n", "resource: svc\n"),
			want: []string{"AdapterConfigInvalid"}, says: `rules[0].resources.overrides[exported_service]: "svc"`},
		{name: "row 05: group core", change: rules("resource: service\n", "resource: service\n        group: core\n"),
			want: []string{"AdapterConfigInvalid"}, says: "service.core"},
		{name: "row 07: group of Knative", change: func(t *testing.T, s *pipeline.Snapshot) {
			pipelinetest.ConfigureWith(&s.Adapter, pipelinetest.Edited(t, "resource: service\n", "resource: service\n        group: serving.knative.dev\n"), pipelinetest.Knative())
		}, want: []string{"AdapterRuleLabelMismatch"}, says: "services.serving.knative.dev"},
		{name: "row 09: template alone", change: rules(pipelinetest.TextOverrides, "    template: exported_<<.Resource>>\n")},
		{name: "row 11: template with the group", change: rules(pipelinetest.TextOverrides, "    template: exported_<<.Group>>_<<.Resource>>\n"),
			want: []string{"AdapterRuleLabelMismatch"}, says: "exported__service"},
		{name: "row 13: two overrides for services", change: rules(pipelinetest.TextLabel, "      service:\n        resource: service\n"+pipelinetest.TextLabel),
			want: []string{"AdapterRuleAmbiguous"}, says: "exported_service, service"},
		{name: "row 15: override and by differ", change: rules(pipelinetest.TextLabel, "      kubernetes_name:\n"),
			want: []string{"AdapterRuleLabelMismatch"}, says: "by (kubernetes_name)"},
		{name: "row 17: matches without as", change: rules(pipelinetest.TextAs, "    matches: latency_ms\n"),
			want: []string{"AdapterRuleNameDiffers"}, says: `"latency_ms"`},
		{name: "row 19: group runs into the name", change: rules(pipelinetest.TextAs, "    matches: ^(.*)_(?:sum|count)$\n    as: $1_60s_average\n"),
			want: []string{"AdapterRuleNameDiffers"}, says: `makes ""`},
		{name: "row 21: filter drops the counts", change: rules(pipelinetest.TextName, "  seriesFilters:\n  - isNot: _count$\n"+pipelinetest.TextName)},
		{name: "row 23: external rule", change: rules("rules:", "externalRules:"),
			want: []string{"AdapterRuleExternal"}, says: "externalRules[0]"},
		{name: "row 25: bad regular expression", change: rules(pipelinetest.TextAs, pipelinetest.TextAs+"    matches: '(['\n"),
			want: []string{"AdapterConfigInvalid"}, says: "rules[0].name.matches"},
		{name: "row 27: later duplicate with broken PromQL", change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, pipelinetest.Another(t, pipelinetest.TextBy, "sum by exported_service"))
		}), want: []string{"AdapterRuleShadowed"}, says: "rules[1] replaces rules[0]"},
		{name: "row 29: no by", change: rules(pipelinetest.TextBy, "sum"),
			want: []string{"AdapterRuleLabelMismatch"}, says: "loses label exported_service"},
		{name: "row 31: kind in the wrong case", change: rules(pipelinetest.TextKind, `kubernetes_kind="Service"`),
			want: []string{"AdapterRuleSeriesMismatch"}, says: `kubernetes_kind="Service" refuses them, they have "service"`},
		{name: "row 33: honorLabels", change: endpoint(func(e *monitoringv1.Endpoint) { e.HonorLabels = true }),
			want: []string{"ServiceMonitorHonorLabels"}},
		{name: "row 35: counts dropped", change: metricRelabeling("drop", "kong_upstream_latency_ms_count", "__name__"),
			want: []string{"ServiceMonitorSeriesDropped"}},
		{name: "row 35: buckets dropped", change: metricRelabeling("drop", "kong_upstream_latency_ms_bucket", "__name__")},
		{name: "row 37: no label release", change: monitor(func(m *monitoringv1.ServiceMonitor) { m.Labels = nil }),
			want: []string{"ServiceMonitorNotSelected"}},
		{name: "row 37: monitor in another namespace", change: both(namespace("monitoring"), monitor(func(m *monitoringv1.ServiceMonitor) { m.Namespace = "monitoring" })),
			want: []string{"ServiceMonitorNamespaceMismatch"}},
		{name: "row 39: latency off", change: func(_ *testing.T, s *pipeline.Snapshot) { s.Extensions.Items[0].Latency = false },
			want: []string{"ExtensionLatencyOff"}},
		{name: "row 39: extension in another namespace", change: both(namespace("kong"), func(_ *testing.T, s *pipeline.Snapshot) { s.Extensions.Items[0].Namespace = "kong" }),
			want: []string{"ExtensionInOtherNamespace"}},
	})
}

// Kin of the rows, by the rule that they stand for.
func TestNeighbours(t *testing.T) {
	runCases(t, []pipelineCase{
		// What an override names.
		{name: "resource in the plural", change: rules("resource: service\n", "resource: services\n")},
		{name: "resource in capitals", change: rules("resource: service\n", "resource: Service\n")},
		{name: "resource with a dot", change: rules("resource: service\n", "resource: service.core\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "resource with white space", change: rules("resource: service\n", "resource: 'service '\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "resource missing", change: rules("resource: service\n", "group: ''\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "namespace by its short name", change: rules("resource: namespace\n", "resource: ns\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "group empty", change: rules("resource: service\n", "resource: service\n        group: ''\n")},
		{name: "group apps", change: rules("resource: service\n", "resource: service\n        group: apps\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "group v1", change: rules("resource: service\n", "resource: service\n        group: v1\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "no group where Knative is installed", change: func(t *testing.T, s *pipeline.Snapshot) {
			pipelinetest.ConfigureWith(&s.Adapter, pipelinetest.Edited(t), pipelinetest.Knative())
		}},

		// Templates of labels.
		{name: "template of the target's labels", change: rules(pipelinetest.TextOverrides, "    template: <<.Resource>>\n"),
			want: []string{"AdapterRuleLabelMismatch"}},
		{name: "template without the resource", change: rules(pipelinetest.TextOverrides, "    template: exported\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "template with an unknown field", change: rules(pipelinetest.TextOverrides, "    template: exported_<<.Kind>>\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "template not closed", change: rules(pipelinetest.TextOverrides, "    template: exported_<<.Resource\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "template and override", change: rules(pipelinetest.TextOverrides, "    template: exported_<<.Resource>>\n    overrides:\n      kubernetes_name:\n        resource: service\n", pipelinetest.TextBy, "sum by (kubernetes_name)")},

		// Overrides.
		{name: "two overrides for namespaces", change: rules("      exported_namespace:\n", "      namespace:\n        resource: namespace\n      exported_namespace:\n"),
			want: []string{"AdapterRuleAmbiguous"}},
		{name: "two overrides, either will do", change: rules(pipelinetest.TextLabel, "      kubernetes_name:\n        resource: service\n"+pipelinetest.TextLabel, pipelinetest.TextBy, "sum by (<<.GroupBy>>)")},
		{name: "override and by are kubernetes_name", change: rules(pipelinetest.TextLabel, "      kubernetes_name:\n", pipelinetest.TextBy, "sum by (kubernetes_name)")},
		{name: "namespace by kubernetes_namespace", change: rules("exported_namespace:", "kubernetes_namespace:")},
		{name: "namespace of the target", change: rules("      exported_namespace:", "      namespace:"),
			want: []string{"AdapterRuleLabelMismatch"}, says: `namespace="default" refuses them, they have "kong-system"`},
		{name: "namespace not mapped", change: rules("      exported_namespace:\n        resource: namespace\n", ""),
			want: []string{"AdapterRuleLabelMismatch"}, says: "no label to namespaces"},
		{name: "Service not mapped", change: rules("      exported_service:\n        resource: service\n", ""),
			want: []string{"AdapterRuleLabelMismatch"}, says: "to core Services, only to [namespaces]"},
		{name: "label in another case", change: rules("exported_service:", "Exported_Service:"),
			want: []string{"AdapterRuleLabelMismatch"}, says: "exported_service, kubernetes_name"},

		// Names.
		{name: "group in braces", change: rules(pipelinetest.TextAs, "    matches: ^(.*)_(?:sum|count)$\n    as: ${1}_60s_average\n")},
		{name: "as is a group that is not there", change: rules(pipelinetest.TextAs, "    as: $1\n"), want: []string{"AdapterRuleNameDiffers"}},
		{name: "two groups without as", change: rules(pipelinetest.TextAs, "    matches: ^(.*)_(sum|count)$\n"), want: []string{"AdapterConfigInvalid"}},
		{name: "name in another case", change: rules(pipelinetest.TextAs, "    as: Kong_upstream_latency_ms_60s_average\n"), want: []string{"AdapterRuleNameDiffers"}},
		{name: "matches that no series has", change: rules(pipelinetest.TextAs, pipelinetest.TextAs+"    matches: ^upstream\n"),
			want: []string{"AdapterRuleSeriesMismatch"}, says: `rules[0].name.matches, "^upstream"`},

		// Filters.
		{name: "filter drops the sums", change: rules(pipelinetest.TextName, "  seriesFilters:\n  - isNot: _sum$\n"+pipelinetest.TextName)},
		{name: "filters drop everything", change: rules(pipelinetest.TextName, "  seriesFilters:\n  - isNot: ^kong_\n"+pipelinetest.TextName),
			want: []string{"AdapterRuleSeriesMismatch"}, says: `rules[0].seriesFilters[0].isNot, "^kong_"`},
		{name: "filter with is and isNot", change: rules(pipelinetest.TextName, "  seriesFilters:\n  - is: a\n    isNot: b\n"+pipelinetest.TextName), want: []string{"AdapterConfigInvalid"}},
		{name: "filter with neither", change: rules(pipelinetest.TextName, "  seriesFilters:\n  - {}\n"+pipelinetest.TextName), want: []string{"AdapterConfigInvalid"}},

		// The document.
		{name: "no rules", change: document(func(*testing.T) string { return "rules: []\n" }),
			want: []string{"AdapterRuleMissing"}, says: "there are no rules"},
		{name: "empty document", change: document(func(*testing.T) string { return "" }), want: []string{"AdapterRuleMissing"}},
		{name: "the values of the chart", change: document(func(*testing.T) string { return generator.SeedAdapterValues() }), want: []string{"AdapterConfigInvalid"}},
		{name: "unknown key", change: rules(pipelinetest.TextName, "  serieFilters: []\n"+pipelinetest.TextName), want: []string{"AdapterConfigInvalid"}, says: "rules[0].serieFilters"},
		{name: "key in another case", change: rules("- seriesQuery:", "- SeriesQuery:"), want: []string{"AdapterConfigInvalid"}},
		{name: "key twice", change: rules(pipelinetest.TextName, pipelinetest.TextName+pipelinetest.TextAs+pipelinetest.TextName), want: []string{"AdapterConfigInvalid"}},
		{name: "tab", change: rules(pipelinetest.TextName, "\t"+pipelinetest.TextName), want: []string{"AdapterConfigInvalid"}},
		{name: "mistake in a neighbour", change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, "- seriesQuery: up\n  name: {matches: '(['}\n")
		}), want: []string{"AdapterConfigInvalid"}, says: "rules[1].name.matches"},
		{name: "mistake in externalRules", change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, "externalRules:\n- seriesQuery: up\n  name: {matches: '(['}\n")
		}), want: []string{"AdapterConfigInvalid"}, says: "externalRules[0].name.matches"},
		{name: "age less than the interval", change: func(_ *testing.T, s *pipeline.Snapshot) {
			s.Adapter.ParseError = s.Adapter.Config.CheckIntervals(time.Minute, time.Second)
			s.Adapter.Config = nil
		}, want: []string{"AdapterConfigInvalid"}, says: "--metrics-max-age"},
		{name: "neighbour without seriesQuery", change: document(func(t *testing.T) string { return pipelinetest.WithRules(t, "- metricsQuery: up\n") }),
			want: []string{"AdapterRelistFails"}, says: "rules[1].seriesQuery"},
		{name: "neighbour that aggregates", change: document(func(t *testing.T) string { return pipelinetest.WithRules(t, "- seriesQuery: sum(up)\n") }),
			want: []string{"AdapterRelistFails"}},
		{name: "rules of others only", change: document(func(*testing.T) string { return "rules:\n- seriesQuery: up\n  metricsQuery: up\n" }),
			want: []string{"AdapterRuleMissing"}, says: "only rule"},
		{name: "the chart's own rules only", change: document(func(*testing.T) string { return "rules:\n" + pipelinetest.ChartDocument }),
			want: []string{"AdapterRuleMissing"}, says: "none of its 6 rules"},
		{name: "the chart's own rules first", change: document(func(t *testing.T) string { return "rules:\n" + pipelinetest.ChartDocument + pipelinetest.Another(t) })},

		// The order of rules.
		{name: "earlier duplicate with broken PromQL", change: document(func(t *testing.T) string {
			return pipelinetest.Edited(t, pipelinetest.TextBy, "sum by exported_service") + pipelinetest.Another(t)
		})},
		{name: "later duplicate that matches no series", change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, pipelinetest.Another(t, pipelinetest.TextBy, "sum by exported_service", "^kong_", "^other_"))
		})},
		{name: "later duplicate of another metric", change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, pipelinetest.Another(t, pipelinetest.TextBy, "sum by exported_service", pipelinetest.TextAs, "    as: other\n"))
		})},
		{name: "later duplicate pinned to another namespace", change: document(func(t *testing.T) string {
			return pipelinetest.WithRules(t, pipelinetest.Another(t, pipelinetest.TextBy, "sum", `kubernetes_namespace!=""`, `kubernetes_namespace="prod"`))
		}), want: []string{"AdapterRuleUndecided"}},
		{name: "pinned to another namespace", change: rules(`kubernetes_namespace!=""`, `kubernetes_namespace="prod"`),
			want: []string{"AdapterRuleUndecided"}},

		// Queries.
		{name: "no metricsQuery", change: document(func(t *testing.T) string { d := pipelinetest.Edited(t); return d[:strings.Index(d, "  metricsQuery")] }),
			want: []string{"AdapterRuleQueryBroken"}, says: "is empty"},
		{name: "braces", change: rules("<<.LabelMatchers>>", "{{.LabelMatchers}}"), want: []string{"AdapterRuleQueryBroken"}},
		{name: "unknown variable", change: rules("<<.LabelMatchers>>", "<<.LabelMatchersByName>>"), want: []string{"AdapterRuleQueryBroken"}},
		{name: "query template not closed", change: rules("<<.LabelMatchers>>", "<<.LabelMatchers"), want: []string{"AdapterConfigInvalid"}},
		{name: "matchers not used", change: rules("{<<.LabelMatchers>>}", ""), want: []string{"AdapterRuleMixesServices"}},
		{name: "by on one side", change: document(func(t *testing.T) string {
			return strings.Replace(pipelinetest.Edited(t), pipelinetest.TextBy, "sum", 1)
		}),
			want: []string{"AdapterRuleQueryBroken"}, says: "never agree"},
		{name: "by the group of the template", change: rules(pipelinetest.TextBy, "sum by (<<.GroupBy>>)")},
		{name: "without other labels", change: rules(pipelinetest.TextBy, "sum without (dataplane_url)")},
		{name: "not aggregated", change: rules(pipelinetest.TextBy, ""), want: []string{"AdapterRuleNotAggregated"}, says: "arbitrary"},
		{name: "series by the template", change: rules("kong_upstream_latency_ms_sum{", "<<.Series>>{"), want: []string{"AdapterRuleAmbiguous"}},
		{name: "name of the series wrong", change: rules("latency_ms_sum{", "latency_sum{"), want: []string{"AdapterRuleQueryBroken"}, says: "they are called"},
		{name: "regular expressions are anchored", change: rules("^kong_upstream_latency_ms_(sum|count)", "kong_upstream_latency"),
			want: []string{"AdapterRuleSeriesMismatch"}},
		{name: "kind as it is", change: rules(pipelinetest.TextKind, `kubernetes_kind="service"`)},

		// The better rule.
		{name: "better rule", change: better},
		{name: "better rule under honorLabels", change: both(better, endpoint(func(e *monitoringv1.Endpoint) { e.HonorLabels = true }))},
		{name: "exported labels dropped", change: metricRelabeling("labeldrop", "exported_.*"), want: []string{"ServiceMonitorLabelsLost"}},
		{name: "better rule, exported labels dropped", change: both(better, metricRelabeling("labeldrop", "exported_.*"))},
		{name: "better rule, counts dropped", change: both(better, metricRelabeling("drop", ".*_count", "__name__")), want: []string{"ServiceMonitorSeriesDropped"}},

		// The adapter and its API.
		{name: "configuration pending", change: func(_ *testing.T, s *pipeline.Snapshot) { s.Adapter.Pending = true },
			want: []string{"AdapterConfigPending"}},
		{name: "broken configuration pending", change: both(rules(pipelinetest.TextBy, "sum"), func(_ *testing.T, s *pipeline.Snapshot) { s.Adapter.Pending = true }),
			want: []string{"AdapterConfigPending"}},
		{name: "configuration forbidden", change: func(_ *testing.T, s *pipeline.Snapshot) {
			s.Adapter = pipeline.Adapter{State: pipeline.Unreadable, Why: "reading ConfigMap prometheus/prometheus-adapter is forbidden"}
		}, want: []string{"AdapterConfigUnread"}, says: "is forbidden"},
		{name: "no custom metrics API", change: func(_ *testing.T, s *pipeline.Snapshot) {
			s.MetricsAPI, s.Adapter = pipeline.MetricsAPI{State: pipeline.Known}, pipeline.Adapter{State: pipeline.NotInstalled, Why: "no API"}
		}, want: []string{"MetricsAPINotRegistered"}},
		{name: "API not available", change: func(_ *testing.T, s *pipeline.Snapshot) {
			s.MetricsAPI.Available, s.MetricsAPI.Message = false, "endpoints for service/prometheus-adapter have no addresses"
		}, want: []string{"MetricsAPIUnavailable"}, says: "have no addresses"},
		{name: "API of another adapter", change: func(_ *testing.T, s *pipeline.Snapshot) { s.MetricsAPI.ServiceNamespace = "datadog" },
			want: []string{"MetricsAPINotAdapters"}, says: "datadog/prometheus-adapter"},
		{name: "API not read", change: func(_ *testing.T, s *pipeline.Snapshot) {
			s.MetricsAPI = pipeline.MetricsAPI{State: pipeline.Unreadable, Why: "listing apiservices is forbidden"}
		}, want: []string{"MetricsAPIUnread"}, says: "is forbidden"},
		{name: "another metric", change: func(t *testing.T, s *pipeline.Snapshot) {
			pipelinetest.Configure(&s.Adapter, pipelinetest.Edited(t, pipelinetest.TextAs, "    as: kong_upstream_latency_ms_5m_average\n"))
		}, want: []string{"AdapterRuleNameDiffers"}, says: "kong_upstream_latency_ms_5m_average"},
	})
}

func runCases(t *testing.T, cases []pipelineCase) {
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := pipelinetest.Good()
			tc.change(t, s)
			found := diagnose(s).Findings()
			var got []string
			for _, f := range found {
				got = append(got, f.Reason.Name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Fatalf("reasons (-want +got):\n%s\n%v", diff, found)
			}
			if len(found) > 0 && !strings.Contains(found[0].Message, tc.says) {
				t.Errorf("the message does not say %q: %s", tc.says, found[0].Message)
			}
			declared(t, found)
			neverDeniesMore(t, tc.change)
		})
	}
}

// declared holds findings against their declarations.
func declared(t *testing.T, found []finding.Finding) {
	t.Helper()
	for _, f := range found {
		r := f.Reason
		if !slices.Contains(reasons(), r) {
			t.Errorf("%s is not in Reasons", r.Name)
			continue
		}
		if f.Severity != r.Severity || f.Hop() != r.Hop || f.Object.Kind == "" || f.Message == "" {
			t.Errorf("a finding that is not as declared: %+v", f)
		}
		if f.Severity != finding.Unknown && (f.Object.Name == "" || f.Fix.IsZero()) {
			t.Errorf("a finding without its object or its fix: %+v", f)
		}
		if strings.Contains(f.Message, "\n") {
			t.Errorf("a message of several lines: %q", f.Message)
		}
	}
}

func namespace(name string) func(*testing.T, *pipeline.Snapshot) {
	return func(_ *testing.T, s *pipeline.Snapshot) {
		s.Namespaces.Items = append(s.Namespaces.Items, pipelinetest.GoodNamespace(name))
	}
}
