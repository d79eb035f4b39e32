package guide

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func TestPartsHoldWhatIsNamed(t *testing.T) {
	found := map[string]map[types.NamespacedName]bool{}
	for _, part := range Parts() {
		objects, err := Objects(part)
		if err != nil {
			t.Fatal(err)
		}
		if len(objects) == 0 {
			t.Errorf("part %s is empty", part)
		}
		for _, o := range objects {
			if found[o.GetKind()] == nil {
				found[o.GetKind()] = map[types.NamespacedName]bool{}
			}
			found[o.GetKind()][types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}] = true
		}
	}
	for kind, name := range map[string]types.NamespacedName{
		"Service": MetricsService, "Prometheus": PrometheusServer, "ConfigMap": AdapterConfigMap,
	} {
		if !found[kind][name] {
			t.Errorf("there is no %s %s, but %v", kind, name, found[kind])
		}
	}
	if text, err := AdapterConfig(); err != nil || text == "" {
		t.Errorf("configuration %q, error %v", text, err)
	}
}
