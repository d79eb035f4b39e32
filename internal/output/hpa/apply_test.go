package hpa

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWhatIsDesiredIsOwned(t *testing.T) {
	u := desired(t, testutil.Plan(t, map[string]string{annotations.TargetMS: "40"}))
	owners := u.GetOwnerReferences()
	if len(owners) != 1 {
		t.Fatalf("owners are %v, want the Deployment", owners)
	}
	o := owners[0]
	if o.UID != "uid-1" || o.Kind != "Deployment" || o.APIVersion != "apps/v1" || !*o.Controller || o.BlockOwnerDeletion != nil {
		t.Errorf("owner is %v", asMap(t, o))
	}
	if diff := cmp.Diff([]string{"apiVersion", "kind", "metadata", "spec"}, slices.Sorted(maps.Keys(u.Object))); diff != "" {
		t.Errorf("applied fields (-want +got):\n%s", diff)
	}
	metadata := u.Object["metadata"].(map[string]any)
	if diff := cmp.Diff([]string{"labels", "name", "namespace", "ownerReferences"}, slices.Sorted(maps.Keys(metadata))); diff != "" {
		t.Errorf("applied metadata (-want +got):\n%s", diff)
	}
}

// live is the plan's autoscaler as the API server returns it.
func live(p plan.Plan) *autoscalingv2.HorizontalPodAutoscaler {
	h := generator.HPA(p)
	h.UID = types.UID("hpa")
	h.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "echo",
		UID: types.UID(p.DeploymentUID), Controller: ptr.To(true)}}
	setSelectPolicy(h.Spec.Behavior) // which the API server defaults
	return h
}

func TestUpToDate(t *testing.T) {
	p := testutil.Plan(t, map[string]string{annotations.TargetMS: "40"})
	same := map[string]func(*autoscalingv2.HorizontalPodAutoscaler){
		"as applied":    func(*autoscalingv2.HorizontalPodAutoscaler) {},
		"further label": func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Labels["team"] = "a" },
		"annotation":    func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Annotations = map[string]string{"a": "b"} },
		"status":        func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Status.CurrentReplicas = 4 },
		"tolerance":     func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Behavior.ScaleUp.Tolerance = &p.Target },
	}
	for name, edit := range same {
		h := live(p)
		edit(h)
		if !(Output{}).UpToDate(h, p) {
			t.Errorf("%s: counts as different", name)
		}
	}
	different := map[string]func(*autoscalingv2.HorizontalPodAutoscaler){
		"min":         func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MinReplicas = ptr.To[int32](3) },
		"max":         func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 3 },
		"no behavior": func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Behavior = nil },
		"paused": func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Spec.Behavior.ScaleDown.SelectPolicy = ptr.To(autoscalingv2.DisabledPolicySelect)
		},
		"no metrics":   func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.Metrics = nil },
		"other target": func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.ScaleTargetRef.Name = "other" },
		"label gone":   func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Labels = nil },
		"owner gone":   func(h *autoscalingv2.HorizontalPodAutoscaler) { h.OwnerReferences = nil },
		"other owner":  func(h *autoscalingv2.HorizontalPodAutoscaler) { h.OwnerReferences[0].UID = "uid-2" },
	}
	for name, edit := range different {
		h := live(p)
		edit(h)
		if (Output{}).UpToDate(h, p) {
			t.Errorf("%s: counts as equal", name)
		}
	}
}

func TestPausedDisablesDirections(t *testing.T) {
	tests := map[string]struct {
		up, down autoscalingv2.ScalingPolicySelect
	}{
		"false":     {autoscalingv2.MaxChangePolicySelect, autoscalingv2.MaxChangePolicySelect},
		"true":      {autoscalingv2.DisabledPolicySelect, autoscalingv2.DisabledPolicySelect},
		"scale-in":  {autoscalingv2.MaxChangePolicySelect, autoscalingv2.DisabledPolicySelect},
		"scale-out": {autoscalingv2.DisabledPolicySelect, autoscalingv2.MaxChangePolicySelect},
	}
	for value, want := range tests {
		p := testutil.Plan(t, map[string]string{annotations.TargetMS: "40", annotations.Paused: value})
		b := fromUnstructured(t, desired(t, p)).Spec.Behavior
		if *b.ScaleUp.SelectPolicy != want.up || *b.ScaleDown.SelectPolicy != want.down {
			t.Errorf("paused %s: up %s, down %s, want %s, %s", value, *b.ScaleUp.SelectPolicy, *b.ScaleDown.SelectPolicy, want.up, want.down)
		}
		if len(b.ScaleUp.Policies) != 2 || len(b.ScaleDown.Policies) != 2 {
			t.Errorf("paused %s changes the policies, so that resuming would not restore them", value)
		}
	}
}
