package convert

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Extension reads a DataPlaneMetricsExtension.
func Extension(u *unstructured.Unstructured) (pipeline.Extension, error) {
	e := pipeline.Extension{Namespace: u.GetNamespace(), Name: u.GetName()}
	n := nestedOf(u)
	for _, entry := range n.list("spec", "serviceSelector", "matchNames") {
		e.Services = append(e.Services, entry.text("name"))
	}
	e.Latency = n.flag("spec", "config", "latency")
	e.Manifest = manifest(u)
	return e, n.err()
}

// manifest is an object as a user would write it.
func manifest(u *unstructured.Unstructured) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: map[string]any{"spec": u.Object["spec"]}}
	out.SetAPIVersion(u.GetAPIVersion())
	out.SetKind(u.GetKind())
	out.SetNamespace(u.GetNamespace())
	out.SetName(u.GetName())
	out.SetLabels(u.GetLabels())
	out.SetAnnotations(plainAnnotations(u.GetAnnotations()))
	return out
}

// ControlPlane reads v1beta1 and v2beta1, which agree in these fields.
func ControlPlane(u *unstructured.Unstructured) (pipeline.ControlPlane, error) {
	c := pipeline.ControlPlane{Namespace: u.GetNamespace(), Name: u.GetName()}
	for _, owner := range u.GetOwnerReferences() {
		if gv, err := schema.ParseGroupVersion(owner.APIVersion); err == nil && gv.Group == "gateway.networking.k8s.io" && owner.Kind == "Gateway" {
			c.Gateway = owner.Name
		}
	}
	n := nestedOf(u)
	c.Extensions = n.extensions()
	c.AcceptedExtensions, c.AcceptedMessage = n.condition("AcceptedExtensions")
	return c, n.err()
}

// GatewayConfiguration reads v2beta1. Kong Operator treats a Gateway as a hybrid
// one, whose control plane is in Konnect, if spec.konnect.authRef is set.
func GatewayConfiguration(u *unstructured.Unstructured) (pipeline.GatewayConfiguration, error) {
	g := pipeline.GatewayConfiguration{Namespace: u.GetNamespace(), Name: u.GetName()}
	n := nestedOf(u)
	g.Extensions = n.extensions()
	g.Konnect = n.present("spec", "konnect", "authRef")
	return g, n.err()
}
