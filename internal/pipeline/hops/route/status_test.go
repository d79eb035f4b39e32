package route_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

func condition(kind string, status metav1.ConditionStatus, generation int64) metav1.Condition {
	c := metav1.Condition{Type: kind, Status: status, ObservedGeneration: generation}
	if status != metav1.ConditionTrue {
		c.Reason, c.Message = "Because", "the controller says so."
	}
	return c
}

// says makes a controller say something of generation 2 of the route, about its parent.
func says(controller gatewayv1.GatewayController, conditions ...metav1.Condition) func(*pipeline.Snapshot) {
	return func(s *pipeline.Snapshot) {
		r := s.HTTPRoutes.Items[0]
		r.Generation = 2
		r.Status.Parents = append(r.Status.Parents, gatewayv1.RouteParentStatus{
			ParentRef: r.Spec.ParentRefs[0], ControllerName: controller, Conditions: conditions,
		})
	}
}

func wrong(s *pipeline.Snapshot) {
	parent(s).SectionName = ptr.To(gatewayv1.SectionName("internal"))
}

func TestStatus(t *testing.T) {
	const kong = "konghq.com/gateway-operator"
	accepted := condition("Accepted", "True", 2)
	several := func(s *pipeline.Snapshot) {
		r := s.HTTPRoutes.Items[0]
		r.Spec.Rules = append(r.Spec.Rules, pipelinetest.NewRule("other"))
	}
	tryAttachments(t, []attachment{
		{name: "accepted", change: says(kong, accepted, condition("ResolvedRefs", "True", 2), condition("Programmed", "True", 2))},
		{
			name: "not accepted", change: says(kong, condition("Accepted", "False", 2)), want: []string{notAttached}, field: "spec.parentRefs[0]",
			says: []string{"its condition Accepted is False: the controller says so"},
		},
		{name: "not accepted, and what is inferred agrees", change: pipelinetest.Together(wrong, says(kong, condition("Accepted", "False", 2))),
			want: []string{notAttached}, field: "spec.parentRefs[0].sectionName", says: []string{"Accepted is False", "no listener of Gateway"}},
		{name: "accepted outweighs what is inferred", change: pipelinetest.Together(wrong, says(kong, accepted))},
		{name: "not accepted, of an earlier generation", change: says(kong, condition("Accepted", "False", 1)), want: []string{notKnown},
			says: []string{"condition Accepted is about generation 1, and it has generation 2"}},
		{name: "accepted, of an earlier generation", change: says(kong, condition("Accepted", "True", 1)), want: []string{notKnown}},
		{name: "not accepted, of no generation", change: says(kong, condition("Accepted", "False", 0)), want: []string{notAttached}},
		{name: "not decided yet", change: says(kong, condition("Accepted", "Unknown", 2)), want: []string{notKnown}},
		{name: "what another controller says counts for nothing", change: says("example.com/other", condition("Accepted", "False", 2))},
		{name: "a controller of Kong that the class does not name", change: says("konghq.com/kic-gateway-controller", condition("Accepted", "False", 2))},
		{name: "the controller that the class names", change: func(s *pipeline.Snapshot) {
			s.GatewayClasses.Items[0].Spec.ControllerName = "example.com/my-kong"
			says("example.com/my-kong", condition("Accepted", "False", 2))(s)
		}, want: []string{notAttached}},
		{name: "of another Gateway", change: func(s *pipeline.Snapshot) {
			says(kong, condition("Accepted", "False", 2))(s)
			s.HTTPRoutes.Items[0].Status.Parents[0].ParentRef.Name = "other"
		}},
		{name: "of another listener", change: func(s *pipeline.Snapshot) {
			parent(s).SectionName = ptr.To(gatewayv1.SectionName("http"))
			says(kong, condition("Accepted", "False", 2))(s)
			s.HTTPRoutes.Items[0].Status.Parents[0].ParentRef.SectionName = ptr.To(gatewayv1.SectionName("https"))
		}},
		{name: "of a listener that the controller leaves out", change: func(s *pipeline.Snapshot) {
			parent(s).SectionName = ptr.To(gatewayv1.SectionName("http"))
			says(kong, condition("Accepted", "False", 2))(s)
			s.HTTPRoutes.Items[0].Status.Parents[0].ParentRef.SectionName = nil
		}, want: []string{notAttached}},
		{name: "one of two listeners accepts", change: pipelinetest.Together(says(kong, condition("Accepted", "False", 2)), says(kong, accepted))},
		{name: "not programmed", change: says(kong, accepted, condition("Programmed", "False", 2)), want: []string{notAttached}, says: []string{"Programmed is False"}},
		{name: "not programmed yet", change: says(kong, accepted, condition("Programmed", "Unknown", 2)), want: []string{notKnown}},
		{name: "backend not resolved", change: says(kong, accepted, condition("ResolvedRefs", "False", 2)), want: []string{refused},
			field: "spec.rules[0].backendRefs[0]", says: []string{"ResolvedRefs is False"}},
		{name: "one of several backends not resolved", change: pipelinetest.Together(several, says(kong, accepted, condition("ResolvedRefs", "False", 2))),
			want: []string{notKnown, "DataPlaneMayBeShared"}, says: []string{"ResolvedRefs is False"}},
		{name: "backend resolved without a grant that is known", change: func(s *pipeline.Snapshot) {
			elsewhere(s)
			s.ReferenceGrants = pipeline.KnownSet[pipeline.ReferenceGrant]()
			says(kong, accepted, condition("ResolvedRefs", "True", 2))(s)
		}},
		{name: "accepted, and the Gateways are not known", change: func(s *pipeline.Snapshot) {
			s.Gateways = pipeline.Set[*gatewayv1.Gateway]{State: pipeline.Unreadable}
			says(kong, accepted)(s)
		}},
	})
}

func TestControllers(t *testing.T) {
	turn := func(name string, on bool) pipeline.Controller {
		return pipeline.Controller{Name: name, Enabled: on, Field: []any{"spec", "controllers", 0}}
	}
	config := func(c ...pipeline.Controller) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) { s.GatewayConfigurations.Items[0].Controllers = c }
	}
	plane := func(c ...pipeline.Controller) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) { s.ControlPlanes.Items[0].Controllers = c }
	}
	tryAttachments(t, []attachment{
		{
			name: "off in the configuration", change: config(turn("GWAPI_HTTPROUTE", false)), want: []string{off}, field: "spec.controllers[0]",
			says: []string{"GatewayConfiguration kong/kong", "turns the controller GWAPI_HTTPROUTE off, so HTTPRoute default/echo is never configured in Kong"},
		},
		{name: "off in the ControlPlane", change: plane(turn("GWAPI_HTTPROUTE", false)), want: []string{off}, says: []string{"ControlPlane default/kong-x7"}},
		{name: "on", change: config(turn("GWAPI_HTTPROUTE", true))},
		{name: "off and on again", change: config(turn("GWAPI_HTTPROUTE", false), turn("GWAPI_HTTPROUTE", true))},
		{name: "another one off", change: config(turn("INGRESS_NETWORKINGV1", false))},
		{name: "the ControlPlane has the last word", change: pipelinetest.Together(config(turn("GWAPI_HTTPROUTE", false)), plane(turn("GWAPI_HTTPROUTE", true)))},
		{name: "ControlPlanes not known", change: func(s *pipeline.Snapshot) {
			config(turn("GWAPI_HTTPROUTE", false))(s)
			s.ControlPlanes = pipeline.Set[pipeline.ControlPlane]{State: pipeline.Unreadable}
		}, want: []string{notKnown}},
		{name: "off, and accepted by the status", change: pipelinetest.Together(config(turn("GWAPI_HTTPROUTE", false)),
			says("konghq.com/gateway-operator", condition("Accepted", "True", 2))), want: []string{notKnown}},
		{name: "one that HTTPRoutes need", change: config(turn("GWAPI_GATEWAY", false)), want: []string{notKnown}},
		{name: "off in a configuration that no Gateway uses", change: func(s *pipeline.Snapshot) {
			s.GatewayConfigurations.Items = append(s.GatewayConfigurations.Items, pipeline.GatewayConfiguration{
				Namespace: "kong", Name: "other", Controllers: []pipeline.Controller{turn("GWAPI_HTTPROUTE", false)},
			})
		}},
	})
}

func TestOtherWays(t *testing.T) {
	kongClass := pipeline.IngressClass{Name: "kong", Controller: "ingress-controllers.konghq.com/kong"}
	through := func(class string) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) {
			s.HTTPRoutes = pipeline.KnownSet[*gatewayv1.HTTPRoute]()
			s.IngressClasses = pipeline.KnownSet(kongClass, pipeline.IngressClass{Name: "nginx", Controller: "k8s.io/ingress-nginx"})
			s.Ingresses = pipeline.KnownSet(pipeline.Ingress{Namespace: "default", Name: "echo", Class: class, Services: []string{"echo"}})
		}
	}
	serving := func(class string, c ...pipeline.Controller) func(*pipeline.Snapshot) {
		return func(s *pipeline.Snapshot) {
			through(class)(s)
			s.ControlPlanes.Items[0].IngressClass, s.ControlPlanes.Items[0].Controllers = "kong", c
		}
	}
	tryAttachments(t, []attachment{
		{name: "an Ingress that the ControlPlane serves", change: serving("kong")},
		{name: "an Ingress of the default class", change: func(s *pipeline.Snapshot) {
			serving("")(s)
			s.IngressClasses.Items[0].Default = true
		}},
		{name: "an Ingress of no class, and none is the default", change: serving(""), want: []string{missing}},
		{name: "by the class of the configuration", change: func(s *pipeline.Snapshot) {
			through("kong")(s)
			s.GatewayConfigurations.Items[0].IngressClass = "kong"
		}},
		{name: "Ingresses turned off", change: serving("kong", pipeline.Controller{Name: "INGRESS_NETWORKINGV1"}), want: []string{off},
			says: []string{"turns the controller INGRESS_NETWORKINGV1 off, so Ingress default/echo is never configured"}},
		{name: "HTTPRoutes turned off", change: serving("kong", pipeline.Controller{Name: "GWAPI_HTTPROUTE"})},
		{name: "an Ingress of Kong that no ControlPlane serves", change: through("kong"), want: []string{notKnown}, says: []string{"its class kong is Kong's"}},
		{name: "an Ingress of a class that does not exist", change: through("gone"), want: []string{notKnown}, says: []string{"class gone"}},
		{name: "another controller's Ingress", change: serving("nginx"), want: []string{missing}},
		{name: "an Ingress of another namespace", change: func(s *pipeline.Snapshot) {
			serving("kong")(s)
			s.Ingresses.Items[0].Namespace = "team"
		}, want: []string{missing}},
		{name: "classes not known", change: func(s *pipeline.Snapshot) {
			through("nginx")(s)
			s.IngressClasses = pipeline.Set[pipeline.IngressClass]{State: pipeline.Unreadable}
		}, want: []string{notKnown}},
		{name: "Ingresses not known", change: func(s *pipeline.Snapshot) {
			through("nginx")(s)
			s.Ingresses = pipeline.Set[pipeline.Ingress]{State: pipeline.Unreadable, Why: "listing ingresses is forbidden"}
		}, want: []string{notKnown}, says: []string{"listing ingresses is forbidden"}},
		{name: "an Ingress beside an HTTPRoute that is not attached", change: func(s *pipeline.Snapshot) {
			routes := s.HTTPRoutes
			serving("kong")(s)
			s.HTTPRoutes = routes
			wrong(s)
		}},
		{name: "a route of another kind", change: func(s *pipeline.Snapshot) {
			s.HTTPRoutes = pipeline.KnownSet[*gatewayv1.HTTPRoute]()
			s.OtherRoutes = pipeline.KnownSet(pipeline.OtherRoute{Kind: "GRPCRoute", Namespace: "default", Name: "echo", Services: []types.NamespacedName{pipelinetest.GatewaySubject.Key()}})
		}, want: []string{notKnown}, says: []string{"GRPCRoute default/echo refers to it"}},
		{name: "routes of other kinds not known", change: func(s *pipeline.Snapshot) {
			s.HTTPRoutes = pipeline.KnownSet[*gatewayv1.HTTPRoute]()
			s.OtherRoutes = pipeline.Set[pipeline.OtherRoute]{State: pipeline.Unreadable}
		}, want: []string{notKnown}},
	})
}
