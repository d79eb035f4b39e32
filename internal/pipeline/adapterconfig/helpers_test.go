package adapterconfig

import (
	"testing"
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

func mustParse(t testing.TB, doc string) *Config {
	t.Helper()
	c, err := Parse([]byte(doc), CoreResources)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return c
}
