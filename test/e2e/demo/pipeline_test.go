package main

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/test/guide"
)

// changed returns the string at a path of one of the guide's objects in the scenario.
func (s scenario) changed(t *testing.T, part, kind string, path ...string) string {
	t.Helper()
	objects, err := s.options(nil).Objects(part)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == kind })
	if i < 0 {
		t.Fatalf("part %s has no %s", part, kind)
	}
	text, _, err := unstructured.NestedString(objects[i].Object, path...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What the autoscaler has in the end, and nothing else, is what the adapter provides.
func TestScenariosFitTheirRules(t *testing.T) {
	for name, s := range scenarios {
		text := s.changed(t, guide.Adapter, "ConfigMap", "data", guide.AdapterConfigKey)
		config, err := adapterconfig.Parse([]byte(text), adapterconfig.CoreResources)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		var made []string
		for i := range config.Len() {
			made = append(made, config.Rule(i).Name.As)
		}
		if !slices.Equal(made, s.metrics) {
			t.Errorf("%s: the adapter makes %q, not %q", name, made, s.metrics)
		}
	}
}

func TestPrometheusScrapesAsTheScenarioSays(t *testing.T) {
	for name, want := range map[string]string{"seed": "5s", "load": "5s"} {
		if got := scenarios[name].changed(t, guide.Prometheus, "Prometheus", "spec", "scrapeInterval"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
