package cache

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
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
		if diff := cmp.Diff(want, convert.Workload(o)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOnlyTheOperatorsServiceKeepsLabelsAndPorts(t *testing.T) {
	full := func(name string) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "kong-system", Name: name, Labels: map[string]string{"control-plane": "controller-manager", "a": "b"}},
			Spec: corev1.ServiceSpec{
				ClusterIP: "10.0.0.1",
				Ports: []corev1.ServicePort{
					{Name: "https", Port: 8443, TargetPort: intstr.FromString("metrics"), Protocol: corev1.ProtocolTCP, NodePort: 30000},
					{Name: "http", Port: 8080, TargetPort: intstr.FromInt32(8080)},
				},
			},
		}
	}
	strip := func(name string) *corev1.Service {
		out, err := stripService(full(name))
		if err != nil {
			t.Fatal(err)
		}
		return out.(*corev1.Service)
	}
	want := pipeline.OperatorService{
		Namespace: "kong-system", Name: "kong-operator-metrics",
		Labels: map[string]string{"control-plane": "controller-manager", "a": "b"},
		Ports:  []pipeline.ServicePort{{Name: "https", Port: 8443, TargetPort: "metrics"}, {Name: "http", Port: 8080, TargetPort: "8080"}},
	}
	if diff := cmp.Diff(want, discover.OperatorService(strip("kong-operator-metrics"))); diff != "" {
		t.Error(diff)
	}
	if other := strip("other"); other.Labels != nil || other.Spec.Ports != nil {
		t.Errorf("kept labels %v and ports %v of a Service that is of no interest", other.Labels, other.Spec.Ports)
	}
}

// A Deployment that runs Kong Operator is recognized in the cache as well, by whatever shows
// it, and is found by its namespace; what is read of its CPU requests is the same.
func TestTheOperatorsDeploymentSurvivesTheCache(t *testing.T) {
	deployment := func(image string) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "infra", Name: "manager"}}
		d.Spec.Template.Labels = map[string]string{"control-plane": "controller-manager"}
		requests := corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m")}}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "manager", Image: image, Resources: requests}, {Name: "proxy", Image: "proxy:1"}}
		d.Spec.Template.Spec.InitContainers = []corev1.Container{
			{Name: "once", Image: "once:1"}, {Name: "sidecar", Image: "sidecar:1", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)},
		}
		return d
	}
	for image, want := range map[string][]string{"mirror.example/kong/kong-operator:2.0": {"infra"}, "shop:1": nil} {
		d := deployment(image)
		kept, err := stripDeployment(d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, operatorNamespace(kept.(*appsv1.Deployment))); diff != "" {
			t.Errorf("%s: %s", image, diff)
		}
		if diff := cmp.Diff(convert.WithoutCPURequest(d.Spec.Template.Spec), convert.WithoutCPURequest(kept.(*appsv1.Deployment).Spec.Template.Spec)); diff != "" {
			t.Errorf("%s: %s", image, diff)
		}
	}
}
