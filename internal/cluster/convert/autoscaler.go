package convert

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
)

// Autoscaler converts a HorizontalPodAutoscaler, which may have been written in any
// version: the API server returns all of them as v2.
func Autoscaler(h *autoscalingv2.HorizontalPodAutoscaler) model.Autoscaler {
	return hpa.Output{}.Autoscaler(h)
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
		Scales:     output.TargetRef(n.text("spec", "scaleTargetRef", "apiVersion"), kind, n.text("spec", "scaleTargetRef", "name")),
		Controller: output.ControllerOf(u),
		Deleting:   u.GetDeletionTimestamp() != nil,
	}, n.err()
}
