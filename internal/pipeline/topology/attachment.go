package topology

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

const (
	// OperatorGroup is the API group of Kong Operator's kinds, and of a
	// reference to an extension that names none.
	OperatorGroup = "gateway-operator.konghq.com"
	// Controller is Kong Operator's controllerName unless it is configured otherwise.
	Controller = "konghq.com/gateway-operator"

	// ExtensionKind is a kind of that group.
	ExtensionKind = "DataPlaneMetricsExtension"
	// ConfigKind is another.
	ConfigKind = "GatewayConfiguration"
)

// Attachment is a ControlPlane, or one that a Gateway is going to have,
// with the references to metrics extensions that count for it.
type Attachment struct {
	// Holder is the ControlPlane, or the Gateway that is going to have one.
	Holder finding.Object
	// Namespace is the ControlPlane's: of it are the Services that an extension
	// names, and extensions that are referred to without a namespace.
	Namespace string
	// Gateway is the Gateway's name, in the same namespace; empty if it was made by hand.
	Gateway string
	// Refs are references to metrics extensions only.
	Refs []pipeline.ExtensionRef
	// Pending is true if the references are those of the Gateway's configuration
	// and the ControlPlane does not show them yet.
	Pending bool
	// Hybrid is the configuration that puts the ControlPlane into Konnect, if one does.
	Hybrid *pipeline.GatewayConfiguration
	// Config is the configuration to which a reference belongs; nil if the Gateway
	// has none or it is not known. named is the first configuration that the Gateway
	// names, and lost one that does not exist.
	Config      *pipeline.GatewayConfiguration
	Named, Lost *types.NamespacedName
	// Controllers are those that are turned on or off, and IngressClass is the class of the
	// Ingresses that it serves: what the ControlPlane says, and else its configurations.
	Controllers  []Switch
	IngressClass string
	// Gap says what could not be read and might hold references.
	Gap                string
	Accepted, Rejected string
}

// Target is the extension that a reference of the attachment names.
func (a Attachment) Target(ref pipeline.ExtensionRef) types.NamespacedName {
	return Key(cmp.Or(ref.Namespace, a.Namespace), ref.Name)
}

// Of reports whether the ControlPlane is that of one of the Gateways.
func (a Attachment) Of(gateways []types.NamespacedName) bool {
	return a.Gateway != "" && slices.Contains(gateways, Key(a.Namespace, a.Gateway))
}

// attachments lists all ControlPlanes, those that Gateways are going to
// have included, sorted by namespace, those made by hand behind the others.
func attachments(t *Topology) []Attachment {
	var out []Attachment
	served := map[types.NamespacedName]bool{}
	for _, cp := range t.ControlPlanes.Items {
		a := Attachment{
			Holder: cp.Object(), Namespace: cp.Namespace, Gateway: cp.Gateway, Refs: MetricsRefs(cp.Extensions),
			Accepted: cp.AcceptedExtensions, Rejected: cp.AcceptedMessage, IngressClass: cp.IngressClass,
		}
		a.turn(cp.Object(), cp.Controllers)
		if g := t.GatewayAt[Key(cp.Namespace, cp.Gateway)]; g != nil {
			served[Key(g.Namespace, g.Name)] = true
			a.configure(t, g)
		}
		out = append(out, a)
	}
	kong := ofKong(t)
	for _, g := range t.Gateways.Items {
		key := Key(g.Namespace, g.Name)
		if is, _ := kong(key); served[key] || !is {
			continue
		}
		a := Attachment{
			Holder:    finding.Object{Kind: "Gateway", Namespace: g.Namespace, Name: g.Name},
			Namespace: g.Namespace, Gateway: g.Name,
		}
		a.configure(t, g)
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b Attachment) int {
		return cmp.Or(
			cmp.Compare(a.Namespace, b.Namespace),
			-cmp.Compare(min(1, len(a.Gateway)), min(1, len(b.Gateway))),
			cmp.Compare(a.Holder.String(), b.Holder.String()),
		)
	})
	return out
}

// configure adds what the Gateway's configurations say. The Gateway's own comes
// before that of its class.
func (a *Attachment) configure(t *Topology, g *gatewayv1.Gateway) {
	keys, gap := ConfigKeys(t, g)
	if len(keys) > 0 {
		a.Named = &keys[0]
	}
	certain := true // nothing is left out that comes before
	for _, key := range keys {
		config := t.ConfigurationAt[key]
		if certain = certain && config != nil; certain {
			a.turn(config.Object(), config.Controllers)
			a.IngressClass = cmp.Or(a.IngressClass, config.IngressClass)
		}
		if config == nil {
			if t.GatewayConfigurations.State == pipeline.Known {
				a.Lost = &key
			}
			continue
		}
		if config.Konnect && a.Hybrid == nil {
			a.Hybrid = config
		}
		if a.Config == nil {
			a.Config = config
		}
		if refs := MetricsRefs(config.Extensions); len(a.Refs) == 0 && len(refs) > 0 {
			a.Config, a.Refs, a.Pending = config, refs, true
		}
	}
	if len(keys) > 0 && gap == "" {
		gap = Gap("GatewayConfigurations", t.GatewayConfigurations)
	}
	a.Gap = gap
}

// ConfigKeys names the configurations of a Gateway: the one in its own
// spec.infrastructure, which is of its namespace, then the one of its class. gap
// says why the class, if that is so, is not known.
func ConfigKeys(t *Topology, g *gatewayv1.Gateway) (keys []types.NamespacedName, gap string) {
	if infra := g.Spec.Infrastructure; infra != nil && infra.ParametersRef != nil {
		if ref := infra.ParametersRef; ref.Group == OperatorGroup && ref.Kind == ConfigKind {
			keys = append(keys, Key(g.Namespace, ref.Name))
		}
	}
	class := classOf(t, g)
	if class == nil {
		return keys, Gap("GatewayClasses", t.GatewayClasses)
	}
	// Kong Operator refuses a class whose reference lacks the namespace.
	if ref := class.Spec.ParametersRef; ref != nil && ref.Group == OperatorGroup && ref.Kind == ConfigKind && ptr.Deref(ref.Namespace, "") != "" {
		keys = append(keys, Key(string(*ref.Namespace), ref.Name))
	}
	return keys, ""
}

// ofKong returns a function that reports whether a Gateway is Kong
// Operator's. It is not if it does not exist, or if everything about it says that
// another controller serves it; in doubt it is, as the controller's name can be
// chosen, and then doubt says why it is not certain.
func ofKong(t *Topology) func(types.NamespacedName) (kong bool, doubt string) {
	type whose struct {
		kong  bool
		doubt string
	}
	known := map[types.NamespacedName]whose{}
	for _, g := range t.Gateways.Items {
		key := Key(g.Namespace, g.Name)
		class := classOf(t, g)
		keys, _ := ConfigKeys(t, g)
		switch {
		case len(keys) > 0 || class != nil && class.Spec.ControllerName == Controller:
			known[key] = whose{kong: true}
		case class == nil || class.Spec.ControllerName == "":
			known[key] = whose{true, cmp.Or(Gap("GatewayClasses", t.GatewayClasses),
				fmt.Sprintf("GatewayClass %s of Gateway %s names no controller, or does not exist", g.Spec.GatewayClassName, key))}
		default:
			known[key] = whose{}
		}
	}
	for _, cp := range t.ControlPlanes.Items {
		if cp.Gateway != "" {
			known[Key(cp.Namespace, cp.Gateway)] = whose{kong: true}
		}
	}
	return func(k types.NamespacedName) (bool, string) {
		w, ok := known[k]
		if !ok && t.Gateways.State != pipeline.Known {
			return true, Gap("Gateways", t.Gateways)
		}
		return w.kong, w.doubt
	}
}

func classOf(t *Topology, g *gatewayv1.Gateway) *gatewayv1.GatewayClass {
	for _, c := range t.GatewayClasses.Items {
		if c.Name == string(g.Spec.GatewayClassName) {
			return c
		}
	}
	return nil
}

// MetricsRefs leaves of references those to metrics extensions.
func MetricsRefs(refs []pipeline.ExtensionRef) []pipeline.ExtensionRef {
	var out []pipeline.ExtensionRef
	for _, r := range refs {
		if r.Kind == ExtensionKind && cmp.Or(r.Group, OperatorGroup) == OperatorGroup {
			out = append(out, r)
		}
	}
	return out
}

// Gap says what is not known of a kind and why; empty if all is.
func Gap[T any](kind string, set pipeline.Set[T]) string {
	if set.State == pipeline.Known {
		return ""
	}
	return kind + " are not known: " + set.State.Because(set.Why)
}

// WrittenIn is the object in which a person writes the references.
func (a Attachment) WrittenIn() finding.Object {
	switch {
	case a.Gateway == "":
		return a.Holder
	case a.Config != nil:
		return a.Config.Object()
	case a.Named != nil:
		return pipeline.GatewayConfiguration{Namespace: a.Named.Namespace, Name: a.Named.Name}.Object()
	}
	return a.Holder
}

// RefsField is the field of the holder that has the references; none for a Gateway,
// whose references are those of its configuration.
func (a Attachment) RefsField() []any {
	if a.Holder.Kind == "Gateway" {
		return nil
	}
	return []any{"spec", "extensions"}
}
