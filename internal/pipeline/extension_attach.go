package pipeline

import (
	"cmp"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
)

const (
	// gatewayOperatorGroup is the API group of Kong Operator's kinds, and of a
	// reference to an extension that names none.
	gatewayOperatorGroup = "gateway-operator.konghq.com"
	// gatewayController is Kong Operator's controllerName unless it is told another.
	gatewayController = "konghq.com/gateway-operator"

	gatewayExtensionKind = "DataPlaneMetricsExtension"
	gatewayConfigKind    = "GatewayConfiguration"
)

// gatewayAttachment is a ControlPlane, or one that a Gateway is going to have,
// with the references to metrics extensions that count for it.
type gatewayAttachment struct {
	// holder is the ControlPlane, or the Gateway that is going to have one.
	holder finding.Object
	// namespace is the ControlPlane's: of it are the Services that an extension
	// names, and extensions that are referred to without a namespace.
	namespace string
	// gateway is the Gateway's name, in the same namespace; empty if it was made by hand.
	gateway string
	// refs are references to metrics extensions only.
	refs []ExtensionRef
	// pending is true if the references are those of the Gateway's configuration
	// and the ControlPlane does not show them yet.
	pending bool
	// hybrid is the configuration that puts the ControlPlane into Konnect, if one does.
	hybrid *GatewayConfiguration
	// config is the configuration to which a reference belongs; nil if the Gateway
	// has none or it is not known. named is the first configuration that the Gateway
	// names, and lost one that does not exist.
	config      *GatewayConfiguration
	named, lost *gatewayKey
	// gap says what could not be read and might hold references.
	gap                string
	accepted, rejected string
}

func (a gatewayAttachment) of(gateways []gatewayKey) bool {
	return a.gateway != "" && slices.Contains(gateways, gatewayKey{a.namespace, a.gateway})
}

// gatewayAttachments lists all ControlPlanes, those that Gateways are going to
// have included, sorted by namespace, those made by hand behind the others.
func gatewayAttachments(t *topology) []gatewayAttachment {
	var out []gatewayAttachment
	served := map[gatewayKey]bool{}
	for _, cp := range t.ControlPlanes.Items {
		a := gatewayAttachment{
			holder: cp.Object(), namespace: cp.Namespace, gateway: cp.Gateway, refs: gatewayMetricsRefs(cp.Extensions),
			accepted: cp.AcceptedExtensions, rejected: cp.AcceptedMessage,
		}
		if g := t.gateways[gatewayKey{cp.Namespace, cp.Gateway}]; g != nil {
			served[gatewayKey{g.Namespace, g.Name}] = true
			a.configure(t, g)
		}
		out = append(out, a)
	}
	kong := gatewayOfKong(t)
	for _, g := range t.Gateways.Items {
		key := gatewayKey{g.Namespace, g.Name}
		if served[key] || !kong(key) {
			continue
		}
		a := gatewayAttachment{
			holder:    finding.Object{Kind: "Gateway", Namespace: g.Namespace, Name: g.Name},
			namespace: g.Namespace, gateway: g.Name,
		}
		a.configure(t, g)
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b gatewayAttachment) int {
		return cmp.Or(
			cmp.Compare(a.namespace, b.namespace),
			-cmp.Compare(min(1, len(a.gateway)), min(1, len(b.gateway))),
			cmp.Compare(a.holder.String(), b.holder.String()),
		)
	})
	return out
}

// configure takes what the Gateway's configurations say. The Gateway's own comes
// before that of its class.
func (a *gatewayAttachment) configure(t *topology, g *gatewayv1.Gateway) {
	keys, gap := gatewayConfigKeys(t, g)
	if len(keys) > 0 {
		a.named = &keys[0]
	}
	for _, key := range keys {
		config := t.configurations[key]
		if config == nil {
			if t.GatewayConfigurations.State == Known {
				a.lost = &key
			}
			continue
		}
		if config.Konnect && a.hybrid == nil {
			a.hybrid = config
		}
		if a.config == nil {
			a.config = config
		}
		if refs := gatewayMetricsRefs(config.Extensions); len(a.refs) == 0 && len(refs) > 0 {
			a.config, a.refs, a.pending = config, refs, true
		}
	}
	if len(keys) > 0 && gap == "" {
		gap = gatewayGap("GatewayConfigurations", t.GatewayConfigurations)
	}
	a.gap = gap
}

// gatewayConfigKeys names the configurations of a Gateway: the one in its own
// spec.infrastructure, which is of its namespace, then the one of its class. gap
// says why the class, if that is so, is not known.
func gatewayConfigKeys(t *topology, g *gatewayv1.Gateway) (keys []gatewayKey, gap string) {
	if infra := g.Spec.Infrastructure; infra != nil && infra.ParametersRef != nil {
		if ref := infra.ParametersRef; ref.Group == gatewayOperatorGroup && ref.Kind == gatewayConfigKind {
			keys = append(keys, gatewayKey{g.Namespace, ref.Name})
		}
	}
	class := gatewayClassOf(t, g)
	if class == nil {
		return keys, gatewayGap("GatewayClasses", t.GatewayClasses)
	}
	// Kong Operator refuses a class whose reference lacks the namespace.
	if ref := class.Spec.ParametersRef; ref != nil && ref.Group == gatewayOperatorGroup && ref.Kind == gatewayConfigKind && gatewayOr(ref.Namespace, "") != "" {
		keys = append(keys, gatewayKey{string(*ref.Namespace), ref.Name})
	}
	return keys, ""
}

// gatewayOfKong returns a function that tells whether a Gateway is Kong
// Operator's. It is not if it does not exist, or if everything about it says that
// another controller serves it; in doubt it is, as the controller's name can be
// chosen.
func gatewayOfKong(t *topology) func(gatewayKey) bool {
	known := map[gatewayKey]bool{}
	for _, g := range t.Gateways.Items {
		class := gatewayClassOf(t, g)
		keys, _ := gatewayConfigKeys(t, g)
		known[gatewayKey{g.Namespace, g.Name}] = class == nil || class.Spec.ControllerName == "" ||
			class.Spec.ControllerName == gatewayController || len(keys) > 0
	}
	for _, cp := range t.ControlPlanes.Items {
		if cp.Gateway != "" {
			known[gatewayKey{cp.Namespace, cp.Gateway}] = true
		}
	}
	return func(k gatewayKey) bool {
		kong, ok := known[k]
		return kong || !ok && t.Gateways.State != Known
	}
}

func gatewayClassOf(t *topology, g *gatewayv1.Gateway) *gatewayv1.GatewayClass {
	for _, c := range t.GatewayClasses.Items {
		if c.Name == string(g.Spec.GatewayClassName) {
			return c
		}
	}
	return nil
}

// gatewayMetricsRefs leaves of references those to metrics extensions.
func gatewayMetricsRefs(refs []ExtensionRef) []ExtensionRef {
	var out []ExtensionRef
	for _, r := range refs {
		if r.Kind == gatewayExtensionKind && cmp.Or(r.Group, gatewayOperatorGroup) == gatewayOperatorGroup {
			out = append(out, r)
		}
	}
	return out
}

// gatewayGap says what is not known of a kind and why; empty if all is.
func gatewayGap[T any](kind string, set Set[T]) string {
	switch {
	case set.State == Known:
		return ""
	case set.Why != "":
		return kind + " are not known: " + set.Why
	case set.State == NotInstalled:
		return kind + " are not known: the kind is not installed in the cluster"
	case set.State == Unreadable:
		return kind + " are not known: they could not be read"
	default:
		return kind + " are not known: they have not been read yet"
	}
}
