package pipeline

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/finding"
)

var gatewaySubject = Subject{Namespace: "default", Service: "echo", Metric: "kong_upstream_latency_ms_60s_average"}

// gatewayGood is a cluster in which Kong Operator measures Service default/echo:
// Gateway default/kong, whose configuration comes by its class, with one route.
func gatewayGood() *Snapshot {
	return &Snapshot{
		Extensions: KnownSet(gatewayExtension("default", "latency", "echo")),
		ControlPlanes: KnownSet(ControlPlane{
			Namespace: "default", Name: "kong-x7", Gateway: "kong",
			Extensions: []ExtensionRef{gatewayRef("latency")}, AcceptedExtensions: "True",
		}),
		GatewayConfigurations: KnownSet(GatewayConfiguration{
			Namespace: "kong", Name: "kong", Extensions: []ExtensionRef{gatewayRef("latency")},
		}),
		GatewayClasses: KnownSet(gatewayClassWith("kong", "kong", "kong")),
		Gateways:       KnownSet(gatewayOfClass("default", "kong", "kong")),
		HTTPRoutes:     KnownSet(gatewayRoute("default", "echo", "kong", gatewayRule("echo"))),
	}
}

// gatewayBefore is the good cluster before the operator has made a ControlPlane.
func gatewayBefore(s *Snapshot) { s.ControlPlanes = KnownSet[ControlPlane]() }

func gatewayExtension(namespace, name string, services ...string) Extension {
	return Extension{Namespace: namespace, Name: name, Services: services, Latency: true}
}

func gatewayRef(name string) ExtensionRef {
	return ExtensionRef{Group: "gateway-operator.konghq.com", Kind: "DataPlaneMetricsExtension", Name: name}
}

// gatewayClassWith is a GatewayClass of Kong Operator with a GatewayConfiguration;
// none if name is empty.
func gatewayClassWith(class, namespace, name string) *gatewayv1.GatewayClass {
	c := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: class}}
	c.Spec.ControllerName = gatewayController
	if name != "" {
		ns := gatewayv1.Namespace(namespace)
		c.Spec.ParametersRef = &gatewayv1.ParametersReference{
			Group: "gateway-operator.konghq.com", Kind: "GatewayConfiguration", Namespace: &ns, Name: name,
		}
	}
	return c
}

func gatewayOfClass(namespace, name, class string) *gatewayv1.Gateway {
	g := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	g.Spec.GatewayClassName = gatewayv1.ObjectName(class)
	return g
}

// gatewayWithConfig gives a Gateway a configuration of its own.
func gatewayWithConfig(g *gatewayv1.Gateway, config string) *gatewayv1.Gateway {
	g.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{ParametersRef: &gatewayv1.LocalParametersReference{
		Group: "gateway-operator.konghq.com", Kind: "GatewayConfiguration", Name: config,
	}}
	return g
}

func gatewayRoute(namespace, name, gateway string, rules ...gatewayv1.HTTPRouteRule) *gatewayv1.HTTPRoute {
	r := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	r.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: gatewayv1.ObjectName(gateway)}}
	r.Spec.Rules = rules
	return r
}

func gatewayRule(services ...string) gatewayv1.HTTPRouteRule {
	var rule gatewayv1.HTTPRouteRule
	for _, s := range services {
		var ref gatewayv1.HTTPBackendRef
		ref.Name = gatewayv1.ObjectName(s)
		rule.BackendRefs = append(rule.BackendRefs, ref)
	}
	return rule
}

func gatewayPtr[T any](v T) *T { return &v }

func gatewayReasonsOf(findings []finding.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Reason.Name)
	}
	return out
}

// gatewayApply does what kubectl apply does with a fix that is an extension.
func gatewayApply(t *testing.T, s *Snapshot, fix string) {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(fix), &u.Object); err != nil {
		t.Fatalf("parse the fix: %v\n%s", err, fix)
	}
	if u.GetAPIVersion() != "gateway-operator.konghq.com/v1alpha1" || u.GetKind() != gatewayExtensionKind {
		t.Fatalf("the fix is no extension:\n%s", fix)
	}
	e := Extension{Namespace: u.GetNamespace(), Name: u.GetName(), Manifest: u}
	names, _, _ := unstructured.NestedSlice(u.Object, "spec", "serviceSelector", "matchNames")
	for _, n := range names {
		e.Services = append(e.Services, n.(map[string]any)["name"].(string))
	}
	e.Latency, _, _ = unstructured.NestedBool(u.Object, "spec", "config", "latency")
	s.Extensions.Items = slices.DeleteFunc(slices.Clone(s.Extensions.Items), func(x Extension) bool {
		return x.Namespace == e.Namespace && x.Name == e.Name
	})
	s.Extensions.Items = append(s.Extensions.Items, e)
}
