package pipeline

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// Kong's kinds, as far as the metric needs them. Kong's own module is large and
// changes its API groups between releases; these few fields have stayed.

// ExtensionRef refers from a ControlPlane or GatewayConfiguration to an extension.
type ExtensionRef struct {
	// Group is empty for Kong's default, gateway-operator.konghq.com.
	Group, Kind, Name string
	// Namespace is empty for the namespace of the ControlPlane.
	Namespace string
}

// Extension is a DataPlaneMetricsExtension.
type Extension struct {
	Namespace, Name string
	// Services are spec.serviceSelector.matchNames[].name.
	Services []string
	// Latency is spec.config.latency.
	Latency bool
	// Manifest is the object as it was read, so that a fix can give it back whole,
	// with its labels and the other metrics that it enables. Whoever reads
	// extensions fills it in; if nil, a fix is made of the fields above alone.
	Manifest *unstructured.Unstructured
}

// Object names the extension in findings.
func (e Extension) Object() finding.Object {
	return finding.Object{Kind: "DataPlaneMetricsExtension", Namespace: e.Namespace, Name: e.Name}
}

// ControlPlane is a ControlPlane that the operator created for a Gateway, or a user
// created.
type ControlPlane struct {
	Namespace, Name string
	// Gateway is the name of the Gateway that owns it, in its namespace; empty if none does.
	Gateway    string
	Extensions []ExtensionRef
	// Controllers are those that it turns on or off.
	Controllers []Controller
	// IngressClass is the class of the Ingresses that it serves; none if it is empty.
	IngressClass string
	// AcceptedExtensions is the condition's status ("True", "False", or "" if
	// absent), with its message.
	AcceptedExtensions, AcceptedMessage string
}

// Object names the ControlPlane in findings.
func (c ControlPlane) Object() finding.Object {
	return finding.Object{Kind: "ControlPlane", Namespace: c.Namespace, Name: c.Name}
}

// GatewayConfiguration is read in its version v2beta1: in v1beta1 some references
// are not shown.
type GatewayConfiguration struct {
	Namespace, Name string
	Extensions      []ExtensionRef
	// Controllers are those that it turns on or off in the ControlPlanes of its Gateways,
	// and IngressClass is the class of the Ingresses that they serve.
	Controllers  []Controller
	IngressClass string
	// Konnect is true for a hybrid gateway, which has no ControlPlane in the cluster.
	Konnect bool
}

// Object names the GatewayConfiguration in findings.
func (g GatewayConfiguration) Object() finding.Object {
	return finding.Object{Kind: "GatewayConfiguration", Namespace: g.Namespace, Name: g.Name}
}
