package plane

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// namespaces is the number of namespaces that the workloads are spread over.
const namespaces = 10

// Namespace of the i-th workload.
func Namespace(i int) string { return fmt.Sprintf("bench-%d", i%namespaces) }

// Name of the i-th workload, of its Service and of its autoscaler.
func Name(i int) string { return fmt.Sprintf("echo-%05d", i) }

func (p *Plane) makeNamespaces(ctx context.Context) error {
	for i := range namespaces {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace(i)}}
		if err := p.Admin.Create(ctx, ns); err != nil {
			return fmt.Errorf("create namespace %s: %w", ns.Name, err)
		}
	}
	return nil
}

// Annotated returns the annotations that a workload needs to be attached.
func Annotated() map[string]string { return map[string]string{annotations.TargetMS: "40"} }

// Deployment returns the i-th workload. It has no pods, and its pod template is padded
// so that the object has about the given number of bytes as JSON.
func Deployment(i, bytes int, annotationValues map[string]string) *appsv1.Deployment {
	labels := map[string]string{"app": Name(i), "app.kubernetes.io/part-of": "bench"}
	d := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace(i), Name: Name(i), Labels: labels, Annotations: annotationValues},
	}
	d.Spec.Replicas = ptr.To[int32](0)
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": Name(i)}}
	d.Spec.Template.Labels = labels
	probe := &corev1.Probe{PeriodSeconds: 5, ProbeHandler: corev1.ProbeHandler{
		HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")},
	}}
	c := corev1.Container{
		Name: "echo", Image: "registry.example/echo:1.0.0",
		Ports:          []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
		ReadinessProbe: probe, LivenessProbe: probe,
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
		}},
	}
	const each = 130 // bytes of a variable, about
	d.Spec.Template.Spec.Containers = []corev1.Container{c}
	for n := 0; sizeOf(d)+each < bytes; n++ {
		vars := &d.Spec.Template.Spec.Containers[0].Env
		missing := (bytes - sizeOf(d)) / each
		for range max(missing, 1) {
			*vars = append(*vars, corev1.EnvVar{
				Name:  fmt.Sprintf("SETTING_OF_THE_APPLICATION_%03d", len(*vars)),
				Value: strings.Repeat("value ", 12),
			})
		}
	}
	return d
}

func sizeOf(o any) int {
	raw, err := json.Marshal(o)
	if err != nil {
		return 0 // cannot happen: it is a struct of plain values
	}
	return len(raw)
}

// Service returns the Service of the i-th workload.
func Service(i int) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace(i), Name: Name(i), Labels: map[string]string{"app": Name(i)}},
		Spec: corev1.ServiceSpec{
			Selector:  map[string]string{"app": Name(i)},
			ClusterIP: corev1.ClusterIPNone, // there are not as many addresses
			Ports:     []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}},
		},
	}
}

// fillers is how many requests fill a plane at the same time.
const fillers = 16

// Fill creates things of the indexes from..to-1.
func (p *Plane) Fill(ctx context.Context, from, to int, of ...func(i int) client.Object) error {
	return Parallel(ctx, fillers, to-from, func(ctx context.Context, i int) error {
		for _, object := range of {
			o := object(from + i)
			if err := p.Admin.Create(ctx, o); err != nil {
				return fmt.Errorf("create %s/%s: %w", o.GetNamespace(), o.GetName(), err)
			}
		}
		return nil
	})
}

// small is the size of a Deployment where it does not matter.
const small = 1500

// Workloads and Services are arguments of Fill.
func Workloads(i int) client.Object { return Deployment(i, small, Annotated()) }

// Services are those of Workloads.
func Services(i int) client.Object { return Service(i) }

// DeleteHPAs deletes all autoscalers.
func (p *Plane) DeleteHPAs(ctx context.Context) error {
	for i := range namespaces {
		err := p.Admin.DeleteAllOf(ctx, &autoscalingv2.HorizontalPodAutoscaler{}, client.InNamespace(Namespace(i)))
		if err != nil {
			return fmt.Errorf("delete the autoscalers of %s: %w", Namespace(i), err)
		}
	}
	return nil
}

// HPA is an autoscaler like the one that the i-th workload gets, without an owner.
func HPA(i int) *autoscalingv2.HorizontalPodAutoscaler {
	parsed := annotations.Parse(annotations.OnDeployment, Annotated())
	resolved, _ := policy.Resolve(finding.Object{}, parsed.Settings, nil)
	h := generator.HPA(plan.Plan{Resolved: resolved, Namespace: Namespace(i), Name: Name(i), Deployment: Name(i), Service: Name(i)})
	h.TypeMeta = metav1.TypeMeta{}
	return h
}

// StatusWrites is how often LatencyAutoscalers were written, which are nothing but a status.
func (p *Plane) StatusWrites(ctx context.Context) (float64, error) {
	object, err := p.writes(ctx, "latencyautoscalers", "")
	if err != nil {
		return 0, err
	}
	status, err := p.writes(ctx, "latencyautoscalers", "status")
	return object + status, err
}

// HPAWrites is how often autoscalers were written, but for their status, by the API
// server's own count.
func (p *Plane) HPAWrites(ctx context.Context) (float64, error) {
	return p.writes(ctx, "horizontalpodautoscalers", "")
}

func (p *Plane) writes(ctx context.Context, resource, subresource string) (float64, error) {
	families, err := p.Metrics(ctx)
	if err != nil {
		return 0, err
	}
	var sum float64
	for _, m := range families["apiserver_request_total"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.Label {
			labels[l.GetName()] = l.GetValue()
		}
		if labels["resource"] != resource || labels["subresource"] != subresource {
			continue
		}
		switch labels["verb"] {
		case "POST", "PUT", "PATCH", "APPLY", "DELETE":
			sum += m.GetCounter().GetValue()
		}
	}
	return sum, nil
}
