package cluster

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch
// +kubebuilder:rbac:groups=keda.sh,resources=scaledobjects,verbs=list;watch

var scaledObjectResource = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// Autoscaler is what matters of a HorizontalPodAutoscaler, whichever version it was
// written in: the API server gives all of them as v2.
func Autoscaler(h *autoscalingv2.HorizontalPodAutoscaler) model.Autoscaler {
	a := model.Autoscaler{
		Kind:        model.KindHPA,
		Namespace:   h.Namespace,
		Name:        h.Name,
		UID:         string(h.UID),
		Scales:      scaled(h.Spec.ScaleTargetRef.APIVersion, h.Spec.ScaleTargetRef.Kind, h.Spec.ScaleTargetRef.Name),
		MadeByUs:    hpa.MadeByUs(h),
		Adopted:     hpa.Adopted(h),
		Deleting:    h.DeletionTimestamp != nil,
		MinReplicas: ptr.Deref(h.Spec.MinReplicas, 1), // the API's default
		MaxReplicas: h.Spec.MaxReplicas,
	}
	a.Controller = controllerOf(h.OwnerReferences)
	return a
}

// scaled names what is scaled. A kind of another group than the API server's own
// for workloads is not the kind of that name.
func scaled(apiVersion, kind, name string) model.Ref {
	group := ""
	if gv, err := schema.ParseGroupVersion(apiVersion); err == nil {
		group = gv.Group
	}
	if group != "" && group != appsv1.GroupName && group != "extensions" {
		kind += "." + group
	}
	return model.Ref{Kind: kind, Name: name}
}

func controllerOf(owners []metav1.OwnerReference) model.Ref {
	i := slices.IndexFunc(owners, func(o metav1.OwnerReference) bool { return ptr.Deref(o.Controller, false) })
	if i < 0 {
		return model.Ref{}
	}
	return model.Ref{Kind: owners[i].Kind, Name: owners[i].Name, UID: string(owners[i].UID)}
}

// scaledObject reads a ScaledObject of KEDA, which scales a Deployment if it names
// no kind: https://keda.sh/docs/latest/reference/scaledobject-spec/
func scaledObject(u *unstructured.Unstructured) (model.Autoscaler, error) {
	n := nestedOf(u)
	kind := n.text("spec", "scaleTargetRef", "kind")
	if kind == "" {
		kind = "Deployment"
	}
	return model.Autoscaler{
		Kind:       model.KindScaledObject,
		Namespace:  u.GetNamespace(),
		Name:       u.GetName(),
		UID:        string(u.GetUID()),
		Scales:     scaled(n.text("spec", "scaleTargetRef", "apiVersion"), kind, n.text("spec", "scaleTargetRef", "name")),
		Controller: controllerOf(u.GetOwnerReferences()),
		Deleting:   u.GetDeletionTimestamp() != nil,
	}, n.err()
}

// ScaledObjects is the ScaledObjects at one moment, which it does not change.
type ScaledObjects struct {
	set pipeline.Set[model.Autoscaler]
	// by is the set by what it scales.
	by map[types.NamespacedName][]model.Autoscaler
	// touched is every Deployment that is concerned now, or was the moment before.
	touched []types.NamespacedName
	// turned is true if the moment before it stood otherwise with the kind as a whole.
	turned bool
}

// NewScaledObjects is the ScaledObjects of set, which come after those before; before
// may be nil.
func NewScaledObjects(set pipeline.Set[model.Autoscaler], before *ScaledObjects) *ScaledObjects {
	if before == nil {
		before = &ScaledObjects{}
	}
	s := &ScaledObjects{
		set: set, by: map[types.NamespacedName][]model.Autoscaler{},
		turned: set.State != before.set.State || set.Why != before.set.Why,
	}
	for _, a := range set.Items {
		if a.Scales.Kind == "Deployment" {
			key := types.NamespacedName{Namespace: a.Namespace, Name: a.Scales.Name}
			s.by[key] = append(s.by[key], a)
		}
	}
	for key := range s.by {
		s.touched = append(s.touched, key)
	}
	for key := range before.by {
		if _, still := s.by[key]; !still {
			s.touched = append(s.touched, key)
		}
	}
	return s
}

// Of returns the ScaledObjects that scale a Deployment; unread says why they are
// not known, and is empty if they are. Nil knows that there are none.
func (s *ScaledObjects) Of(namespace, deployment string) (list []model.Autoscaler, unread string) {
	if s == nil {
		return nil, ""
	}
	switch s.set.State {
	case pipeline.Known, pipeline.NotInstalled:
		return s.by[types.NamespacedName{Namespace: namespace, Name: deployment}], ""
	case pipeline.Unread:
		return nil, "they have not been read yet"
	default:
		return nil, s.set.Why
	}
}

// Unread tells whether the first attempt to read them has no outcome yet.
func (s *ScaledObjects) Unread() bool { return s != nil && s.set.State == pipeline.Unread }

// Touched is every Deployment to which the latest change of ScaledObjects can matter.
func (s *ScaledObjects) Touched() []types.NamespacedName { return s.touched }

// Turned tells whether it has just become known, or unknown, which there are. That can
// matter to every Deployment.
func (s *ScaledObjects) Turned() bool { return s.turned }

func scalesDeployment(o client.Object) []string {
	a := Autoscaler(o.(*autoscalingv2.HorizontalPodAutoscaler))
	if a.Scales.Kind != "Deployment" {
		return nil
	}
	return []string{a.Scales.Name}
}

// AutoscalersOf implements model.Autoscalers.
func (c *Catalog) AutoscalersOf(deployment string) (out []model.Autoscaler, unread string) {
	var list autoscalingv2.HorizontalPodAutoscalerList
	c.list(&list, indexScales, deployment)
	named := false
	for i := range list.Items {
		out = append(out, Autoscaler(&list.Items[i]))
		named = named || list.Items[i].Name == deployment
	}
	if a, there := c.HPA(deployment); there && !named {
		out = append(out, a)
	}
	more, unread := c.scaled.Of(c.namespace, deployment)
	return model.SortAutoscalers(append(out, more...)), unread
}

// HPA implements model.Autoscalers.
func (c *Catalog) HPA(name string) (model.Autoscaler, bool) {
	var h autoscalingv2.HorizontalPodAutoscaler
	if !c.get(name, &h) {
		return model.Autoscaler{}, false
	}
	return Autoscaler(&h), true
}
