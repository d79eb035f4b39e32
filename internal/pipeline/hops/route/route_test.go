package route_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

func TestRoute(t *testing.T) {
	routes := func(s *pipeline.Snapshot, add ...*gatewayv1.HTTPRoute) {
		s.HTTPRoutes.Items = append(s.HTTPRoutes.Items, add...)
	}
	only := func(s *pipeline.Snapshot, rules ...gatewayv1.HTTPRouteRule) { s.HTTPRoutes.Items[0].Spec.Rules = rules }
	cases := []struct {
		name   string
		change func(s *pipeline.Snapshot)
		want   []string
		object string
		says   []string
	}{
		{name: "one route", change: func(*pipeline.Snapshot) {}},
		{
			name: "several backends", change: func(s *pipeline.Snapshot) { only(s, pipelinetest.NewRule("echo", "other")) },
			want: []string{"RouteSeveralBackends"}, object: "HTTPRoute default/echo",
			says: []string{"rule 0 has 2 backends", "name of the HTTPRoute", "leave the rule out", "rule of its own in HTTPRoute default/echo"},
		},
		{
			name: "several backends in the second rule", change: func(s *pipeline.Snapshot) {
				only(s, pipelinetest.NewRule("other"), pipelinetest.NewRule("other", "echo"))
			},
			want: []string{"RouteSeveralBackends"}, object: "HTTPRoute default/echo", says: []string{"rule 1 has"},
		},
		{
			name: "several backends in several rules", change: func(s *pipeline.Snapshot) {
				only(s, pipelinetest.NewRule("echo", "a"), pipelinetest.NewRule("echo", "b"))
			},
			want: []string{"RouteSeveralBackends"}, object: "HTTPRoute default/echo", says: []string{"(and 1 more rules)"},
		},
		{
			name: "the same Service twice", change: func(s *pipeline.Snapshot) {
				rule := pipelinetest.NewRule("echo", "echo")
				rule.BackendRefs[1].Port = ptr.To(gatewayv1.PortNumber(81))
				only(s, rule)
			},
			want: []string{"RouteSeveralBackends"}, object: "HTTPRoute default/echo",
		},
		{
			name: "another backend of weight 0 counts", change: func(s *pipeline.Snapshot) {
				rule := pipelinetest.NewRule("echo", "other")
				rule.BackendRefs[1].Weight = ptr.To(int32(0))
				only(s, rule)
			},
			want: []string{"RouteSeveralBackends"}, object: "HTTPRoute default/echo",
		},
		{
			name: "another backend that is no Service does not count", change: func(s *pipeline.Snapshot) {
				rule := pipelinetest.NewRule("echo", "bucket", "imported")
				rule.BackendRefs[1].Group = ptr.To(gatewayv1.Group("example.com"))
				rule.BackendRefs[2].Kind = ptr.To(gatewayv1.Kind("ServiceImport"))
				only(s, rule)
			},
		},
		{
			name: "several backends, of which none is the Service", change: func(s *pipeline.Snapshot) { only(s, pipelinetest.NewRule("echo"), pipelinetest.NewRule("a", "b")) },
			want: []string{"DataPlaneMayBeShared"}, object: "Service default/echo", says: []string{"HTTPRoute default/echo"},
		},
		{
			name: "group and kind spelled out", change: func(s *pipeline.Snapshot) {
				ref := &s.HTTPRoutes.Items[0].Spec.Rules[0].BackendRefs[0]
				ref.Group, ref.Kind = ptr.To(gatewayv1.Group("")), ptr.To(gatewayv1.Kind("Service"))
				ref.Namespace, ref.Weight = ptr.To(gatewayv1.Namespace("default")), ptr.To(int32(7))
			},
		},
		{
			name: "no route", change: func(s *pipeline.Snapshot) { s.HTTPRoutes = pipeline.KnownSet[*gatewayv1.HTTPRoute]() },
			want: []string{"RouteMissing"}, object: "Service default/echo", says: []string{"no HTTPRoute has Service echo"},
		},
		{
			name: "a Service of the same name in another namespace", change: func(s *pipeline.Snapshot) {
				s.HTTPRoutes.Items[0].Spec.Rules[0].BackendRefs[0].Namespace = ptr.To(gatewayv1.Namespace("other"))
			},
			want: []string{"RouteMissing"}, object: "Service default/echo",
		},
		{
			name: "a route of another namespace names the Service's", change: func(s *pipeline.Snapshot) {
				r := s.HTTPRoutes.Items[0]
				r.Namespace = "team"
				r.Spec.ParentRefs[0].Namespace = ptr.To(gatewayv1.Namespace("default"))
				r.Spec.Rules[0].BackendRefs[0].Namespace = ptr.To(gatewayv1.Namespace("default"))
				s.ReferenceGrants = pipeline.KnownSet(grant("default", "team", "echo"))
			},
		},
		{
			name: "weight 0", change: func(s *pipeline.Snapshot) {
				s.HTTPRoutes.Items[0].Spec.Rules[0].BackendRefs[0].Weight = ptr.To(int32(0))
			},
			want: []string{"RouteMissing"}, object: "Service default/echo", says: []string{"rule 0 of HTTPRoute default/echo has Service echo with weight 0"},
		},
		{
			name: "the Gateway is looked for in the route's namespace", change: func(s *pipeline.Snapshot) {
				r := s.HTTPRoutes.Items[0]
				r.Namespace = "team"
				r.Spec.Rules[0].BackendRefs[0].Namespace = ptr.To(gatewayv1.Namespace("default"))
			},
			want: []string{"RouteMissing"}, object: "Service default/echo", says: []string{"Gateway team/kong"},
		},
		{
			name: "the parent is no Gateway", change: func(s *pipeline.Snapshot) {
				s.HTTPRoutes.Items[0].Spec.ParentRefs[0].Kind = ptr.To(gatewayv1.Kind("Service"))
				s.HTTPRoutes.Items[0].Spec.ParentRefs[0].Group = ptr.To(gatewayv1.Group(""))
			},
			want: []string{"RouteMissing"}, object: "Service default/echo",
		},
		{
			name: "another controller's Gateway", change: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayClasses = pipeline.KnownSet(pipelinetest.NewGatewayClass("kong", "", ""))
				s.GatewayClasses.Items[0].Spec.ControllerName = "istio.io/gateway-controller"
			},
			want: []string{"RouteMissing"}, object: "Service default/echo", says: []string{"Gateway default/kong only"},
		},
		{
			name: "a controller of another name, with a GatewayConfiguration", change: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayClasses.Items[0].Spec.ControllerName = "example.com/my-kong"
			},
		},
		{
			name: "two routes", change: func(s *pipeline.Snapshot) {
				routes(s, pipelinetest.NewRoute("default", "second", "kong", pipelinetest.NewRule("echo")))
			},
			want: []string{"RouteUndercounted"}, object: "Service default/echo",
			says: []string{"2 routes of Gateway default/kong", "rule 0 of HTTPRoute default/echo, rule 0 of HTTPRoute default/second"},
		},
		{
			name: "two rules", change: func(s *pipeline.Snapshot) { only(s, pipelinetest.NewRule("echo"), pipelinetest.NewRule("echo")) },
			want: []string{"RouteUndercounted"}, object: "Service default/echo",
		},
		{
			name: "two matches of a rule", change: func(s *pipeline.Snapshot) {
				s.HTTPRoutes.Items[0].Spec.Rules[0].Matches = make([]gatewayv1.HTTPRouteMatch, 2)
			},
			want: []string{"RouteUndercounted"}, object: "Service default/echo", says: []string{"every rule, match and hostname"},
		},
		{
			name: "two hostnames", change: func(s *pipeline.Snapshot) {
				s.HTTPRoutes.Items[0].Spec.Hostnames = []gatewayv1.Hostname{"a.example.com", "b.example.com"}
			},
			want: []string{"RouteUndercounted"}, object: "Service default/echo",
		},
		{
			name: "one match and one hostname", change: func(s *pipeline.Snapshot) {
				s.HTTPRoutes.Items[0].Spec.Hostnames = []gatewayv1.Hostname{"a.example.com"}
				s.HTTPRoutes.Items[0].Spec.Rules[0].Matches = make([]gatewayv1.HTTPRouteMatch, 1)
			},
		},
		{
			name: "two routes on two Gateways", change: func(s *pipeline.Snapshot) {
				s.Gateways.Items = append(s.Gateways.Items, pipelinetest.NewGateway("default", "second", "kong"))
				routes(s, pipelinetest.NewRoute("default", "second", "second", pipelinetest.NewRule("echo")))
			},
		},
		{
			name: "two listeners of one Gateway", change: func(s *pipeline.Snapshot) {
				r := s.HTTPRoutes.Items[0]
				r.Spec.ParentRefs = append(r.Spec.ParentRefs, r.Spec.ParentRefs[0])
				r.Spec.ParentRefs[0].SectionName = ptr.To(gatewayv1.SectionName("http"))
				r.Spec.ParentRefs[1].SectionName = ptr.To(gatewayv1.SectionName("https"))
			},
		},
		{
			name: "another measured Service, later by name", change: func(s *pipeline.Snapshot) {
				routes(s, pipelinetest.NewRoute("default", "zoo", "kong", pipelinetest.NewRule("zoo")))
				s.Extensions.Items[0].Services = []string{"echo", "zoo"}
			},
			want: []string{"DataPlaneShared"}, object: "Service default/echo",
			says: []string{"measured Services too (Service default/zoo)", "the last by name, Service default/zoo"},
		},
		{
			name: "another measured Service, earlier by name", change: func(s *pipeline.Snapshot) {
				routes(s, pipelinetest.NewRoute("default", "api", "kong", pipelinetest.NewRule("api")))
				s.Extensions.Items[0].Services = []string{"api", "echo"}
			},
			want: []string{"DataPlaneShared"}, object: "Service default/echo", says: []string{"the last by name, Service default/echo"},
		},
		{
			name: "another Service that nothing measures", change: func(s *pipeline.Snapshot) {
				routes(s, pipelinetest.NewRoute("default", "zoo", "kong", pipelinetest.NewRule("zoo")))
			},
			want: []string{"DataPlaneMayBeShared"}, object: "Service default/echo", says: []string{"Service default/zoo"},
		},
		{
			name: "another Service whose latency is not enabled", change: func(s *pipeline.Snapshot) {
				routes(s, pipelinetest.NewRoute("default", "zoo", "kong", pipelinetest.NewRule("zoo")))
				s.Extensions.Items = append(s.Extensions.Items, pipeline.Extension{Namespace: "default", Name: "bytes", Services: []string{"zoo"}})
			},
			want: []string{"DataPlaneMayBeShared"}, object: "Service default/echo",
		},
		{
			name: "another Service without traffic", change: func(s *pipeline.Snapshot) {
				rule := pipelinetest.NewRule("zoo")
				rule.BackendRefs[0].Weight = ptr.To(int32(0))
				routes(s, pipelinetest.NewRoute("default", "zoo", "kong", rule))
			},
		},
		{
			name: "another measured Service on another Gateway", change: func(s *pipeline.Snapshot) {
				s.Gateways.Items = append(s.Gateways.Items, pipelinetest.NewGateway("default", "second", "kong"))
				routes(s, pipelinetest.NewRoute("default", "zoo", "second", pipelinetest.NewRule("zoo")))
				s.Extensions.Items[0].Services = []string{"echo", "zoo"}
			},
		},
		{
			name: "two routes and another measured Service", change: func(s *pipeline.Snapshot) {
				routes(s, pipelinetest.NewRoute("default", "second", "kong", pipelinetest.NewRule("echo")),
					pipelinetest.NewRoute("default", "zoo", "kong", pipelinetest.NewRule("zoo")))
				s.Extensions.Items[0].Services = []string{"echo", "zoo"}
			},
			want: []string{"RouteUndercounted", "DataPlaneShared"}, object: "Service default/echo",
		},
		{
			name: "routes not installed", change: func(s *pipeline.Snapshot) {
				s.HTTPRoutes = pipeline.Set[*gatewayv1.HTTPRoute]{State: pipeline.NotInstalled}
			},
			want: []string{"RouteUnknown"}, object: "Service default/echo", says: []string{"HTTPRoutes", "not installed"},
		},
		{
			name: "Gateways unreadable, and no ControlPlane says whose they are", change: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.Gateways = pipeline.Set[*gatewayv1.Gateway]{State: pipeline.Unreadable, Why: "listing gateways is forbidden"}
			},
			want: []string{"RouteUnknown"}, object: "Service default/echo", says: []string{"listing gateways is forbidden"},
		},
		{
			name: "Gateways unreadable, and a ControlPlane says whose they are", change: func(s *pipeline.Snapshot) {
				s.Gateways = pipeline.Set[*gatewayv1.Gateway]{State: pipeline.Unreadable}
			},
			want: []string{"RouteUnknown"}, object: "Service default/echo", says: []string{"Gateways are not known"},
		},
		{
			name: "several backends are not certain without the Gateways", change: func(s *pipeline.Snapshot) {
				s.Gateways = pipeline.Set[*gatewayv1.Gateway]{State: pipeline.Unreadable}
				only(s, pipelinetest.NewRule("echo", "other"))
			},
			want: []string{"RouteUnknown"}, object: "Service default/echo", says: []string{"has several backends"},
		},
		{
			name: "several backends of another controller's Gateway", change: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayClasses = pipeline.KnownSet(pipelinetest.NewGatewayClass("kong", "", ""))
				s.GatewayClasses.Items[0].Spec.ControllerName = "istio.io/gateway-controller"
				only(s, pipelinetest.NewRule("echo", "other"))
			},
			want: []string{"RouteMissing"}, object: "Service default/echo",
		},
		{
			name: "several backends of a route that is not attached", change: func(s *pipeline.Snapshot) {
				only(s, pipelinetest.NewRule("echo", "other"))
				wrong(s)
			},
			want: []string{"RouteNotAttached"}, object: "HTTPRoute default/echo",
		},
		{
			name: "nor without the GatewayClasses, which may be another controller's", change: func(s *pipeline.Snapshot) {
				pipelinetest.BeforeControlPlane(s)
				s.GatewayClasses = pipeline.Set[*gatewayv1.GatewayClass]{State: pipeline.Unreadable}
				only(s, pipelinetest.NewRule("echo", "other"))
			},
			want: []string{"RouteUnknown"}, object: "Service default/echo", says: []string{"GatewayClasses are not known"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			losesNothing(t, c.change)
			s := pipelinetest.Gateway()
			c.change(s)
			got := route.New().Judge(pipeline.NewCase(nil, s, pipelinetest.GatewaySubject)).Findings
			if diff := cmp.Diff(c.want, pipelinetest.Found(got)); diff != "" {
				t.Fatalf("reasons (-want +got):\n%s%v", diff, got)
			}
			if len(got) == 0 {
				return
			}
			if got[0].Object.String() != c.object {
				t.Errorf("object %q, want %q", got[0].Object, c.object)
			}
			for _, part := range c.says {
				if !strings.Contains(got[0].Message+"\n"+render.Fix(got[0].Fix), part) {
					t.Errorf("%q is missing from:\n%s\n%s", part, got[0].Message, render.Fix(got[0].Fix))
				}
			}
		})
	}
}

func TestGatewayReasonsAreDeclared(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range append(extension.New().Reasons, route.New().Reasons...) {
		if r.Name == "" || r.Severity == "" || r.Wait == "" || r.Hop == nil || r.Summary == "" || r.Fix == "" {
			t.Errorf("%+v is incomplete", *r)
		}
		if seen[r.Name] {
			t.Errorf("%s is declared twice", r.Name)
		}
		seen[r.Name] = true
	}
}
