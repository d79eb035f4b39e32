// Package cache holds the Deployments, Services and HorizontalPodAutoscalers of a cluster
// for controller-runtime, and implements the look-ups of plans.
//
// Options limits each object to the fields that are needed, and keeps it encoded, to save
// memory. AddIndexes adds the indexes. Catalog implements model.Catalog with such a
// cache, and Listing with lists that were read once, for programs that run no cache.
package cache

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
)

// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch

// Options keep only the fields that are needed of every cached object, encoded, and note in
// f, which may be nil, whether the caches follow the cluster. Readers
// get copies of objects of these kinds. Of other kinds they get the cached objects, which
// they must not change.
func Options(f *Freshness) ctrlcache.Options {
	byObject := map[client.Object]ctrlcache.ByObject{}
	for _, k := range packedKinds() {
		byObject[k.empty] = ctrlcache.ByObject{Transform: pack(k.strip)}
	}
	return ctrlcache.Options{
		ByObject:                     byObject,
		NewInformer:                  f.newInformer,
		DefaultUnsafeDisableDeepCopy: ptr.To(true),
	}
}

// packedKind is a kind of which there are many objects.
type packedKind struct {
	empty encoded
	// resource is its resource and group.
	resource string
	strip    toolscache.TransformFunc
	// indexes are those that the product reads itself, under their own names, and not
	// through a field selector of controller-runtime.
	indexes map[string]client.IndexerFunc
}

func packedKinds() []packedKind {
	return []packedKind{
		{
			empty: &appsv1.Deployment{}, resource: "deployments.apps", strip: stripDeployment,
			indexes: map[string]client.IndexerFunc{indexOperator: operatorNamespace},
		},
		{
			empty: &corev1.Service{}, resource: "services", strip: stripService,
			indexes: map[string]client.IndexerFunc{indexOperator: operatorKey},
		},
		{
			empty: &autoscalingv2.HorizontalPodAutoscaler{}, resource: "horizontalpodautoscalers.autoscaling", strip: stripHPA,
			indexes: map[string]client.IndexerFunc{indexReads: readKeys},
		},
	}
}

func stripDeployment(in any) (any, error) {
	d, ok := in.(*appsv1.Deployment)
	if !ok {
		return in, nil // a tombstone
	}
	out := &appsv1.Deployment{ObjectMeta: stripMeta(d.ObjectMeta)}
	out.Labels = d.Labels
	out.Annotations = annotations.Prefixed(d.Annotations)
	out.Spec.Replicas = d.Spec.Replicas
	out.Status = appsv1.DeploymentStatus{
		Replicas: d.Status.Replicas, ReadyReplicas: d.Status.ReadyReplicas, UpdatedReplicas: d.Status.UpdatedReplicas,
	}
	out.Spec.Template.Labels = d.Spec.Template.Labels
	out.Spec.Selector = d.Spec.Selector
	if discover.RunsOperator(d) {
		out.Spec.Template.Spec = containersOf(d.Spec.Template.Spec)
		return out, nil
	}
	// They are containers without a CPU request, and so they stay.
	for _, name := range convert.WithoutCPURequest(d.Spec.Template.Spec) {
		out.Spec.Template.Spec.Containers = append(out.Spec.Template.Spec.Containers, corev1.Container{Name: name})
	}
	return out, nil
}

// containersOf is what is kept of the pods of a Deployment that runs Kong Operator, which is
// recognized by an image as well.
func containersOf(s corev1.PodSpec) corev1.PodSpec {
	kept := func(in []corev1.Container) (out []corev1.Container) {
		for _, c := range in {
			out = append(out, corev1.Container{Name: c.Name, Image: c.Image, Resources: c.Resources, RestartPolicy: c.RestartPolicy})
		}
		return out
	}
	return corev1.PodSpec{Resources: s.Resources, Containers: kept(s.Containers), InitContainers: kept(s.InitContainers)}
}

func stripService(in any) (any, error) {
	s, ok := in.(*corev1.Service)
	if !ok {
		return in, nil // a tombstone
	}
	out := &corev1.Service{ObjectMeta: stripMeta(s.ObjectMeta)}
	out.Annotations = annotations.Prefixed(s.Annotations)
	out.Spec.Selector = s.Spec.Selector
	if s.Spec.Type == corev1.ServiceTypeExternalName { // the other types are alike here
		out.Spec.Type, out.Spec.ExternalName = s.Spec.Type, s.Spec.ExternalName
	}
	if discover.IsOperatorService(s.Namespace, s.Name, s.Labels) {
		out.Labels = s.Labels
		out.Spec.Ports = operatorPorts(s.Spec.Ports)
	}
	return out, nil
}

func stripHPA(in any) (any, error) {
	h, ok := in.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return in, nil // a tombstone
	}
	out := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: stripMeta(h.ObjectMeta), Spec: h.Spec}
	out.Labels = h.Labels
	out.Annotations = annotations.Prefixed(h.Annotations)
	out.OwnerReferences = h.OwnerReferences
	out.Status.Conditions = hpa.Remarkable(h.Status.Conditions)
	out.Status.CurrentMetrics = keptReads(hpa.MetricsRead(h))
	if output.Managed(h) { // what the status of its workload shows
		out.Status.CurrentReplicas, out.Status.DesiredReplicas = h.Status.CurrentReplicas, h.Status.DesiredReplicas
		keepValues(out.Status.CurrentMetrics, h.Status.CurrentMetrics)
	}
	if h.DeletionTimestamp != nil {
		out.Finalizers = h.Finalizers // what keeps it
	}
	return out, nil
}

// operatorPorts is what is kept of the ports of a Service that may be the operator's.
func operatorPorts(ports []corev1.ServicePort) []corev1.ServicePort {
	out := make([]corev1.ServicePort, len(ports))
	for i, p := range ports {
		out[i] = corev1.ServicePort{Name: p.Name, Port: p.Port, TargetPort: p.TargetPort}
	}
	return out
}

// stripMeta keeps what identifies an object.
func stripMeta(m metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace:         m.Namespace,
		Name:              m.Name,
		UID:               m.UID,
		ResourceVersion:   m.ResourceVersion,
		Generation:        m.Generation,
		DeletionTimestamp: m.DeletionTimestamp,
	}
}

// The names of the cache's indexes. Values are "key=value" of a label, or a name.
const (
	indexSelector        = "kong-latency/selector"         // Services by one pair of their selector
	indexPodLabels       = "kong-latency/pod-labels"       // Deployments by every pod label
	indexNamesDeployment = "kong-latency/names-deployment" // Services by the Deployment they name
	indexNamesService    = "kong-latency/names-service"    // Deployments by the Service they name
	indexScales          = "kong-latency/scales"           // HorizontalPodAutoscalers by what they scale
	indexPodSelector     = "kong-latency/pod-selector"     // Deployments by what pods need that their selector matches
)

// AddIndexes adds the indexes that Catalog needs, so that the cost of pairing depends on
// the labels of a pod, not on the number of Services in the namespace.
func AddIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	indexes := []struct {
		object client.Object
		name   string
		values client.IndexerFunc
	}{
		{&corev1.Service{}, indexSelector, func(o client.Object) []string {
			return anchor(o.(*corev1.Service).Spec.Selector)
		}},
		{&corev1.Service{}, indexNamesDeployment, annotation(annotations.Deployment)},
		{&appsv1.Deployment{}, indexPodLabels, func(o client.Object) []string {
			return pairs(o.(*appsv1.Deployment).Spec.Template.Labels)
		}},
		{&appsv1.Deployment{}, indexNamesService, annotation(annotations.Service)},
		{&appsv1.Deployment{}, indexPodSelector, podSelectorValues},
		{&autoscalingv2.HorizontalPodAutoscaler{}, indexScales, scaleTarget},
	}
	for _, i := range indexes {
		if err := indexer.IndexField(ctx, i.object, i.name, i.values); err != nil {
			return fmt.Errorf("add index %s: %w", i.name, err)
		}
	}
	return nil
}

func annotation(key string) client.IndexerFunc {
	return func(o client.Object) []string {
		if v := o.GetAnnotations()[key]; v != "" {
			return []string{v}
		}
		return nil
	}
}

// anchor is the one pair that a selector is indexed by: the least, so that it is
// always the same. A pod that a selector matches has every pair of it.
func anchor(selector map[string]string) []string {
	all := pairs(selector)
	if len(all) == 0 {
		return nil
	}
	least := all[0]
	for _, p := range all[1:] {
		least = min(least, p)
	}
	return []string{least}
}

func pairs(labels map[string]string) []string { return model.Pairs(labels) }

func scaleTarget(o client.Object) []string {
	return []string{targetValue(convert.Autoscaler(o.(*autoscalingv2.HorizontalPodAutoscaler)).Scales)}
}

// targetValue is by what an index finds what scales an object.
func targetValue(target model.Ref) string { return target.Kind + "/" + target.Name }

const deploymentKind = string(annotations.OnDeployment)
