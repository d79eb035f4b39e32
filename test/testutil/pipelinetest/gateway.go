package pipelinetest

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/topology"
)

// GatewaySubject is the subject of the snapshot Gateway.
var GatewaySubject = pipeline.Subject{Namespace: "default", Service: "echo", Metric: "kong_upstream_latency_ms_60s_average"}

// Gateway is a cluster in which Kong Operator measures Service default/echo:
// Gateway default/kong, whose configuration comes by its class, with one route.
func Gateway() *pipeline.Snapshot {
	return &pipeline.Snapshot{
		Extensions: pipeline.KnownSet(NewExtension("default", "latency", "echo")),
		ControlPlanes: pipeline.KnownSet(pipeline.ControlPlane{
			Namespace: "default", Name: "kong-x7", Gateway: "kong",
			Extensions: []pipeline.ExtensionRef{NewRef("latency")}, AcceptedExtensions: "True",
		}),
		GatewayConfigurations: pipeline.KnownSet(pipeline.GatewayConfiguration{
			Namespace: "kong", Name: "kong", Extensions: []pipeline.ExtensionRef{NewRef("latency")},
		}),
		GatewayClasses: pipeline.KnownSet(NewGatewayClass("kong", "kong", "kong")),
		Gateways:       pipeline.KnownSet(NewGateway("default", "kong", "kong")),
		HTTPRoutes:     pipeline.KnownSet(NewRoute("default", "echo", "kong", NewRule("echo"))),

		Namespaces:      pipeline.KnownSet(GoodNamespace("default"), GoodNamespace("kong"), GoodNamespace("team")),
		ReferenceGrants: pipeline.KnownSet[pipeline.ReferenceGrant](),
		Ingresses:       pipeline.KnownSet[pipeline.Ingress](),
		IngressClasses:  pipeline.KnownSet[pipeline.IngressClass](),
		OtherRoutes:     pipeline.KnownSet[pipeline.OtherRoute](),
	}
}

// BeforeControlPlane is the good cluster before the operator has made a ControlPlane.
func BeforeControlPlane(s *pipeline.Snapshot) {
	s.ControlPlanes = pipeline.KnownSet[pipeline.ControlPlane]()
}

// NewExtension is a metrics extension that measures these Services.
func NewExtension(namespace, name string, services ...string) pipeline.Extension {
	return pipeline.Extension{Namespace: namespace, Name: name, Services: services, Latency: true}
}

// NewRef is a reference to a metrics extension.
func NewRef(name string) pipeline.ExtensionRef {
	return pipeline.ExtensionRef{Group: "gateway-operator.konghq.com", Kind: "DataPlaneMetricsExtension", Name: name}
}

// NewGatewayClass is a GatewayClass of Kong Operator with a GatewayConfiguration;
// none if name is empty.
func NewGatewayClass(class, namespace, name string) *gatewayv1.GatewayClass {
	c := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: class}}
	c.Spec.ControllerName = topology.Controller
	if name != "" {
		ns := gatewayv1.Namespace(namespace)
		c.Spec.ParametersRef = &gatewayv1.ParametersReference{
			Group: "gateway-operator.konghq.com", Kind: "GatewayConfiguration", Namespace: &ns, Name: name,
		}
	}
	return c
}

// NewGateway is a Gateway of a class, whose listeners http and https allow all routes.
func NewGateway(namespace, name, class string) *gatewayv1.Gateway {
	g := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	g.Spec.GatewayClassName = gatewayv1.ObjectName(class)
	all := gatewayv1.NamespacesFromAll
	for _, l := range []gatewayv1.Listener{
		{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType},
		{Name: "https", Port: 443, Protocol: gatewayv1.HTTPSProtocolType},
	} {
		l.AllowedRoutes = &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: &all}}
		g.Spec.Listeners = append(g.Spec.Listeners, l)
	}
	return g
}

// WithConfig gives a Gateway a configuration of its own.
func WithConfig(g *gatewayv1.Gateway, config string) *gatewayv1.Gateway {
	g.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{ParametersRef: &gatewayv1.LocalParametersReference{
		Group: "gateway-operator.konghq.com", Kind: "GatewayConfiguration", Name: config,
	}}
	return g
}

// NewRoute is an HTTPRoute that is attached to a Gateway.
func NewRoute(namespace, name, gateway string, rules ...gatewayv1.HTTPRouteRule) *gatewayv1.HTTPRoute {
	r := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	r.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: gatewayv1.ObjectName(gateway)}}
	r.Spec.Rules = rules
	return r
}

// NewRule is a rule of an HTTPRoute with these Services as backends.
func NewRule(services ...string) gatewayv1.HTTPRouteRule {
	var rule gatewayv1.HTTPRouteRule
	for _, s := range services {
		var ref gatewayv1.HTTPBackendRef
		ref.Name = gatewayv1.ObjectName(s)
		rule.BackendRefs = append(rule.BackendRefs, ref)
	}
	return rule
}

// ApplyExtension does what kubectl apply does with a fix that is an extension.
func ApplyExtension(t *testing.T, s *pipeline.Snapshot, fix string) {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(fix), &u.Object); err != nil {
		t.Fatalf("parse the fix: %v\n%s", err, fix)
	}
	if u.GetAPIVersion() != "gateway-operator.konghq.com/v1alpha1" || u.GetKind() != topology.ExtensionKind {
		t.Fatalf("the fix is no extension:\n%s", fix)
	}
	e := pipeline.Extension{Namespace: u.GetNamespace(), Name: u.GetName(), Manifest: u}
	names, _, _ := unstructured.NestedSlice(u.Object, "spec", "serviceSelector", "matchNames")
	for _, n := range names {
		e.Services = append(e.Services, n.(map[string]any)["name"].(string))
	}
	e.Latency, _, _ = unstructured.NestedBool(u.Object, "spec", "config", "latency")
	s.Extensions.Items = slices.DeleteFunc(slices.Clone(s.Extensions.Items), func(x pipeline.Extension) bool {
		return x.Namespace == e.Namespace && x.Name == e.Name
	})
	s.Extensions.Items = append(s.Extensions.Items, e)
}
