package annotate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

// Every key that users may write has a flag.
func TestEffective(t *testing.T) {
	have := map[string]string{annotations.TargetMS: "40", annotations.MinReplicas: "2"}
	c := Changes{
		annotations.TargetMS:    ptr.To("40"),
		annotations.MinReplicas: nil,
		annotations.MaxReplicas: nil,
		annotations.Metric:      ptr.To("x"),
	}
	want := Changes{annotations.MinReplicas: nil, annotations.Metric: ptr.To("x")}
	if diff := cmp.Diff(want, c.effective(have)); diff != "" {
		t.Error(diff)
	}
}

func TestPatchNamesNothingElse(t *testing.T) {
	raw, err := Changes{annotations.TargetMS: ptr.To("40"), annotations.MinReplicas: nil}.patch()
	want := `{"metadata":{"annotations":{"kong.latency/min-replicas":null,"kong.latency/target-ms":"40"}}}`
	if err != nil || string(raw) != want {
		t.Errorf("got %s and %v, want %s", raw, err, want)
	}
}

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		kind annotations.Kind
		have map[string]string
		c    Changes
		want string
	}{
		"good":            {annotations.OnDeployment, nil, Changes{annotations.TargetMS: ptr.To("40")}, ""},
		"bad value":       {annotations.OnDeployment, nil, Changes{annotations.TargetMS: ptr.To("40ms")}, `kong.latency/target-ms]: Invalid value: "40ms": must be`},
		"wrong kind":      {annotations.OnDeployment, nil, Changes{annotations.Deployment: ptr.To("a")}, "belongs on a Service"},
		"against another": {annotations.OnDeployment, map[string]string{annotations.MaxReplicas: "3"}, Changes{annotations.MinReplicas: ptr.To("4")}, "must be at most kong.latency/max-replicas, which is 3"},
		"old mistake":     {annotations.OnService, map[string]string{annotations.Prefix + "targt-ms": "4"}, Changes{annotations.MinReplicas: ptr.To("4")}, "did you mean kong.latency/target-ms?"},
		"removal":         {annotations.OnService, map[string]string{annotations.Prefix + "a": "4", annotations.Prefix + "b": "4"}, Changes{annotations.Prefix + "a": nil}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := ""
			if err := tc.c.check(tc.kind, tc.have); err != nil {
				text = err.Error()
			}
			if (text == "") != (tc.want == "") || !strings.Contains(text, tc.want) {
				t.Errorf("got %q, want %q", text, tc.want)
			}
		})
	}
}

func TestRemoval(t *testing.T) {
	have := map[string]string{annotations.TargetMS: "40", annotations.Prefix + "typo": "x", "team": "a"}
	if diff := cmp.Diff(Changes{annotations.TargetMS: nil, annotations.Prefix + "typo": nil}, Removal(have, nil, true)); diff != "" {
		t.Errorf("all: %s", diff)
	}
	if diff := cmp.Diff(Changes{annotations.TargetMS: nil}, Removal(have, []string{annotations.TargetMS, annotations.Metric}, false)); diff != "" {
		t.Errorf("some: %s", diff)
	}
}

func TestDiff(t *testing.T) {
	object := func(annotations map[string]any, version string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment",
			"metadata": map[string]any{"name": "echo", "annotations": annotations, "resourceVersion": version},
		}}
	}
	got, err := diff("deployment.apps/echo", object(map[string]any{"a": "1"}, "1"), object(map[string]any{"a": "1", "kong.latency/target-ms": "40"}, "2"))
	want := `--- deployment.apps/echo (live)
+++ deployment.apps/echo (changed)
@@ -3,4 +3,5 @@
 metadata:
   annotations:
     a: "1"
+    kong.latency/target-ms: "40"
   name: echo
`
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
