package cache

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func TestAutoscalersOfADeployment(t *testing.T) {
	hpa := func(name, scales string) *autoscalingv2.HorizontalPodAutoscaler {
		h := &autoscalingv2.HorizontalPodAutoscaler{}
		h.Namespace, h.Name = "ns", name
		h.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: scales}
		return h
	}
	b := fake.NewClientBuilder().WithObjects(hpa("echo", "other"), hpa("one", "echo"), hpa("two", "other")).
		WithIndex(&autoscalingv2.HorizontalPodAutoscaler{}, indexScales, scaleTarget)
	list, unread := NewCatalog(t.Context(), b.Build(), "ns").AutoscalersOf("echo")
	var names []string
	for _, a := range list {
		names = append(names, a.Name)
	}
	if diff := cmp.Diff([]string{"echo", "one"}, names); diff != "" || unread != "" {
		t.Errorf("unread %q (-want +got):\n%s", unread, diff)
	}
}
