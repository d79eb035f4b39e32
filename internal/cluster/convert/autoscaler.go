package convert

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

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

// ScaledObject reads a ScaledObject of KEDA, which scales a Deployment if it names
// no kind: https://keda.sh/docs/latest/reference/scaledobject-spec/
func ScaledObject(u *unstructured.Unstructured) (model.Autoscaler, error) {
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

// Scaling is the condition ScalingActive of an autoscaler; nil has none.
func Scaling(h *autoscalingv2.HorizontalPodAutoscaler) pipeline.Scaling {
	if h == nil {
		return pipeline.Scaling{}
	}
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			return pipeline.Scaling{
				Known: true, Active: c.Status == corev1.ConditionTrue,
				Reason: c.Reason, Message: c.Message, Since: c.LastTransitionTime.Time,
			}
		}
	}
	return pipeline.Scaling{}
}
