package set

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/cli/live"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// Every key that users may write has a flag.
func TestEveryKeyHasAFlag(t *testing.T) {
	for _, k := range annotations.Keys() {
		has := slices.ContainsFunc(flags, func(f flag) bool { return f.key == k.Name })
		if has == k.Written {
			t.Errorf("%s: has a flag: %v, written by the product: %v", k.Name, has, k.Written)
		}
	}
}

func TestBareFlagsAreAllowedValues(t *testing.T) {
	for _, f := range flags {
		if f.bare == "" {
			continue
		}
		if p := annotations.Parse(annotations.OnDeployment, map[string]string{f.key: f.bare}); len(p.Violations) > 0 {
			t.Errorf("--%s: %v", f.name, p.Violations)
		}
	}
}

func TestEffective(t *testing.T) {
	have := map[string]string{annotations.TargetMS: "40", annotations.MinReplicas: "2"}
	c := changes{
		annotations.TargetMS:    ptr.To("40"),
		annotations.MinReplicas: nil,
		annotations.MaxReplicas: nil,
		annotations.Metric:      ptr.To("x"),
	}
	want := changes{annotations.MinReplicas: nil, annotations.Metric: ptr.To("x")}
	if diff := cmp.Diff(want, c.effective(have)); diff != "" {
		t.Error(diff)
	}
}

func TestPatchNamesNothingElse(t *testing.T) {
	raw, err := changes{annotations.TargetMS: ptr.To("40"), annotations.MinReplicas: nil}.patch()
	want := `{"metadata":{"annotations":{"kong.latency/min-replicas":null,"kong.latency/target-ms":"40"}}}`
	if err != nil || string(raw) != want {
		t.Errorf("got %s and %v, want %s", raw, err, want)
	}
}

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		kind annotations.Kind
		have map[string]string
		c    changes
		want string
	}{
		"good":            {annotations.OnDeployment, nil, changes{annotations.TargetMS: ptr.To("40")}, ""},
		"bad value":       {annotations.OnDeployment, nil, changes{annotations.TargetMS: ptr.To("40ms")}, `kong.latency/target-ms]: Invalid value: "40ms": must be`},
		"wrong kind":      {annotations.OnDeployment, nil, changes{annotations.Deployment: ptr.To("a")}, "belongs on a Service"},
		"against another": {annotations.OnDeployment, map[string]string{annotations.MaxReplicas: "3"}, changes{annotations.MinReplicas: ptr.To("4")}, "must be at most kong.latency/max-replicas, which is 3"},
		"old mistake":     {annotations.OnService, map[string]string{annotations.Prefix + "targt-ms": "4"}, changes{annotations.MinReplicas: ptr.To("4")}, "did you mean kong.latency/target-ms?"},
		"removal":         {annotations.OnService, map[string]string{annotations.Prefix + "a": "4", annotations.Prefix + "b": "4"}, changes{annotations.Prefix + "a": nil}, ""},
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
	if diff := cmp.Diff(changes{annotations.TargetMS: nil, annotations.Prefix + "typo": nil}, removal(have, nil, true)); diff != "" {
		t.Errorf("all: %s", diff)
	}
	if diff := cmp.Diff(changes{annotations.TargetMS: nil}, removal(have, []string{annotations.TargetMS, annotations.Metric}, false)); diff != "" {
		t.Errorf("some: %s", diff)
	}
}

func TestSplitArgs(t *testing.T) {
	refs, keys, err := splitArgs([]string{"deploy/echo", "min-replicas", "kong.latency/max-replicas", "svc/echo"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]live.Ref{{Kind: annotations.OnDeployment, Name: "echo"}, {Kind: annotations.OnService, Name: "echo"}}, refs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{annotations.MinReplicas, annotations.MaxReplicas}, keys); diff != "" {
		t.Error(diff)
	}
	for _, args := range [][]string{{"min-replicas"}, {"pod/x"}, {"deployment/"}, {"deployment/a/b"}} {
		if _, _, err := splitArgs(args); err == nil {
			t.Errorf("%v: no error", args)
		}
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
