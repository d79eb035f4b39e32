package convert

import (
	"slices"
	"strconv"
	"strings"

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
	c.Controllers = append(n.controllers("spec", "controllers"), n.controllersOfEnvironment()...)
	c.IngressClass = n.text("spec", "ingressClass")
	c.AcceptedExtensions, c.AcceptedMessage = n.condition("AcceptedExtensions")
	return c, n.err()
}

// GatewayConfiguration reads v2beta1. Kong Operator treats a Gateway as a hybrid
// one, whose control plane is in Konnect, if spec.konnect.authRef is set.
func GatewayConfiguration(u *unstructured.Unstructured) (pipeline.GatewayConfiguration, error) {
	g := pipeline.GatewayConfiguration{Namespace: u.GetNamespace(), Name: u.GetName()}
	n := nestedOf(u)
	g.Extensions = n.extensions()
	g.Controllers = n.controllers("spec", "controlPlaneOptions", "controllers")
	g.IngressClass = n.text("spec", "controlPlaneOptions", "ingressClass")
	g.Konnect = n.present("spec", "konnect", "authRef")
	return g, n.err()
}

// controllers are the entries of a list of controllers with a state.
func (n nested) controllers(path ...string) []pipeline.Controller {
	var at []any
	for _, step := range path {
		at = append(at, step)
	}
	var out []pipeline.Controller
	for i, entry := range n.list(path...) {
		out = append(out, pipeline.Controller{
			Name: entry.text("name"), Enabled: entry.text("state") != "disabled", Field: append(slices.Clone(at), i),
		})
	}
	return out
}

// controllerVariable begins the names of the environment variables that turn controllers
// on and off in v1beta1, where the ControlPlane is a Deployment.
const controllerVariable = "CONTROLLER_ENABLE_CONTROLLER_"

// controllersOfEnvironment are the controllers that are turned on or off by environment
// variables of the ControlPlane's containers.
func (n nested) controllersOfEnvironment() []pipeline.Controller {
	var out []pipeline.Controller
	for _, container := range n.list("spec", "deployment", "podTemplateSpec", "spec", "containers") {
		for _, variable := range container.list("env") {
			name, is := strings.CutPrefix(variable.text("name"), controllerVariable)
			if !is {
				continue
			}
			if on, err := strconv.ParseBool(variable.text("value")); err == nil {
				out = append(out, pipeline.Controller{Name: name, Enabled: on})
			}
		}
	}
	return out
}
