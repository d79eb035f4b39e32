package adapterregistry

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

const seedRule = `
rules:
- seriesQuery: '{__name__=~"^kong_upstream_latency_ms_(sum|count)",kubernetes_namespace!="",kubernetes_name!="",kubernetes_kind!=""}'
  resources:
    overrides:
      exported_namespace:
        resource: "namespace"
      exported_service:
        resource: "service"
  name:
    as: "kong_upstream_latency_ms_60s_average"
  metricsQuery: |
    sum by (exported_service) (rate(kong_upstream_latency_ms_sum{<<.LabelMatchers>>}[60s:10s]))
      /
    sum by (exported_service) (rate(kong_upstream_latency_ms_count{<<.LabelMatchers>>}[60s:10s]))
`

const seedMetric = "kong_upstream_latency_ms_60s_average"

// kong is what one data plane's histogram looks like once it is scraped
// without honorLabels.
func kong(namespace, service string) []adapterconfig.Series {
	var series []adapterconfig.Series
	for _, suffix := range []string{"bucket", "count", "sum"} {
		labels := map[string]string{
			"namespace":             "kong-system",
			"service":               "kong-operator-metrics",
			"pod":                   "kong-operator-0",
			"container":             "manager",
			"endpoint":              "http",
			"job":                   "kong-operator-metrics",
			"instance":              "10.0.0.1:8080",
			"exported_namespace":    namespace,
			"exported_service":      service,
			"kubernetes_apiversion": "v1",
			"kubernetes_kind":       "service",
			"kubernetes_name":       service,
			"kubernetes_namespace":  namespace,
			"dataplane_url":         "https://10.0.0.9:8444",
		}
		if suffix == "bucket" {
			labels["le"] = "100"
		}
		series = append(series, adapterconfig.Series{Name: "kong_upstream_latency_ms_" + suffix, Labels: labels})
	}
	return series
}

func mustParse(t testing.TB, doc string) *adapterconfig.Config {
	t.Helper()
	c, err := adapterconfig.Parse([]byte(doc), adapterconfig.CoreResources)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return c
}

// listed is the registry for a cluster with the built-in kinds.
func listed(c *adapterconfig.Config, found map[string][]adapterconfig.Series) *Registry {
	return New(c, adapterconfig.CoreResources, found)
}

func selector(t *testing.T, s string) labels.Selector {
	t.Helper()
	sel, err := labels.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return sel
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
