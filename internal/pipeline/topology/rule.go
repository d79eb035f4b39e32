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

// Key is the key of a namespaced object.
func Key(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// Compare orders by namespace, then by name.
func Compare(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// Backend is one Service behind a rule.
type Backend struct {
	Service types.NamespacedName
	// Idle is true for weight 0: no traffic goes there.
	Idle bool
	// Refused is true if the rule may not send traffic there, or cannot. Doubt says why
	// that is not known, if it is not.
	Refused bool
	Doubt   string
}

// Rule is one rule of an HTTPRoute that is attached to Gateways of Kong Operator.
type Rule struct {
	Route *gatewayv1.HTTPRoute
	// Index counts the route's rules from 0.
	Index int
	// Gateways are those that accept the route, or may. Doubt says why it is not known
	// whether any does; it is empty if one is known to.
	Gateways []types.NamespacedName
	Doubt    string
	// Backends are all Services of the rule, with weight 0 ones: Kong's service has
	// them as targets too, and it is their number that decides how it is tagged.
	Backends []Backend
}

// Object names the HTTPRoute in findings.
func (r Rule) Object() finding.Object {
	return finding.Object{Kind: "HTTPRoute", Namespace: r.Route.Namespace, Name: r.Route.Name}
}

// String is the rule as messages name it.
func (r Rule) String() string {
	return fmt.Sprintf("rule %d of %s", r.Index, r.Object())
}

// LeadsTo reports whether traffic of the rule reaches the Service.
func (r Rule) LeadsTo(service types.NamespacedName) bool {
	return slices.ContainsFunc(r.Backends, func(b Backend) bool { return b.Service == service && !b.Idle && !b.Refused })
}

// DoubtAbout says why it is not known whether traffic of the rule reaches the Service;
// empty if it is known to.
func (r Rule) DoubtAbout(service types.NamespacedName) string {
	doubt := ""
	for _, b := range r.Backends {
		if b.Service != service || b.Idle || b.Refused {
			continue
		}
		if b.Doubt == "" {
			return r.Doubt
		}
		doubt = b.Doubt
	}
	return cmp.Or(r.Doubt, doubt)
}

// Series is how many Kong routes the rule becomes, each with series of its own:
// with the router that Kong Operator configures, one for every match and hostname.
func (r Rule) Series() int {
	matches := max(1, len(r.Route.Spec.Rules[r.Index].Matches))
	return matches * max(1, len(r.Route.Spec.Hostnames))
}

// RulesTo are the rules of Kong Operator's Gateways of which traffic reaches the
// subject's Service.
func RulesTo(t *Topology, subject pipeline.Subject) []Rule {
	var out []Rule
	for _, r := range t.Rules[subject.Key()] {
		if r.LeadsTo(subject.Key()) {
			out = append(out, r)
		}
	}
	return out
}

// gatewaysOf are the Gateways to which the route is attached, sorted,
// and twice if it names two listeners. A parent is a Gateway of the route's
// namespace unless it says otherwise.
func gatewaysOf(route *gatewayv1.HTTPRoute) []types.NamespacedName {
	var out []types.NamespacedName
	for _, p := range route.Spec.ParentRefs {
		if ptr.Deref(p.Group, gatewayv1.GroupName) != gatewayv1.GroupName || ptr.Deref(p.Kind, "Gateway") != "Gateway" {
			continue
		}
		namespace := ptr.Deref(p.Namespace, gatewayv1.Namespace(route.Namespace))
		out = append(out, Key(string(namespace), string(p.Name)))
	}
	slices.SortFunc(out, Compare)
	return out
}

// backendsOf are the Services behind a rule, and why some of them get no traffic. Backends
// of other kinds are not supported by Kong, and left out as there.
func (t *Topology) backendsOf(route *gatewayv1.HTTPRoute, rule int, at place) ([]Backend, map[types.NamespacedName][]Refusal) {
	var out []Backend
	refusals := map[types.NamespacedName][]Refusal{}
	for i, ref := range route.Spec.Rules[rule].BackendRefs {
		if ptr.Deref(ref.Group, "") != "" || ptr.Deref(ref.Kind, "Service") != "Service" {
			continue
		}
		namespace := ptr.Deref(ref.Namespace, gatewayv1.Namespace(route.Namespace))
		service := Key(string(namespace), string(ref.Name))
		a := t.resolved(route, rule, i, service, at)
		out = append(out, Backend{Service: service, Idle: ptr.Deref(ref.Weight, 1) == 0, Refused: a.no != "", Doubt: a.doubt})
		if a.no != "" {
			refusals[service] = append(refusals[service], refusedBy(route, BackendRefused, a))
		}
	}
	return out, refusals
}
