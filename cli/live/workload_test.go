package live

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

func deployment(name string, notes map[string]string) appsv1.Deployment {
	d := appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: "u-x", Annotations: notes}}
	d.Spec.Template.Labels = map[string]string{"app": name}
	return d
}

func service(name string, notes map[string]string) corev1.Service {
	return corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Annotations: notes},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": name}},
	}
}

// managed returns an autoscaler of the Deployment, as the controller makes it.
func managed(name, service, metric string) autoscalingv2.HorizontalPodAutoscaler {
	h := autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{
		Namespace: "default", Name: name, Labels: map[string]string{generator.ManagedByLabel: generator.ManagedBy},
		OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: name, UID: "u-x", Controller: ptr.To(true)}},
	}}
	h.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name}
	h.Spec.Metrics = []autoscalingv2.MetricSpec{{Object: &autoscalingv2.ObjectMetricSource{
		DescribedObject: autoscalingv2.CrossVersionObjectReference{Kind: "Service", Name: service},
		Metric:          autoscalingv2.MetricIdentifier{Name: metric},
	}}}
	return h
}

// Users who may not read policies see no plans, but still the subject of the metric:
// from the existing autoscaler, or else from the annotations.
func TestSubjectsWithoutPolicies(t *testing.T) {
	enabled := map[string]string{annotations.TargetMS: "40"}
	s := State{
		Picture: &watch.Picture{Snapshot: &pipeline.Snapshot{}, Policies: &watch.Policies{}},
		Listing: &cache.Listing{
			Deployments: []appsv1.Deployment{deployment("b", enabled), deployment("a", enabled), deployment("idle", nil)},
			Services:    []corev1.Service{service("a", nil), service("b", map[string]string{annotations.Metric: "m"}), service("idle", nil)},
			HPAs:        []autoscalingv2.HorizontalPodAutoscaler{managed("a", "other", "n")},
		},
	}
	type seen struct {
		Name      string
		Concerned bool
		Subject   *pipeline.Subject
	}
	var got []seen
	for _, w := range s.Workloads() {
		got = append(got, seen{w.Deployment.Name, w.Concerned(), w.Subject})
		if w.Resolution.Plan != nil {
			t.Errorf("%s has a plan", w.Deployment.Name)
		}
	}
	want := []seen{
		{"a", true, &pipeline.Subject{Namespace: "default", Service: "other", Metric: "n"}},
		{"b", true, &pipeline.Subject{Namespace: "default", Service: "b", Metric: "m"}},
		{"idle", false, nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamed(t *testing.T) {
	d := deployment("a", nil)
	w := Workload{Deployment: &d, Subject: &pipeline.Subject{Service: "s"}}
	for ref, want := range map[Ref]bool{
		{annotations.OnDeployment, "a"}: true, {annotations.OnDeployment, "s"}: false,
		{annotations.OnService, "s"}: true, {annotations.OnService, "a"}: false,
	} {
		if got := w.Named([]Ref{ref}); got != want {
			t.Errorf("%s: got %v", ref, got)
		}
	}
}
