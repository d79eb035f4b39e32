package convert

import (
	"cmp"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// KongConfigurationGroup is the API group of the kinds of Kong's ingress controller.
const KongConfigurationGroup = "configuration.konghq.com"

// HTTPRoute keeps what users write of an HTTPRoute, and what controllers say about its
// attachment.
func HTTPRoute(u *unstructured.Unstructured) (*gatewayv1.HTTPRoute, error) {
	var full gatewayv1.HTTPRoute
	err := Typed(u, &full)
	out := &gatewayv1.HTTPRoute{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}
	for _, p := range full.Status.Parents {
		kept := gatewayv1.RouteParentStatus{ParentRef: p.ParentRef, ControllerName: p.ControllerName}
		for _, c := range p.Conditions {
			if slices.Contains(attachmentConditions(), c.Type) {
				kept.Conditions = append(kept.Conditions, plainCondition(c))
			}
		}
		if len(kept.Conditions) > 0 {
			out.Status.Parents = append(out.Status.Parents, kept)
		}
	}
	if len(out.Status.Parents) > 0 {
		out.Generation = full.Generation // by which a condition is found to be stale
	}
	return out, err
}

func attachmentConditions() []string {
	return []string{string(gatewayv1.RouteConditionAccepted), string(gatewayv1.RouteConditionResolvedRefs), pipeline.ConditionProgrammed}
}

// plainCondition leaves out the time, and the message of a condition that is True: nothing
// depends on them.
func plainCondition(c metav1.Condition) metav1.Condition {
	out := metav1.Condition{Type: c.Type, Status: c.Status, ObservedGeneration: c.ObservedGeneration}
	if c.Status != metav1.ConditionTrue {
		out.Reason, out.Message = c.Reason, c.Message
	}
	return out
}

// ReferenceGrant reads v1 and v1beta1, which agree.
func ReferenceGrant(u *unstructured.Unstructured) (pipeline.ReferenceGrant, error) {
	g := pipeline.ReferenceGrant{Namespace: u.GetNamespace(), Name: u.GetName()}
	n := nestedOf(u)
	for _, from := range n.list("spec", "from") {
		g.From = append(g.From, pipeline.ReferenceGrantFrom{
			Group: from.text("group"), Kind: from.text("kind"), Namespace: from.text("namespace"),
		})
	}
	for _, to := range n.list("spec", "to") {
		g.To = append(g.To, pipeline.ReferenceGrantTo{Group: to.text("group"), Kind: to.text("kind"), Name: to.text("name")})
	}
	return g, n.err()
}

// Ingress keeps the class and the Services of an Ingress.
func Ingress(u *unstructured.Unstructured) (pipeline.Ingress, error) {
	n := nestedOf(u)
	out := pipeline.Ingress{
		Namespace: u.GetNamespace(), Name: u.GetName(),
		Class: cmp.Or(u.GetAnnotations()["kubernetes.io/ingress.class"], n.text("spec", "ingressClassName")),
	}
	add := func(service string) {
		if service != "" && !slices.Contains(out.Services, service) {
			out.Services = append(out.Services, service)
		}
	}
	// The versions before v1 are read in files only.
	add(n.text("spec", "defaultBackend", "service", "name"))
	add(n.text("spec", "backend", "serviceName"))
	for _, rule := range n.list("spec", "rules") {
		for _, path := range rule.list("http", "paths") {
			add(path.text("backend", "service", "name"))
			add(path.text("backend", "serviceName"))
		}
	}
	return out, n.err()
}

// IngressClass keeps the controller of an IngressClass.
func IngressClass(u *unstructured.Unstructured) (pipeline.IngressClass, error) {
	n := nestedOf(u)
	return pipeline.IngressClass{
		Name: u.GetName(), Controller: n.text("spec", "controller"),
		Default: u.GetAnnotations()[networkingv1.AnnotationIsDefaultIngressClass] == "true",
	}, n.err()
}

// OtherRoute reads the Services of a GRPCRoute, TCPRoute or TLSRoute of the Gateway API, and
// of Kong's TCPIngress.
func OtherRoute(u *unstructured.Unstructured) (pipeline.OtherRoute, error) {
	n := nestedOf(u)
	out := pipeline.OtherRoute{Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName()}
	add := func(namespace, name string) {
		service := types.NamespacedName{Namespace: namespace, Name: name}
		if name != "" && !slices.Contains(out.Services, service) {
			out.Services = append(out.Services, service)
		}
	}
	for _, rule := range n.list("spec", "rules") {
		for _, ref := range rule.list("backendRefs") {
			if ref.text("group") == "" && cmp.Or(ref.text("kind"), "Service") == "Service" {
				add(cmp.Or(ref.text("namespace"), out.Namespace), ref.text("name"))
			}
		}
		add(out.Namespace, rule.text("backend", "serviceName"))
	}
	return out, n.err()
}
