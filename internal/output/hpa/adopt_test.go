package hpa

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// foreign is a HorizontalPodAutoscaler that is not managed, with a field that its Go type
// does not have.
func foreign(annotations map[string]any) *unstructured.Unstructured {
	metadata := map[string]any{"name": "old", "namespace": "default", "resourceVersion": "7", "labels": map[string]any{generator.ManagedByLabel: "Helm"}}
	if annotations != nil {
		metadata["annotations"] = annotations
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata,
		"spec": map[string]any{"maxReplicas": int64(4), "fromTheFuture": "kept",
			"scaleTargetRef": map[string]any{"kind": "Deployment", "name": "echo"}},
	}}
}

func patched(t *testing.T, u *unstructured.Unstructured, raw []byte, err error) *unstructured.Unstructured {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(raw)
	if err != nil {
		t.Fatal(err)
	}
	before, err := u.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	after, err := patch.Apply(before)
	if err != nil {
		t.Fatal(err)
	}
	out := &unstructured.Unstructured{}
	if err := out.UnmarshalJSON(after); err != nil {
		t.Fatal(err)
	}
	return out
}

func fromUnstructured(t *testing.T, u *unstructured.Unstructured) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	var h autoscalingv2.HorizontalPodAutoscaler
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &h); err != nil {
		t.Fatal(err)
	}
	return &h
}

func desired(t *testing.T, p plan.Plan) *unstructured.Unstructured {
	t.Helper()
	u, err := Output{}.Desired(p)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAnAdoptedAutoscalerIsRestoredAsItWas(t *testing.T) {
	for name, present := range map[string]map[string]any{"without annotations": nil, "with annotations": {"a/b": "c"}} {
		t.Run(name, func(t *testing.T) {
			p := testutil.Plan(t, enabled())
			p.Name, p.Adopted = "old", true
			raw, err := output.AdoptPatch(foreign(present), desired(t, p))
			adopted := patched(t, foreign(present), raw, err)
			if h := fromUnstructured(t, adopted); !output.Adopted(h) || !(Output{}).UpToDate(h, p) || output.Created(h) {
				t.Errorf("adopted is %v, up to date %v, created %v", output.Adopted(h), Output{}.UpToDate(h, p), output.Created(h))
			}
			p.MaxReplicas = 9
			raw, err = output.UpdatePatch(fromUnstructured(t, adopted), desired(t, p))
			changed := patched(t, adopted, raw, err)
			if h := fromUnstructured(t, changed); !(Output{}).UpToDate(h, p) {
				t.Errorf("updated, it is %+v", h.Spec)
			}
			raw, err = output.RestorePatch(fromUnstructured(t, changed))
			restored := patched(t, changed, raw, err)
			want := foreign(present)
			if present == nil {
				want.Object["metadata"].(map[string]any)["annotations"] = map[string]any{} // as good as none
			}
			if diff := cmp.Diff(asMap(t, want), asMap(t, restored)); diff != "" {
				t.Errorf("restored (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPatchDoesNotApplyToAChangedObject(t *testing.T) {
	raw, err := output.AdoptPatch(foreign(nil), desired(t, testutil.Plan(t, enabled())))
	if err != nil {
		t.Fatal(err)
	}
	newer := foreign(nil)
	newer.SetResourceVersion("8")
	patch, err := jsonpatch.DecodePatch(raw)
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := patch.Apply(before); err == nil {
		t.Error("applied")
	}
}

func TestAnUnreadablePreviousSpecIsNotRestored(t *testing.T) {
	for _, previous := range []string{"", "x", "{}", "[]", "null"} {
		h := &autoscalingv2.HorizontalPodAutoscaler{}
		h.Annotations = map[string]string{output.PreviousSpec: previous}
		if _, err := output.RestorePatch(h); err == nil {
			t.Errorf("%q gives a patch", previous)
		}
	}
}

func enabled() map[string]string { return map[string]string{annotations.TargetMS: "40"} }
