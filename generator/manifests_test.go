package generator

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// parsed is YAML as plain values: comments, order and quotes do not count.
func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.UnmarshalStrict([]byte(text), &v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v
}

func testdata(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The guide's own YAML, field for field.
func TestGuide(t *testing.T) {
	for name, got := range map[string]string{
		"seed-servicemonitor.yaml": manifest.YAML(SeedServiceMonitor()),
		"seed-adapter-values.yaml": SeedAdapterValues(),
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(parsed(t, testdata(t, name)), parsed(t, got)); diff != "" {
				t.Error("(-guide +got)\n" + diff)
			}
		})
	}
}

// What people read, byte for byte.
func TestGolden(t *testing.T) {
	monitor := Monitor{
		Namespace: "kong-system", Name: "kong-operator", Labels: map[string]string{"release": "prometheus"},
		ServiceLabels: map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/component": "ko"},
		Port:          "http", Scheme: "http",
	}
	elsewhere := monitor
	elsewhere.Namespace, elsewhere.ServiceNamespace, elsewhere.Interval = "monitoring", "kong-system", "30s"
	for name, got := range map[string]string{
		"servicemonitor.yaml":           manifest.YAML(ServiceMonitor(monitor)),
		"servicemonitor-elsewhere.yaml": manifest.YAML(ServiceMonitor(elsewhere)),
		"extension.yaml":                manifest.YAML(MetricsExtension("default", "kong-latency", "echo", "other")),
		"adapter-rule.yaml":             AdapterRuleYAML(Rule{}),
		"adapter-rule-hold.yaml":        AdapterRuleYAML(Rule{Metric: "upstream_latency", NoTraffic: Hold, Window: "2m"}),
		"adapter-values.yaml":           AdapterValues(Rule{}),
		"adapter-configmap.yaml": manifest.YAML(
			AdapterConfigMap("prometheus", "prometheus-adapter", "config.yaml", AdapterConfig(AdapterRule(Rule{}), SeedAdapterRule()))),
	} {
		t.Run(name, func(t *testing.T) {
			if *update {
				if err := os.WriteFile(filepath.Join("testdata", name), []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(testdata(t, name), got); diff != "" {
				t.Error("(-golden +got; rewrite with -update)\n" + diff)
			}
		})
	}
}

// A monitor beside its Service needs no namespaceSelector, and none is written.
func TestServiceMonitorOfItsOwnNamespace(t *testing.T) {
	m := Monitor{Namespace: "kong-system", Name: "x", ServiceNamespace: "kong-system", Port: "http"}
	if names := ServiceMonitor(m).Spec.NamespaceSelector.MatchNames; len(names) != 0 {
		t.Errorf("got namespaces %v", names)
	}
}

// Rules of others go before the product's, which then wins, and lose nothing but what is empty.
func TestAdapterValuesKeepOtherRules(t *testing.T) {
	other := map[string]any{"seriesQuery": "up", "seriesFilters": []any{}, "name": map[string]any{"as": "up", "matches": ""}}
	got := parsed(t, AdapterValues(Rule{}, other))
	custom := got.(map[string]any)["rules"].(map[string]any)["custom"].([]any)
	want := map[string]any{"seriesQuery": "up", "name": map[string]any{"as": "up"}}
	if len(custom) != 2 || !cmp.Equal(custom[0], any(want)) {
		t.Errorf("got %v", custom)
	}
}
