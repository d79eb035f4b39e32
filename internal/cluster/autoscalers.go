package cluster

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch
// +kubebuilder:rbac:groups=keda.sh,resources=scaledobjects,verbs=list;watch

var scaledObjectResource = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// Autoscaler is what matters of a HorizontalPodAutoscaler.
func Autoscaler(h *autoscalingv2.HorizontalPodAutoscaler) model.Autoscaler {
	return hpa.Output{}.Autoscaler(h)
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
		Scales:     output.TargetRef(n.text("spec", "scaleTargetRef", "apiVersion"), kind, n.text("spec", "scaleTargetRef", "name")),
		Controller: output.ControllerOf(u),
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
