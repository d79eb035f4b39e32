package pipeline

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// ConditionProgrammed is a condition that Kong adds to those of HTTPRoutes: whether the
// route is in Kong's configuration.
const ConditionProgrammed = "Programmed"

// ReferenceGrant lets objects of other namespaces refer to objects of its own.
type ReferenceGrant struct {
	Namespace, Name string
	From            []ReferenceGrantFrom
	To              []ReferenceGrantTo
}

// ReferenceGrantFrom is a kind of a namespace that may refer.
type ReferenceGrantFrom struct {
	Group, Kind, Namespace string
}

// ReferenceGrantTo is what may be referred to: all of the kind if Name is empty.
type ReferenceGrantTo struct {
	Group, Kind, Name string
}

// Ingress is an Ingress, as far as it leads to Services.
type Ingress struct {
	Namespace, Name string
	// Class is the name of its class: that of the annotation kubernetes.io/ingress.class,
	// which has precedence, or of spec.ingressClassName. Empty for the default class.
	Class string
	// Services are the Services of its backends, in its namespace, each once.
	Services []string
}

// Object names the Ingress in findings.
func (i Ingress) Object() finding.Object {
	return finding.Object{Kind: "Ingress", Namespace: i.Namespace, Name: i.Name}
}

// IngressClass says which controller serves the Ingresses of a class.
type IngressClass struct {
	Name, Controller string
	// Default is true for the class of Ingresses that name none.
	Default bool
}

// OtherRoute is a route of a kind that is not followed to its Gateway, such as a GRPCRoute.
type OtherRoute struct {
	Kind, Namespace, Name string
	// Services are those that it refers to, each once.
	Services []types.NamespacedName
}

// Object names the route in findings.
func (r OtherRoute) Object() finding.Object {
	return finding.Object{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
}

// ServicePorts are the numbers of the ports of a Service.
type ServicePorts struct {
	Namespace, Name string
	Ports           []int32
}

// Controller is a part of a control plane that is turned on or off: the one that reads
// HTTPRoutes, for instance.
type Controller struct {
	Name    string
	Enabled bool
	// Field is where this is written; nil if it has no path of its own.
	Field []any
}
