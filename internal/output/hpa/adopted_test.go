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
	"github.com/kong-latency/kong-latency/test/testutil"
)

// theirs is somebody's HorizontalPodAutoscaler, with a field that no type of ours knows.
func theirs(annotations map[string]any) *unstructured.Unstructured {
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

func typed(t *testing.T, u *unstructured.Unstructured) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	var h autoscalingv2.HorizontalPodAutoscaler
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &h); err != nil {
		t.Fatal(err)
	}
	return &h
}

func TestWhatIsAdoptedIsGivenBackAsItWas(t *testing.T) {
	for name, present := range map[string]map[string]any{"without annotations": nil, "with annotations": {"a/b": "c"}} {
		t.Run(name, func(t *testing.T) {
			p := testutil.Plan(t, asking())
			p.Name, p.Adopted = "old", true
			raw, err := AdoptPatch(theirs(present), p)
			taken := patched(t, theirs(present), raw, err)
			if h := typed(t, taken); !Adopted(h) || !UpToDate(h, p) || MadeByUs(h) {
				t.Errorf("adopted is %v, up to date %v, made by us %v", Adopted(h), UpToDate(h, p), MadeByUs(h))
			}
			p.MaxReplicas = 9
			raw, err = RespecPatch(typed(t, taken), p)
			changed := patched(t, taken, raw, err)
			if h := typed(t, changed); !UpToDate(h, p) {
				t.Errorf("changed, it is %+v", h.Spec)
			}
			raw, err = ReturnPatch(typed(t, changed))
			back := patched(t, changed, raw, err)
			want := theirs(present)
			if present == nil {
				want.Object["metadata"].(map[string]any)["annotations"] = map[string]any{} // as good as none
			}
			if diff := cmp.Diff(asMap(t, want), asMap(t, back)); diff != "" {
				t.Errorf("given back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPatchDoesNotApplyToWhatHasChanged(t *testing.T) {
	raw, err := AdoptPatch(theirs(nil), testutil.Plan(t, asking()))
	if err != nil {
		t.Fatal(err)
	}
	newer := theirs(nil)
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

func TestAFormerSpecThatCannotBeReadIsNotGivenBack(t *testing.T) {
	for _, former := range []string{"", "x", "{}", "[]", "null"} {
		h := &autoscalingv2.HorizontalPodAutoscaler{}
		h.Annotations = map[string]string{FormerSpec: former}
		if _, err := ReturnPatch(h); err == nil {
			t.Errorf("%q gives a patch", former)
		}
	}
}

func asking() map[string]string { return map[string]string{annotations.TargetMS: "40"} }
