package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/model"
)

// What the cache keeps of a Deployment is all that a workload is made of.
func TestWorkloadSurvivesTheCache(t *testing.T) {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "echo", UID: "u", Labels: map[string]string{"tier": "web"},
		Annotations: map[string]string{annotations.TargetMS: "40", "other.example/a": "b"},
	}}
	d.Spec.Replicas = ptr.To[int32](3)
	d.Spec.Template.Labels = map[string]string{"app": "echo"}
	kept, err := stripDeployment(d)
	if err != nil {
		t.Fatal(err)
	}
	want := model.NewWorkload(model.Workload{
		Namespace: "ns", Name: "echo", UID: "u", Replicas: ptr.To[int32](3), Labels: map[string]string{"tier": "web"},
		PodLabels: map[string]string{"app": "echo"},
	}, map[string]string{annotations.TargetMS: "40"})
	for name, o := range map[string]*appsv1.Deployment{"read whole": d, "cached": kept.(*appsv1.Deployment)} {
		if diff := cmp.Diff(want, Workload(o)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
