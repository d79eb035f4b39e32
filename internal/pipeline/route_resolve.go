package pipeline

import (
	"cmp"
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// gatewayKey names a namespaced object.
type gatewayKey struct{ namespace, name string }

func (k gatewayKey) String() string { return k.namespace + "/" + k.name }

func gatewayCompareKeys(a, b gatewayKey) int {
	return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
}

// routeBackend is one Service behind a rule.
type routeBackend struct {
	service gatewayKey
	// idle is true for weight 0: no traffic goes there.
	idle bool
}

// routeRule is one rule of an HTTPRoute that is attached to Gateways of Kong Operator.
type routeRule struct {
	route *gatewayv1.HTTPRoute
	// index counts the route's rules from 0.
	index    int
	gateways []gatewayKey
	// backends are all Services of the rule, with weight 0 ones: Kong's service has
	// them as targets too, and it is their number that decides how it is tagged.
	backends []routeBackend
}

func (r routeRule) object() finding.Object {
	return finding.Object{Kind: "HTTPRoute", Namespace: r.route.Namespace, Name: r.route.Name}
}

func (r routeRule) String() string {
	return fmt.Sprintf("rule %d of %s", r.index, r.object())
}

// leadsTo tells whether traffic of the rule reaches the Service.
func (r routeRule) leadsTo(service gatewayKey) bool {
	return slices.ContainsFunc(r.backends, func(b routeBackend) bool { return b.service == service && !b.idle })
}

// series is how many Kong routes the rule becomes, each with series of its own:
// with the router that Kong Operator configures, one for every match and hostname.
func (r routeRule) series() int {
	matches := max(1, len(r.route.Spec.Rules[r.index].Matches))
	return matches * max(1, len(r.route.Spec.Hostnames))
}

// routeRulesTo are the rules of Kong Operator's Gateways of which traffic reaches the
// subject's Service.
func routeRulesTo(t *topology, subject Subject) []routeRule {
	var out []routeRule
	for _, r := range t.rules[subject.key()] {
		if r.leadsTo(subject.key()) {
			out = append(out, r)
		}
	}
	return out
}

// routeGateways are the Gateways that the route asks to be attached to, sorted,
// and twice if it names two listeners. A parent is a Gateway of the route's
// namespace unless it says otherwise.
func routeGateways(route *gatewayv1.HTTPRoute) []gatewayKey {
	var out []gatewayKey
	for _, p := range route.Spec.ParentRefs {
		if gatewayOr(p.Group, gatewayv1.GroupName) != gatewayv1.GroupName || gatewayOr(p.Kind, "Gateway") != "Gateway" {
			continue
		}
		namespace := gatewayOr(p.Namespace, gatewayv1.Namespace(route.Namespace))
		out = append(out, gatewayKey{string(namespace), string(p.Name)})
	}
	slices.SortFunc(out, gatewayCompareKeys)
	return out
}

// routeBackends are the Services behind a rule. Backends of other kinds are not
// supported by Kong, and left out as there.
func routeBackends(route *gatewayv1.HTTPRoute, rule int) []routeBackend {
	var out []routeBackend
	for _, ref := range route.Spec.Rules[rule].BackendRefs {
		if gatewayOr(ref.Group, "") != "" || gatewayOr(ref.Kind, "Service") != "Service" {
			continue
		}
		namespace := gatewayOr(ref.Namespace, gatewayv1.Namespace(route.Namespace))
		out = append(out, routeBackend{
			service: gatewayKey{string(namespace), string(ref.Name)},
			idle:    gatewayOr(ref.Weight, 1) == 0,
		})
	}
	return out
}

// gatewayOr is *p, or otherwise if there is none. An empty string is a value of
// its own: for the API group it means the core group.
func gatewayOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
