package operator_test

import (
	"slices"
	"testing"

	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/test/testutil/pipelinetest"
)

// breaks makes a breaker's change of one that needs no testing.T.
func breaks(c func(*pipeline.Snapshot)) func(*testing.T, *pipeline.Snapshot) {
	return func(_ *testing.T, s *pipeline.Snapshot) { c(s) }
}

// breakExtension changes the extension, if another breaker has left it.
func breakExtension(c func(*pipeline.Extension)) func(*testing.T, *pipeline.Snapshot) {
	return breaks(func(s *pipeline.Snapshot) {
		for i := range s.Extensions.Items {
			c(&s.Extensions.Items[i])
		}
	})
}

// breakRefs changes the references, as the operator copies them to the ControlPlane.
func breakRefs(refs ...pipeline.ExtensionRef) func(*testing.T, *pipeline.Snapshot) {
	return breaks(func(s *pipeline.Snapshot) {
		s.ControlPlanes.Items[0].Extensions = refs
		s.GatewayConfigurations.Items[0].Extensions = slices.Clone(refs)
	})
}

// breakRule changes the only rule of the only route.
func breakRule(c func(*gatewayv1.HTTPRouteRule)) func(*testing.T, *pipeline.Snapshot) {
	return breaks(func(s *pipeline.Snapshot) { c(&s.HTTPRoutes.Items[0].Spec.Rules[0]) })
}

func breakOtherRef() pipeline.ExtensionRef {
	r := pipelinetest.GoodRef()
	r.Name = "other"
	return r
}

func breakBackend(service string) gatewayv1.HTTPBackendRef {
	b := pipelinetest.GoodRoute().Spec.Rules[0].BackendRefs[0]
	b.Name = gatewayv1.ObjectName(service)
	return b
}

// breakRoute adds a route of the same Gateway to another Service.
func breakRoute(s *pipeline.Snapshot) {
	r := pipelinetest.GoodRoute()
	r.Name = "other"
	r.Spec.Rules[0].BackendRefs[0] = breakBackend("other")
	s.HTTPRoutes.Items = append(s.HTTPRoutes.Items, r)
}

// gatewayBreakers are those of the hops extension and route.
var gatewayBreakers = []breaker{
	{name: "no extension", reason: extension.Missing,
		change: breaks(func(s *pipeline.Snapshot) { s.Extensions = pipeline.KnownSet[pipeline.Extension]() })},
	{name: "no extension, and no reference", reason: extension.Missing,
		change: both(breakRefs(), breaks(func(s *pipeline.Snapshot) { s.Extensions = pipeline.KnownSet[pipeline.Extension]() }))},
	{name: "extension of another namespace", reason: extension.InOtherNamespace,
		change: both(namespace("kong"), breakExtension(func(e *pipeline.Extension) { e.Namespace = "kong" }))},
	{name: "Service not listed", reason: extension.ServiceNotListed,
		change: breakExtension(func(e *pipeline.Extension) { e.Services = []string{"other"} })},
	{name: "no Service listed", reason: extension.ServiceNotListed,
		change: breakExtension(func(e *pipeline.Extension) { e.Services = nil })},
	{name: "latency off", reason: extension.LatencyOff,
		change: breakExtension(func(e *pipeline.Extension) { e.Latency = false })},
	{name: "latency off and Service not listed", reason: extension.LatencyOff,
		change: breakExtension(func(e *pipeline.Extension) { e.Latency, e.Services = false, nil })},

	{name: "extensions not readable", sentence: true, reason: extension.Unknown,
		change: breaks(func(s *pipeline.Snapshot) {
			s.Extensions = pipeline.Set[pipeline.Extension]{State: pipeline.Unreadable}
		})},
	{name: "no reference", sentence: true, reason: extension.NotReferenced, change: breakRefs()},
	{name: "two references", sentence: true, reason: extension.Several, change: breakRefs(pipelinetest.GoodRef(), breakOtherRef())},
	{name: "not accepted", sentence: true, reason: extension.NotAccepted,
		change: breaks(func(s *pipeline.Snapshot) { s.ControlPlanes.Items[0].AcceptedExtensions = "False" })},
	{name: "ControlPlane without the reference of its configuration", sentence: true, reason: extension.Pending,
		change: breaks(func(s *pipeline.Snapshot) { s.ControlPlanes.Items[0].Extensions = nil })},
	{name: "remote extension", sentence: true, reason: extension.Remote,
		change: both(namespace("kong"), breakExtension(func(e *pipeline.Extension) { e.Namespace = "kong" }),
			breakRefs(pipeline.ExtensionRef{Kind: pipelinetest.GoodRef().Kind, Name: "kong", Namespace: "kong"}))},
	{name: "extensions of two ControlPlanes", sentence: true, reason: extension.ServiceInSeveral,
		change: breaks(func(s *pipeline.Snapshot) {
			s.Extensions.Items = append(s.Extensions.Items, pipeline.Extension{Namespace: "default", Name: "other", Services: []string{"echo"}, Latency: true})
			s.ControlPlanes.Items = append(s.ControlPlanes.Items, pipeline.ControlPlane{Namespace: "default", Name: "other", Extensions: []pipeline.ExtensionRef{breakOtherRef()}})
		})},
	{name: "configuration of no Gateway", sentence: true, reason: extension.GatewayConfigurationUnused,
		change: breaks(func(s *pipeline.Snapshot) {
			s.GatewayClasses.Items[0].Spec.ParametersRef = nil
			s.ControlPlanes = pipeline.KnownSet[pipeline.ControlPlane]()
		})},
	{name: "hybrid", sentence: true, reason: extension.GatewayHybrid,
		change: breaks(func(s *pipeline.Snapshot) {
			s.GatewayConfigurations.Items[0].Konnect = true
			s.ControlPlanes = pipeline.KnownSet[pipeline.ControlPlane]()
		})},
	{name: "Gateway of another namespace", sentence: true, reason: extension.GatewayInOtherNamespace,
		change: breaks(func(s *pipeline.Snapshot) {
			kong := gatewayv1.Namespace("kong")
			s.Gateways.Items[0].Namespace, s.ControlPlanes.Items[0].Namespace = "kong", "kong"
			s.HTTPRoutes.Items[0].Spec.ParentRefs[0].Namespace = &kong
		})},
	{name: "no Gateway", sentence: true, reason: extension.GatewayMissing,
		change: breaks(func(s *pipeline.Snapshot) {
			s.Gateways, s.ControlPlanes = pipeline.KnownSet[*gatewayv1.Gateway](), pipeline.KnownSet[pipeline.ControlPlane]()
		})},

	{name: "routes not installed", sentence: true, reason: route.Unknown,
		change: breaks(func(s *pipeline.Snapshot) {
			s.HTTPRoutes = pipeline.Set[*gatewayv1.HTTPRoute]{State: pipeline.NotInstalled}
		})},
	{name: "no route", sentence: true, reason: route.Missing,
		change: breaks(func(s *pipeline.Snapshot) { s.HTTPRoutes = pipeline.KnownSet[*gatewayv1.HTTPRoute]() })},
	{name: "no such listener", sentence: true, reason: route.NotAttached,
		change: breaks(func(s *pipeline.Snapshot) {
			s.HTTPRoutes.Items[0].Spec.ParentRefs[0].SectionName = ptr.To(gatewayv1.SectionName("internal"))
		})},
	{name: "no such port", sentence: true, reason: route.BackendRefused,
		change: breaks(func(s *pipeline.Snapshot) {
			s.HTTPRoutes.Items[0].Spec.Rules[0].BackendRefs[0].Port = ptr.To(gatewayv1.PortNumber(8080))
			s.ServicePorts = pipeline.KnownSet(pipeline.ServicePorts{Namespace: "default", Name: "echo", Ports: []int32{80}})
		})},
	{name: "HTTPRoutes turned off", sentence: true, reason: route.ControllerOff,
		change: breaks(func(s *pipeline.Snapshot) {
			s.GatewayConfigurations.Items[0].Controllers = []pipeline.Controller{{Name: "GWAPI_HTTPROUTE"}}
		})},
	{name: "two backends", sentence: true, reason: route.SeveralBackends,
		change: breakRule(func(r *gatewayv1.HTTPRouteRule) { r.BackendRefs = append(r.BackendRefs, breakBackend("canary")) })},
	{name: "a backend of weight 0 beside it", reason: route.SeveralBackends,
		change: breakRule(func(r *gatewayv1.HTTPRouteRule) {
			idle := breakBackend("canary")
			idle.Weight = ptr.To(int32(0))
			r.BackendRefs = append(r.BackendRefs, idle)
		})},
	{name: "two matches", sentence: true, reason: route.Undercounted,
		change: breakRule(func(r *gatewayv1.HTTPRouteRule) { r.Matches = append(r.Matches, r.Matches[0]) })},
	{name: "another measured Service", sentence: true, reason: route.DataPlaneShared,
		change: both(breaks(breakRoute), breakExtension(func(e *pipeline.Extension) { e.Services = []string{"echo", "other"} }))},
	{name: "another Service", sentence: true, reason: route.DataPlaneMayBeShared, change: breaks(breakRoute)},
}
