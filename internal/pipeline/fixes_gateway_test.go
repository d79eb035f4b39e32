package pipeline

import (
	"slices"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// breaks makes a breaker's change of one that needs no testing.T.
func breaks(c func(*Snapshot)) func(*testing.T, *Snapshot) {
	return func(_ *testing.T, s *Snapshot) { c(s) }
}

// breakExtension changes the extension, if another breaker has left it.
func breakExtension(c func(*Extension)) func(*testing.T, *Snapshot) {
	return breaks(func(s *Snapshot) {
		for i := range s.Extensions.Items {
			c(&s.Extensions.Items[i])
		}
	})
}

// breakRefs changes the references, as the operator copies them to the ControlPlane.
func breakRefs(refs ...ExtensionRef) func(*testing.T, *Snapshot) {
	return breaks(func(s *Snapshot) {
		s.ControlPlanes.Items[0].Extensions = refs
		s.GatewayConfigurations.Items[0].Extensions = slices.Clone(refs)
	})
}

// breakRule changes the only rule of the only route.
func breakRule(c func(*gatewayv1.HTTPRouteRule)) func(*testing.T, *Snapshot) {
	return breaks(func(s *Snapshot) { c(&s.HTTPRoutes.Items[0].Spec.Rules[0]) })
}

func breakOtherRef() ExtensionRef {
	r := goodRef()
	r.Name = "other"
	return r
}

func breakBackend(service string) gatewayv1.HTTPBackendRef {
	b := goodRoute().Spec.Rules[0].BackendRefs[0]
	b.Name = gatewayv1.ObjectName(service)
	return b
}

// breakRoute adds a route of the same Gateway to another Service.
func breakRoute(s *Snapshot) {
	r := goodRoute()
	r.Name = "other"
	r.Spec.Rules[0].BackendRefs[0] = breakBackend("other")
	s.HTTPRoutes.Items = append(s.HTTPRoutes.Items, r)
}

// gatewayBreakers are those of the hops extension and route.
var gatewayBreakers = []breaker{
	{name: "no extension", reason: ExtensionMissing,
		change: breaks(func(s *Snapshot) { s.Extensions = KnownSet[Extension]() })},
	{name: "no extension, and no reference", reason: ExtensionMissing,
		change: both(breakRefs(), breaks(func(s *Snapshot) { s.Extensions = KnownSet[Extension]() }))},
	{name: "extension of another namespace", reason: ExtensionInOtherNamespace,
		change: both(namespace("kong"), breakExtension(func(e *Extension) { e.Namespace = "kong" }))},
	{name: "Service not listed", reason: ExtensionServiceNotListed,
		change: breakExtension(func(e *Extension) { e.Services = []string{"other"} })},
	{name: "no Service listed", reason: ExtensionServiceNotListed,
		change: breakExtension(func(e *Extension) { e.Services = nil })},
	{name: "latency off", reason: ExtensionLatencyOff,
		change: breakExtension(func(e *Extension) { e.Latency = false })},
	{name: "latency off and Service not listed", reason: ExtensionLatencyOff,
		change: breakExtension(func(e *Extension) { e.Latency, e.Services = false, nil })},

	{name: "extensions not readable", sentence: true, reason: ExtensionUnknown,
		change: breaks(func(s *Snapshot) { s.Extensions = Set[Extension]{State: Unreadable} })},
	{name: "no reference", sentence: true, reason: ExtensionNotReferenced, change: breakRefs()},
	{name: "two references", sentence: true, reason: SeveralExtensions, change: breakRefs(goodRef(), breakOtherRef())},
	{name: "not accepted", sentence: true, reason: ExtensionNotAccepted,
		change: breaks(func(s *Snapshot) { s.ControlPlanes.Items[0].AcceptedExtensions = "False" })},
	{name: "ControlPlane without the reference of its configuration", sentence: true, reason: ExtensionPending,
		change: breaks(func(s *Snapshot) { s.ControlPlanes.Items[0].Extensions = nil })},
	{name: "remote extension", sentence: true, reason: ExtensionRemote,
		change: both(namespace("kong"), breakExtension(func(e *Extension) { e.Namespace = "kong" }),
			breakRefs(ExtensionRef{Kind: goodRef().Kind, Name: "kong", Namespace: "kong"}))},
	{name: "extensions of two ControlPlanes", sentence: true, reason: ServiceInSeveralExtensions,
		change: breaks(func(s *Snapshot) {
			s.Extensions.Items = append(s.Extensions.Items, Extension{Namespace: "default", Name: "other", Services: []string{"echo"}, Latency: true})
			s.ControlPlanes.Items = append(s.ControlPlanes.Items, ControlPlane{Namespace: "default", Name: "other", Extensions: []ExtensionRef{breakOtherRef()}})
		})},
	{name: "configuration of no Gateway", sentence: true, reason: GatewayConfigurationUnused,
		change: breaks(func(s *Snapshot) {
			s.GatewayClasses.Items[0].Spec.ParametersRef = nil
			s.ControlPlanes = KnownSet[ControlPlane]()
		})},
	{name: "hybrid", sentence: true, reason: GatewayHybrid,
		change: breaks(func(s *Snapshot) {
			s.GatewayConfigurations.Items[0].Konnect = true
			s.ControlPlanes = KnownSet[ControlPlane]()
		})},
	{name: "Gateway of another namespace", sentence: true, reason: GatewayInOtherNamespace,
		change: breaks(func(s *Snapshot) {
			kong := gatewayv1.Namespace("kong")
			s.Gateways.Items[0].Namespace, s.ControlPlanes.Items[0].Namespace = "kong", "kong"
			s.HTTPRoutes.Items[0].Spec.ParentRefs[0].Namespace = &kong
		})},
	{name: "no Gateway", sentence: true, reason: GatewayMissing,
		change: breaks(func(s *Snapshot) {
			s.Gateways, s.ControlPlanes = KnownSet[*gatewayv1.Gateway](), KnownSet[ControlPlane]()
		})},

	{name: "routes not installed", sentence: true, reason: RouteUnknown,
		change: breaks(func(s *Snapshot) { s.HTTPRoutes = Set[*gatewayv1.HTTPRoute]{State: NotInstalled} })},
	{name: "no route", sentence: true, reason: RouteMissing,
		change: breaks(func(s *Snapshot) { s.HTTPRoutes = KnownSet[*gatewayv1.HTTPRoute]() })},
	{name: "two backends", sentence: true, reason: RouteSeveralBackends,
		change: breakRule(func(r *gatewayv1.HTTPRouteRule) { r.BackendRefs = append(r.BackendRefs, breakBackend("canary")) })},
	{name: "a backend of weight 0 beside it", reason: RouteSeveralBackends,
		change: breakRule(func(r *gatewayv1.HTTPRouteRule) {
			idle := breakBackend("canary")
			idle.Weight = gatewayPtr(int32(0))
			r.BackendRefs = append(r.BackendRefs, idle)
		})},
	{name: "two matches", sentence: true, reason: RouteUndercounted,
		change: breakRule(func(r *gatewayv1.HTTPRouteRule) { r.Matches = append(r.Matches, r.Matches[0]) })},
	{name: "another measured Service", sentence: true, reason: DataPlaneShared,
		change: both(breaks(breakRoute), breakExtension(func(e *Extension) { e.Services = []string{"echo", "other"} }))},
	{name: "another Service", sentence: true, reason: DataPlaneMayBeShared, change: breaks(breakRoute)},
}
