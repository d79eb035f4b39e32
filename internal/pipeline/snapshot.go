// Package pipeline diagnoses the metric pipeline, hop by hop: which hop is broken, and
// what fixes it. It is pure: a snapshot of a cluster, or of files, goes in, and a report
// comes out.
//
// The package has what all hops share. Each hop is a package under hops, and a package
// under source lists the hops of one source in their order.
package pipeline

import (
	"cmp"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
)

// Snapshot is an immutable view of all objects of the metric pipeline. It is made
// anew when something changes, and evaluated without touching a cluster. The zero
// value knows nothing.
type Snapshot struct {
	// Namespaces are all namespaces, with their labels.
	Namespaces Set[Namespace]
	// OperatorServices are the Services that may be the one through which Kong
	// Operator's metrics are scraped; exactly one if it was named by configuration.
	OperatorServices Set[OperatorService]

	ServiceMonitors Set[*monitoringv1.ServiceMonitor]
	Prometheuses    Set[*monitoringv1.Prometheus]
	// PodMonitors and ScrapeConfigs are other ways by which a Prometheus may scrape the
	// same, and RecordingRules what it makes of what it scraped.
	PodMonitors    Set[PodMonitor]
	ScrapeConfigs  Set[ScrapeConfig]
	RecordingRules Set[RecordingRules]

	Extensions            Set[Extension]
	ControlPlanes         Set[ControlPlane]
	GatewayConfigurations Set[GatewayConfiguration]
	GatewayClasses        Set[*gatewayv1.GatewayClass]
	Gateways              Set[*gatewayv1.Gateway]
	HTTPRoutes            Set[*gatewayv1.HTTPRoute]

	ReferenceGrants Set[ReferenceGrant]
	Ingresses       Set[Ingress]
	IngressClasses  Set[IngressClass]
	// OtherRoutes are the routes of all kinds that are not followed to their Gateways. A
	// kind that is not installed has none.
	OtherRoutes Set[OtherRoute]
	// ServicePorts are the ports of Services. They are known of files only: in a cluster
	// the status of an HTTPRoute says whether its backends have their ports.
	ServicePorts Set[ServicePorts]

	// MetricsAPI is the APIService of the custom metrics API.
	MetricsAPI MetricsAPI
	// Reads are autoscalers that get a metric of a Service at present, one for each metric.
	Reads map[string]finding.Object
	// Adapter is the prometheus-adapter behind that APIService.
	Adapter Adapter
}

// Parts are parts of a Snapshot, one bit each.
type Parts uint32

// Unread returns the parts that could not be read.
func (s *Snapshot) Unread() Parts {
	var out Parts
	for i, state := range []State{
		s.Namespaces.State, s.OperatorServices.State, s.ServiceMonitors.State, s.Prometheuses.State, s.Extensions.State,
		s.ControlPlanes.State, s.GatewayConfigurations.State, s.GatewayClasses.State, s.Gateways.State, s.HTTPRoutes.State,
		s.MetricsAPI.State, s.Adapter.State,
		s.PodMonitors.State, s.ScrapeConfigs.State, s.RecordingRules.State,
		s.ReferenceGrants.State, s.Ingresses.State, s.IngressClasses.State, s.OtherRoutes.State, s.Adapter.Backend.State,
	} {
		if state == Unread || state == Unreadable {
			out |= 1 << i
		}
	}
	return out
}

// State says how much is known about the objects of one kind.
type State string

// The states of a Set. Only Known ones allow to conclude from absence.
const (
	Unread       State = ""             // not read yet
	Known        State = "Known"        // Items are complete
	NotInstalled State = "NotInstalled" // the kind does not exist in the cluster
	Unreadable   State = "Unreadable"   // it exists and could not be read; Why says why
)

// Because is the clause that says why something is not Known; it is why unless that is
// empty.
func (s State) Because(why string) string {
	switch {
	case why != "":
		return why
	case s == NotInstalled:
		return "the kind is not installed in the cluster"
	case s == Unreadable:
		return "the kind could not be read"
	default:
		return "the kind has not been read yet"
	}
}

// Set is all objects of one kind, sorted by namespace and name.
type Set[T any] struct {
	State State
	Items []T
	// Why is one clause for people when the state is not Known, such as
	// "listing servicemonitors.monitoring.coreos.com is forbidden".
	Why string
}

// KnownSet is a Set of all that there is.
func KnownSet[T any](items ...T) Set[T] { return Set[T]{State: Known, Items: items} }

// Namespace is a namespace's name and labels.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// OperatorService is a Service that may expose Kong Operator's metrics.
type OperatorService struct {
	Namespace, Name string
	Labels          map[string]string
	// Selector is that of its pods; empty if it is not known.
	Selector map[string]string
	Ports    []ServicePort
	// Behind are the Deployments that run Kong Operator in pods of the Selector; Known and
	// empty if there are none. It is read only of a Service that is not the only one.
	Behind Set[finding.Object]
}

// ServicePort is one port of a Service: its name, its number, and the container
// port behind it as a name or a decimal number.
type ServicePort struct {
	Name       string
	Port       int32
	TargetPort string
}

// Object names the Service in findings.
func (s OperatorService) Object() finding.Object {
	return finding.Object{Kind: "Service", Namespace: s.Namespace, Name: s.Name}
}

// MetricsAPI is the APIService of custom metrics that autoscalers use.
type MetricsAPI struct {
	State State
	Why   string
	// Version is that of the API, such as v1beta1, and Priority its versionPriority, by
	// which discovery orders the versions that are registered.
	Version  string
	Priority int64
	// Registered is false if there is no such APIService.
	Registered bool
	// Available is its condition, and Message what it says when it is not.
	Available bool
	Message   string
	// ServiceNamespace and ServiceName are what it forwards to.
	ServiceNamespace, ServiceName string
}

// Object names the APIService in findings: the one that is registered, or else the one
// that prometheus-adapter's chart registers.
func (a MetricsAPI) Object() finding.Object {
	return finding.Object{Kind: "APIService", Name: cmp.Or(a.Version, "v1beta1") + ".custom.metrics.k8s.io"}
}

// Adapter is what is known of the prometheus-adapter behind the custom metrics API.
type Adapter struct {
	// State is Known if its configuration was found and read.
	State State
	Why   string
	// Deployment runs it, as far as known; ConfigMap and Key hold its configuration.
	Deployment finding.Object
	ConfigMap  finding.Object
	Key        string
	// HelmRelease is the release that owns the ConfigMap; empty if none does. Helm
	// would undo changes that are not made through its values.
	HelmRelease string
	// Document is the configuration as it is written, for fixes that keep the rest of
	// it; empty if that is not known.
	Document string
	// Config is the parsed configuration; nil if ParseError says why it is not one.
	Config     *adapterconfig.Config
	ParseError error
	// Pending is true if the ConfigMap changed after the oldest pod started: the
	// adapter reads it once, so what runs is another configuration.
	Pending bool
	// PrometheusURL is the adapter's --prometheus-url; empty if not given. Backend is what
	// answers there.
	PrometheusURL string
	Backend       Backend
}
