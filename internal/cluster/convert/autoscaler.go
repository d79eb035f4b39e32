package convert

import (
	"cmp"

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

// HTTPScaledObject reads an HTTPScaledObject of KEDA's HTTP add-on, which makes a
// ScaledObject. Older ones name the Deployment alone:
// https://github.com/kedacore/http-add-on/blob/main/docs/ref/vX.X.X/http_scaled_object.md
func HTTPScaledObject(u *unstructured.Unstructured) (model.Autoscaler, error) {
	n := nestedOf(u)
	name := cmp.Or(n.text("spec", "scaleTargetRef", "name"), n.text("spec", "scaleTargetRef", "deployment"))
	kind := cmp.Or(n.text("spec", "scaleTargetRef", "kind"), "Deployment")
	return autoscaler(u, model.KindHTTPScaledObject, output.TargetRef(n.text("spec", "scaleTargetRef", "apiVersion"), kind, name)), n.err()
}

// DatadogPodAutoscaler reads a DatadogPodAutoscaler. One that only recommends scales
// nothing: https://docs.datadoghq.com/containers/autoscaling/
func DatadogPodAutoscaler(u *unstructured.Unstructured) (model.Autoscaler, error) {
	n := nestedOf(u)
	target := output.TargetRef(n.text("spec", "targetRef", "apiVersion"), n.text("spec", "targetRef", "kind"), n.text("spec", "targetRef", "name"))
	switch n.text("spec", "applyPolicy", "mode") {
	case "Preview", "None", "Manual":
		target = model.Ref{}
	}
	return autoscaler(u, model.KindDatadog, target), n.err()
}

// WatermarkPodAutoscaler reads a WatermarkPodAutoscaler of Datadog. In a dry run it scales
// nothing: https://github.com/DataDog/watermarkpodautoscaler
func WatermarkPodAutoscaler(u *unstructured.Unstructured) (model.Autoscaler, error) {
	n := nestedOf(u)
	target := output.TargetRef(n.text("spec", "scaleTargetRef", "apiVersion"), n.text("spec", "scaleTargetRef", "kind"), n.text("spec", "scaleTargetRef", "name"))
	if n.flag("spec", "dryRun") {
		target = model.Ref{}
	}
	return autoscaler(u, model.KindWatermark, target), n.err()
}

func autoscaler(u *unstructured.Unstructured, kind string, scales model.Ref) model.Autoscaler {
	return model.Autoscaler{
		Kind: kind, Namespace: u.GetNamespace(), Name: u.GetName(), UID: string(u.GetUID()),
		Scales: scales, Controller: output.ControllerOf(u), Deleting: u.GetDeletionTimestamp() != nil,
	}
}
