package plane

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/test/control/metricsapi"
	"github.com/kong-latency/kong-latency/test/control/settings"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

// Fill creates the workloads with their Services and routes, and what scales those in which
// the product has no part.
func (p *Plane) Fill(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(p.workloads)) {
		w := p.workloads[name]
		objects := []client.Object{service(name), route(name), deployment(w)}
		if !w.Setting.Product() {
			h, err := hpa(w)
			if err != nil {
				return err
			}
			objects = append(objects, h)
		}
		for _, o := range objects {
			if err := p.Admin.Create(ctx, o); err != nil {
				return fmt.Errorf("create %T %s: %w", o, name, err)
			}
		}
	}
	return nil
}

// NotReady returns what the product reports of workloads that it attached and that are not
// scaled as they should be, by name.
func (p *Plane) NotReady(ctx context.Context) (map[string]string, error) {
	var list v1alpha1.LatencyAutoscalerList
	if err := p.Admin.List(ctx, &list, client.InNamespace(Namespace)); err != nil {
		return nil, fmt.Errorf("list what the product reports: %w", err)
	}
	out := map[string]string{}
	for name, w := range p.workloads {
		if w.Setting.Product() {
			out[name] = "there is no LatencyAutoscaler"
		}
	}
	for _, l := range list.Items {
		delete(out, l.Name)
		c := meta.FindStatusCondition(l.Status.Conditions, v1alpha1.ConditionReady)
		switch {
		case c == nil:
			out[l.Name] = "it has no condition Ready"
		case c.Status != metav1.ConditionTrue:
			out[l.Name] = c.Reason + ": " + c.Message
		}
	}
	return out, nil
}

func deployment(w *workload.Workload) *appsv1.Deployment {
	labels := map[string]string{workload.Label: w.Name()}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: w.Name()}}
	if w.Setting.Product() {
		d.Annotations = settings.Annotations(w.Case)
	}
	d.Spec.Replicas = ptr.To(w.Replicas())
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	d.Spec.Template.Labels = labels
	// A core for each slot, as the model has it.
	cpu := corev1.ResourceList{corev1.ResourceCPU: *resource.NewQuantity(int64(w.Plant.Slots), resource.DecimalSI)}
	d.Spec.Template.Spec = corev1.PodSpec{
		AutomountServiceAccountToken: ptr.To(false),
		Containers: []corev1.Container{{
			Name: metricsapi.Container, Image: "registry.example/app:1.0.0",
			Ports:     []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			Resources: corev1.ResourceRequirements{Requests: cpu},
		}},
	}
	return d
}

func service(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: name},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{workload.Label: name},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}},
		},
	}
}

// route leads from the guide's Gateway to a Service.
func route(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
		"metadata": map[string]any{"namespace": Namespace, "name": name},
		"spec": map[string]any{
			"parentRefs": []any{map[string]any{"name": "kong"}},
			"rules": []any{map[string]any{
				"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/" + name}}},
				"backendRefs": []any{map[string]any{"kind": "Service", "name": name, "port": int64(80)}},
			}},
		},
	}}
}

func hpa(w *workload.Workload) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	spec, err := settings.HPA(w.Case)
	return &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: w.Name()}, Spec: spec}, err
}
