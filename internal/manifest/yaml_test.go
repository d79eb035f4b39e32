package manifest

import (
	"strings"
	"testing"
)

func TestYAML(t *testing.T) {
	object := map[string]any{
		"kind": "Thing",
		"metadata": map[string]any{"name": "a", "creationTimestamp": nil, "uid": "1", "resourceVersion": "2",
			"annotations": map[string]any{"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
		"status": map[string]any{"ready": true},
	}
	want := "kind: Thing\nmetadata:\n  name: a\n"
	if got := YAML(object, object); got != want+"---\n"+want {
		t.Errorf("got\n%s", got)
	}
	// {} selects everything, and nothing selects nothing.
	all := map[string]any{"kind": "ServiceMonitor", "spec": map[string]any{"selector": map[string]any{}}}
	if got, want := YAML(all), "kind: ServiceMonitor\nspec:\n  selector: {}\n"; got != want {
		t.Errorf("got\n%s", got)
	}
	if got := YAML(make(chan int)); !strings.HasPrefix(got, "# encode YAML: ") {
		t.Errorf("got %q", got)
	}
}
