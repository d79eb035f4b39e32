package topology

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
)

// answer is whether something is so: no if no says why not, unknown if doubt says why, and
// yes otherwise.
type answer struct {
	no, doubt string
	// field is what is wrong in the HTTPRoute, and fix what helps.
	field []any
	fix   string
}

func (a answer) yes() bool { return a.no == "" && a.doubt == "" }

// step is what a listener requires of a route; a listener that refuses it by a later one is
// nearer to accepting it.
type step int

// In the order in which they are looked at.
const (
	bySection step = iota
	byPort
	byKind
	byNamespace
	byHostname
	accepted
)

// attached reports whether the Gateway accepts the route by that entry of its parentRefs,
// as its controller is specified to decide.
func (t *Topology) attached(route *gatewayv1.HTTPRoute, index int, key types.NamespacedName) answer {
	g := t.GatewayAt[key]
	if g == nil {
		return answer{doubt: Gap("Gateways", t.Gateways)}
	}
	if len(g.Spec.Listeners) == 0 {
		return answer{doubt: fmt.Sprintf("Gateway %s shows no listeners", key)}
	}
	parent := []any{"spec", "parentRefs", index}
	last, why := bySection, []string(nil)
	var doubt string
	for i := range g.Spec.Listeners {
		at, no, unknown := t.listens(route, route.Spec.ParentRefs[index], g, &g.Spec.Listeners[i])
		switch {
		case at == accepted && unknown == "":
			return answer{}
		case at == accepted:
			doubt = unknown
		case at > last:
			last, why = at, []string{no}
		case at == last && no != "":
			why = append(why, no)
		}
	}
	if doubt != "" {
		return answer{doubt: doubt}
	}
	return refusal(route, g, index, last, why, parent)
}

// listens reports how far a listener goes with a route: to accepted, or to the step by
// which it refuses it, and why. If the step accepted is reached and unknown is not empty,
// it says why that is not certain.
func (t *Topology) listens(route *gatewayv1.HTTPRoute, parent gatewayv1.ParentReference, g *gatewayv1.Gateway, l *gatewayv1.Listener) (at step, no, unknown string) {
	name := fmt.Sprintf("listener %s of Gateway %s/%s", l.Name, g.Namespace, g.Name)
	if parent.SectionName != nil && *parent.SectionName != l.Name {
		return bySection, "", ""
	}
	if parent.Port != nil && *parent.Port != l.Port {
		return byPort, "", ""
	}
	kinds, unsure := carries(l)
	if kinds != "" {
		return byKind, name + " " + kinds, ""
	}
	namespaces, doubtful := t.allows(route.Namespace, g.Namespace, l)
	if namespaces != "" {
		return byNamespace, name + " " + namespaces, ""
	}
	hostname := string(ptr.Deref(l.Hostname, ""))
	if !slices.ContainsFunc(hostnamesOf(route), func(h string) bool { return intersect(hostname, h) }) {
		return byHostname, fmt.Sprintf("%s has hostname %s", name, hostname), ""
	}
	for _, u := range []string{unsure, doubtful} {
		if u != "" {
			return accepted, "", name + " " + u
		}
	}
	return accepted, "", ""
}

// refusal says why no listener accepts the route: by the step that the nearest reached.
func refusal(route *gatewayv1.HTTPRoute, g *gatewayv1.Gateway, index int, at step, why []string, field []any) answer {
	gateway := fmt.Sprintf("Gateway %s/%s", g.Namespace, g.Name)
	parent := route.Spec.ParentRefs[index]
	var names, ports []string
	for _, l := range g.Spec.Listeners {
		names = append(names, string(l.Name))
		ports = append(ports, fmt.Sprint(l.Port))
	}
	switch at {
	case bySection:
		return answer{
			no:    fmt.Sprintf("sectionName %s is no listener of %s, which has %s", *parent.SectionName, gateway, text.Names(names)),
			field: append(field, "sectionName"),
			fix:   fmt.Sprintf("Set sectionName to a listener of %s (%s), or leave it out.", gateway, text.Names(names)),
		}
	case byPort:
		return answer{
			no:    fmt.Sprintf("port %d is not that of a listener of %s that it may attach to, which has ports %s", *parent.Port, gateway, text.Names(slices.Compact(ports))),
			field: append(field, "port"),
			fix:   fmt.Sprintf("Set port to that of a listener of %s, or leave it out.", gateway),
		}
	case byKind:
		return answer{no: several(why), field: field,
			fix: fmt.Sprintf("Attach it to a listener of protocol HTTP or HTTPS that allows kind HTTPRoute, or add one to %s.", gateway)}
	case byNamespace:
		return answer{no: several(why), field: field,
			fix: fmt.Sprintf("Allow routes of namespace %s in allowedRoutes.namespaces of a listener of %s, or create the HTTPRoute in a namespace that is allowed.",
				route.Namespace, gateway)}
	default:
		return answer{no: fmt.Sprintf("its hostnames (%s) match no listener: %s", text.Names(hostnamesOf(route)), several(why)),
			field: []any{"spec", "hostnames"},
			fix:   fmt.Sprintf("Give it a hostname that is within that of a listener of %s, or change the listener's.", gateway)}
	}
}

// several joins what listeners do.
func several(why []string) string {
	if len(why) > text.Max {
		why = append(slices.Clone(why[:text.Max]), fmt.Sprintf("and %d more", len(why)-text.Max))
	}
	return strings.Join(why, "; ")
}

// carries says why a listener carries no HTTPRoutes, or why that is not known.
func carries(l *gatewayv1.Listener) (no, unknown string) {
	if l.AllowedRoutes != nil && len(l.AllowedRoutes.Kinds) > 0 {
		var kinds []string
		for _, k := range l.AllowedRoutes.Kinds {
			if k.Kind == "HTTPRoute" && ptr.Deref(k.Group, gatewayv1.GroupName) == gatewayv1.GroupName {
				return "", ""
			}
			kinds = append(kinds, string(k.Kind))
		}
		return "allows routes of kind " + text.Names(kinds) + " only", ""
	}
	switch l.Protocol {
	case gatewayv1.HTTPProtocolType, gatewayv1.HTTPSProtocolType:
		return "", ""
	case gatewayv1.TLSProtocolType, gatewayv1.TCPProtocolType, gatewayv1.UDPProtocolType:
		return fmt.Sprintf("is of protocol %s, which carries no HTTPRoutes", l.Protocol), ""
	}
	return "", fmt.Sprintf("is of protocol %q, and whether it carries HTTPRoutes is not known", l.Protocol)
}

// allows says why a listener of a Gateway does not allow routes of a namespace, or why
// that is not known.
func (t *Topology) allows(namespace, own string, l *gatewayv1.Listener) (no, unknown string) {
	from, selector := gatewayv1.NamespacesFromSame, (*metav1.LabelSelector)(nil)
	set := "allowedRoutes defaults to Same"
	if l.AllowedRoutes != nil && l.AllowedRoutes.Namespaces != nil {
		selector = l.AllowedRoutes.Namespaces.Selector
		if f := l.AllowedRoutes.Namespaces.From; f != nil {
			from, set = *f, "allowedRoutes.namespaces.from is Same"
		}
	}
	switch from {
	case gatewayv1.NamespacesFromAll:
		return "", ""
	case gatewayv1.NamespacesFromSame:
		if namespace == own {
			return "", ""
		}
		return fmt.Sprintf("allows routes of its own namespace %s only (%s), not of %s", own, set, namespace), ""
	case gatewayv1.NamespacesFromSelector:
		return t.selects(selector, namespace)
	case gatewayv1.NamespacesFromNone:
		return "allows routes of no namespace", ""
	}
	return "", fmt.Sprintf("allows routes from %q, which is not understood", from)
}

// selects says why a selector of namespaces does not select one, or why that is not known.
func (t *Topology) selects(selector *metav1.LabelSelector, namespace string) (no, unknown string) {
	selects, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return "", fmt.Sprintf("has a selector of namespaces that is not valid: %v", err)
	}
	has, known := t.labelsOf(namespace)
	requirements, _ := selects.Requirements()
	byName := !slices.ContainsFunc(requirements, func(r labels.Requirement) bool { return r.Key() != namespaceName })
	switch {
	case !known && !byName:
		return "", fmt.Sprintf("allows routes of namespaces with %s, and the labels of namespace %s are not known", selects, namespace)
	case selects.Matches(labels.Set(has)):
		return "", ""
	}
	return fmt.Sprintf("allows routes of namespaces with %s only, not of %s", metav1.FormatLabelSelector(selector), namespace), ""
}

// namespaceName is the label of a namespace's name, which the API server sets.
const namespaceName = "kubernetes.io/metadata.name"

// labelsOf are the labels of a namespace. If it is not known, only that of its name is.
func (t *Topology) labelsOf(namespace string) (has map[string]string, known bool) {
	i := slices.IndexFunc(t.Namespaces.Items, func(n pipeline.Namespace) bool { return n.Name == namespace })
	if i < 0 {
		return map[string]string{namespaceName: namespace}, false
	}
	return labels.Merge(t.Namespaces.Items[i].Labels, map[string]string{namespaceName: namespace}), true
}

// hostnamesOf are the hostnames of a route; one without any has the empty one, which is
// within all.
func hostnamesOf(route *gatewayv1.HTTPRoute) []string {
	if len(route.Spec.Hostnames) == 0 {
		return []string{""}
	}
	out := make([]string, len(route.Spec.Hostnames))
	for i, h := range route.Spec.Hostnames {
		out[i] = string(h)
	}
	return out
}

// intersect reports whether a request can have a host that is of both hostnames. The empty
// one is all, and the first label of one may be a wildcard for one label or more.
func intersect(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if a == "" || b == "" || a == b {
		return true
	}
	wildA, isA := strings.CutPrefix(a, "*")
	wildB, isB := strings.CutPrefix(b, "*")
	switch {
	case isA && isB:
		return strings.HasSuffix(wildA, wildB) || strings.HasSuffix(wildB, wildA)
	case isA:
		return strings.HasSuffix(b, wildA)
	case isB:
		return strings.HasSuffix(a, wildB)
	}
	return false
}
