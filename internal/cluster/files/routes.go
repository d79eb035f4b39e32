package files

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// routing adds what leads to Services beside HTTPRoutes, and what lets HTTPRoutes refer to
// them. Files with a route or an Ingress show how Services are reached; so kinds of routes
// of which none is among them have none.
func (m *contents) routing(s *pipeline.Snapshot) {
	s.ReferenceGrants = setOf(m, convert.ReferenceGrant, ofKind(gatewayv1.GroupName, "ReferenceGrant"))
	s.IngressClasses = setOf(m, convert.IngressClass, ofKind(networkingv1.GroupName, "IngressClass"))
	s.Ingresses = setOf(m, convert.Ingress, ofKind(networkingv1.GroupName, "Ingress"))
	s.OtherRoutes = setOf(m, convert.OtherRoute, otherRoute)
	s.ServicePorts = setOf(m, servicePorts, wholeService)

	routes := slices.ContainsFunc(m.objects, ofKind(gatewayv1.GroupName, "HTTPRoute"))
	ingresses := slices.ContainsFunc(m.objects, ofKind(networkingv1.GroupName, "Ingress"))
	others := slices.ContainsFunc(m.objects, otherRoute)
	if !routes && !ingresses && !others {
		return
	}
	if !routes {
		s.HTTPRoutes = pipeline.KnownSet[*gatewayv1.HTTPRoute]()
	}
	if !ingresses {
		s.Ingresses = pipeline.KnownSet[pipeline.Ingress]()
	}
	if !others {
		s.OtherRoutes = pipeline.KnownSet[pipeline.OtherRoute]()
	}
}

// writtenRoute is an HTTPRoute without its status: what a file says of that was copied
// from a cluster at some time.
func writtenRoute(u *unstructured.Unstructured) (*gatewayv1.HTTPRoute, error) {
	r, err := convert.HTTPRoute(u)
	r.Status, r.Generation = gatewayv1.HTTPRouteStatus{}, 0
	return r, err
}

func otherRoute(u *unstructured.Unstructured) bool {
	gvk := u.GroupVersionKind()
	switch gvk.Group {
	case gatewayv1.GroupName:
		return slices.Contains([]string{"GRPCRoute", "TCPRoute", "TLSRoute"}, gvk.Kind)
	case convert.KongConfigurationGroup:
		return gvk.Kind == "TCPIngress"
	}
	return false
}

// wholeService reports whether an object is a Service that says which ports it has.
func wholeService(u *unstructured.Unstructured) bool {
	if !ofKind("", "Service")(u) {
		return false
	}
	kind, _, _ := unstructured.NestedString(u.Object, "spec", "type")
	ports, _, err := unstructured.NestedSlice(u.Object, "spec", "ports")
	return err == nil && len(ports) > 0 && kind != string(corev1.ServiceTypeExternalName)
}

// servicePorts leaves out what is no port; that the Service is not what its kind says is
// an error of its own.
func servicePorts(u *unstructured.Unstructured) (pipeline.ServicePorts, error) {
	out := pipeline.ServicePorts{Namespace: u.GetNamespace(), Name: u.GetName()}
	var s corev1.Service
	if convert.Typed(u, &s) == nil {
		for _, p := range s.Spec.Ports {
			out.Ports = append(out.Ports, p.Port)
		}
	}
	return out, nil
}
