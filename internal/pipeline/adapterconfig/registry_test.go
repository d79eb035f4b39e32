package adapterconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestRegistryOfTheSeed(t *testing.T) {
	c := mustParse(t, seedRule)
	g := c.Registry(map[string][]Series{c.SeriesQueries()[0]: kong("default", "echo")[1:]})

	wantKeys := []Key{
		{Resource: namespaces, Metric: seedMetric},
		{Resource: schema.GroupResource{Resource: "services"}, Namespaced: true, Metric: seedMetric},
	}
	if diff := cmp.Diff(wantKeys, g.Keys()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}

	got, err := g.Query(wantKeys[1], "default", []string{"echo"}, labels.Everything())
	if err != nil {
		t.Fatal(err)
	}
	want := Query{
		Series: "kong_upstream_latency_ms_sum",
		Label:  "exported_service",
		Expr: `sum by (exported_service) (rate(kong_upstream_latency_ms_sum{exported_namespace="default",exported_service="echo"}[60s:10s]))
  /
sum by (exported_service) (rate(kong_upstream_latency_ms_count{exported_namespace="default",exported_service="echo"}[60s:10s]))
`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
}
