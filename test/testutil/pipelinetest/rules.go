package pipelinetest

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Edited replaces text of the guide's configuration; every first of a pair must
// be there.
func Edited(t testing.TB, pairs ...string) string {
	t.Helper()
	document := generator.AdapterConfig(generator.SeedAdapterRule())
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(document, pairs[i]) {
			t.Fatalf("the configuration has no %q:\n%s", pairs[i], document)
		}
		document = strings.ReplaceAll(document, pairs[i], pairs[i+1])
	}
	return document
}

// WithRules is the guide's configuration with further entries of rules.
func WithRules(t testing.TB, more string) string { return Edited(t) + more }

// Another is the guide's rule as a further entry, with text replaced.
func Another(t testing.TB, pairs ...string) string {
	return strings.TrimPrefix(Edited(t, pairs...), "rules:\n")
}

// Knative is a cluster with another kind called service.
func Knative() adapterconfig.Resources {
	return adapterconfig.NewResources([]*metav1.APIResourceList{
		{GroupVersion: "serving.knative.dev/v1", APIResources: []metav1.APIResource{
			{Name: "services", SingularName: "service", Kind: "Service", Namespaced: true},
		}},
		{GroupVersion: "v1", APIResources: []metav1.APIResource{
			{Name: "namespaces", SingularName: "namespace", Kind: "Namespace"},
			{Name: "services", SingularName: "service", Kind: "Service", Namespaced: true},
		}},
	})
}

// ConfigureWith is Configure for a cluster with these kinds.
func ConfigureWith(a *pipeline.Adapter, document string, r adapterconfig.Resources) {
	a.Document = document
	a.Config, a.ParseError = adapterconfig.Parse([]byte(document), r)
}

// ChartDocument are entries that look like those of prometheus-adapter's chart
// with rules.default: it is recognized by their six queries.
var ChartDocument = strings.Repeat(`- seriesQuery: '{__name__=~"^container_.*",container!="POD",namespace!="",pod!=""}'
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>}[5m])) by (<<.GroupBy>>)
`, 3) + strings.Repeat(`- seriesQuery: '{namespace!="",__name__!~"^container_.*"}'
  resources: {template: <<.Resource>>}
  metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
`, 3)

// Parts of the guide's configuration.
const (
	TextOverrides = "    overrides:\n      exported_namespace:\n        resource: namespace\n      exported_service:\n        resource: service\n"
	textService   = "exported_service:\n        resource: service\n"
	TextLabel     = "      exported_service:\n"
	TextAs        = "    as: kong_upstream_latency_ms_60s_average\n"
	TextBy        = "sum by (exported_service)"
	TextName      = "  name:\n"
	TextKind      = `kubernetes_kind!=""`
)

// WithQuery is the configuration of the guide with another metricsQuery.
func WithQuery(t testing.TB, query string) string {
	t.Helper()
	document := generator.AdapterConfig(generator.SeedAdapterRule())
	i := strings.Index(document, "metricsQuery: ")
	if i < 0 {
		t.Fatal("the guide's rule has no metricsQuery")
	}
	return document[:i] + "metricsQuery: '" + query + "'\n"
}
