package cluster

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func TestAScaledObjectScalesADeploymentIfItNamesNoKind(t *testing.T) {
	u := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": "ns", "name": "so"},
		"spec":     map[string]any{"scaleTargetRef": map[string]any{"name": "echo"}},
	}}
	a, err := scaledObject(u)
	want := model.Autoscaler{Kind: model.KindScaledObject, Namespace: "ns", Name: "so", Scales: model.Ref{Kind: "Deployment", Name: "echo"}}
	if diff := cmp.Diff(want, a); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestScaledObjectsTouchWhatTheyScaledBefore(t *testing.T) {
	of := func(deployment string) model.Autoscaler {
		return model.Autoscaler{Kind: model.KindScaledObject, Namespace: "ns", Name: "so", Scales: model.Ref{Kind: "Deployment", Name: deployment}}
	}
	before := NewScaledObjects(pipeline.KnownSet(of("a")), nil)
	after := NewScaledObjects(pipeline.KnownSet(of("b")), before)
	got := after.Touched()
	slices.SortFunc(got, func(a, b types.NamespacedName) int { return len(a.Name) - len(b.Name) })
	if len(got) != 2 || !slices.Contains(got, types.NamespacedName{Namespace: "ns", Name: "a"}) {
		t.Errorf("touched are %v", got)
	}
	if !before.Turned() || after.Turned() {
		t.Errorf("turned at the first outcome %t, at the second, which is alike, %t", before.Turned(), after.Turned())
	}
	if list, unread := after.Of("ns", "b"); len(list) != 1 || unread != "" {
		t.Errorf("of b are %v, unread %q", list, unread)
	}
	if list, _ := after.Of("ns", "a"); len(list) != 0 {
		t.Errorf("of a are %v", list)
	}
}

func TestScaledObjectsThatAreNotReadAreNotAbsent(t *testing.T) {
	for state, known := range map[pipeline.State]bool{
		pipeline.Known: true, pipeline.NotInstalled: true, pipeline.Unread: false, pipeline.Unreadable: false,
	} {
		s := NewScaledObjects(pipeline.Set[model.Autoscaler]{State: state, Why: "forbidden"}, nil)
		if _, unread := s.Of("ns", "echo"); (unread == "") != known {
			t.Errorf("%q: unread is %q", state, unread)
		}
		if s.Unread() != (state == pipeline.Unread) {
			t.Errorf("%q: nobody has looked yet: %t", state, s.Unread())
		}
	}
}

func TestAutoscalersOfADeployment(t *testing.T) {
	hpa := func(name, scales string) *autoscalingv2.HorizontalPodAutoscaler {
		h := &autoscalingv2.HorizontalPodAutoscaler{}
		h.Namespace, h.Name = "ns", name
		h.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: scales}
		return h
	}
	b := fake.NewClientBuilder().WithObjects(hpa("echo", "other"), hpa("one", "echo"), hpa("two", "other")).
		WithIndex(&autoscalingv2.HorizontalPodAutoscaler{}, indexScales, scalesDeployment)
	list, unread := NewCatalog(t.Context(), b.Build(), "ns").AutoscalersOf("echo")
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	if diff := cmp.Diff([]string{"echo", "one"}, names); diff != "" || unread != "" {
		t.Errorf("unread %q (-want +got):\n%s", unread, diff)
	}
}
