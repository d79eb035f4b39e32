package route

import (
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The reasons for which the latency of a Service cannot be distinguished.
var (
	Unknown = Hop.Reason("RouteUnknown", finding.Unknown, finding.ForObject,
		"How traffic reaches the Service could not be found out, because a kind is not installed or cannot be read, the status of a route is not up to date, or the traffic may come by a route that is not followed.",
		"Install the Gateway API, or let kong-latency list and watch the kind that the message names; if a status is not up to date, look at the log of Kong Operator.")
	Missing = Hop.Reason("RouteMissing", finding.Warning, finding.ForObject,
		"No HTTPRoute sends traffic to the Service through a Gateway of Kong Operator, and without traffic there is no latency. Nor does an Ingress that Kong Operator serves, or a route of another kind.",
		"Attach an HTTPRoute to the Gateway, with the Service as the only backend of its rule.")
	NotAttached = Hop.Reason("RouteNotAttached", finding.Warning, finding.ForChange,
		"An HTTPRoute names the Service, and the Gateway does not accept it: by the status of the HTTPRoute, or because no listener has its sectionName, port, kind and hostname and allows its namespace. No other route brings traffic to the Service.",
		"Change the parentRefs of the HTTPRoute, or the listener, as the finding says.")
	BackendRefused = Hop.Reason("RouteBackendRefused", finding.Warning, finding.ForChange,
		"An HTTPRoute that is attached names the Service, and cannot send it traffic: no ReferenceGrant lets it refer to the Service's namespace, or the Service does not have the port, or the status of the HTTPRoute says so. No other route brings traffic to the Service.",
		"Create the ReferenceGrant, or correct the port, as the finding says.")
	ControllerOff = Hop.Reason("RouteControllerOff", finding.Warning, finding.ForChange,
		"The GatewayConfiguration or the ControlPlane turns the controller off that reads the routes to the Service, so they are never configured in Kong. No other route brings traffic to the Service.",
		"Enable the controller, which is the default.")
	SeveralBackends = Hop.Reason("RouteSeveralBackends", finding.Error, finding.ForChange,
		"The Service shares a rule of an HTTPRoute with other backends, weight 0 included. The metric then carries the name of the HTTPRoute, not of the Service, and as the metrics plugin differs between the backends, Kong Operator may drop the rule from Kong's configuration: an outage.",
		"Give the Service a rule of its own, with no other backend.")
	Undercounted = Hop.Reason("RouteUndercounted", finding.Warning, finding.ForChange,
		"Several routes of one Gateway lead to the Service. Kong measures each separately (every rule, match and hostname), and Kong Operator passes on one of a data plane.",
		"Lead to the Service by one rule with one match and at most one hostname.")
	DataPlaneShared = Hop.Reason("DataPlaneShared", finding.Warning, finding.ForChange,
		"Other measured Services are behind the same Gateway. Kong Operator passes on one series of a data plane pod, normally that of the lexicographically last.",
		"Give every measured Service a Gateway of its own.")
	DataPlaneMayBeShared = Hop.Reason("DataPlaneMayBeShared", finding.Warning, finding.ForChange,
		"Other Services are behind the same Gateway, and no metrics extension names them. If another Prometheus plugin measures them, such as a global one, Kong Operator passes on one series of a data plane pod, normally that of the lexicographically last.",
		"Give the measured Service a Gateway of its own, or make sure that no other Prometheus plugin measures latency.")
)
