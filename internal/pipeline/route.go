package pipeline

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
)

// The reasons for which the latency of a Service cannot be told apart.
var (
	RouteUnknown = &finding.Reason{
		Name: "RouteUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: route.Hop,
		Summary: "How traffic reaches the Service could not be found out, because a kind is not installed or cannot be read.",
		Fix:     "Install the Gateway API, or let kong-latency list and watch the kind that the message names.",
	}
	RouteMissing = &finding.Reason{
		Name: "RouteMissing", Severity: finding.Warning, Wait: finding.ForObject, Hop: route.Hop,
		Summary: "No HTTPRoute sends traffic to the Service through a Gateway of Kong Operator, and without traffic there is no latency. Ingresses and other kinds of routes are not looked at.",
		Fix:     "Attach an HTTPRoute to the Gateway, with the Service as the only backend of its rule.",
	}
	RouteSeveralBackends = &finding.Reason{
		Name: "RouteSeveralBackends", Severity: finding.Error, Wait: finding.ForChange, Hop: route.Hop,
		Summary: "The Service shares a rule of an HTTPRoute with other backends, weight 0 included. The metric then carries the name of the HTTPRoute, not of the Service, and as the metrics plugin differs between the backends, Kong Operator may drop the rule from Kong's configuration: an outage.",
		Fix:     "Give the Service a rule of its own, with no other backend.",
	}
	RouteUndercounted = &finding.Reason{
		Name: "RouteUndercounted", Severity: finding.Warning, Wait: finding.ForChange, Hop: route.Hop,
		Summary: "Several routes of one Gateway lead to the Service. Kong measures each by itself (every rule, match and hostname), and Kong Operator passes on one of a data plane.",
		Fix:     "Lead to the Service by one rule with one match and at most one hostname.",
	}
	DataPlaneShared = &finding.Reason{
		Name: "DataPlaneShared", Severity: finding.Warning, Wait: finding.ForChange, Hop: route.Hop,
		Summary: "Other measured Services are behind the same Gateway. Kong Operator passes on one series of a data plane pod, normally that of the lexicographically last.",
		Fix:     "Give every measured Service a Gateway of its own.",
	}
	DataPlaneMayBeShared = &finding.Reason{
		Name: "DataPlaneMayBeShared", Severity: finding.Warning, Wait: finding.ForChange, Hop: route.Hop,
		Summary: "Other Services are behind the same Gateway, and no metrics extension names them. If another Prometheus plugin measures them, such as a global one, Kong Operator passes on one series of a data plane pod, normally that of the lexicographically last.",
		Fix:     "Give the measured Service a Gateway of its own, or make sure that no other Prometheus plugin measures latency.",
	}
)

func routeReasons() []*finding.Reason {
	return []*finding.Reason{
		RouteUnknown, RouteMissing, RouteSeveralBackends, RouteUndercounted, DataPlaneShared, DataPlaneMayBeShared,
	}
}

// evaluateRoute judges whether the latency of the traffic to the Service is
// measured under the Service's name, and all of it.
func evaluateRoute(t *topology, subject Subject) []finding.Finding {
	if gap := gatewayGap("HTTPRoutes", t.HTTPRoutes); gap != "" {
		return []finding.Finding{RouteUnknown.On(subject.Object(),
			"how traffic reaches Service %s could not be found out: %s", subject.Service, gap)}
	}
	if f, ok := routeSeveralBackends(t, subject); ok {
		return []finding.Finding{f}
	}
	mine := routeRulesTo(t, subject)
	if len(mine) == 0 {
		return []finding.Finding{routeMissing(t, subject)}
	}
	var out []finding.Finding
	if gap := routeGap(t, mine); gap != "" {
		out = append(out, RouteUnknown.On(subject.Object(),
			"whether Kong Operator serves the Gateways in front of Service %s could not be found out: %s", subject.Service, gap))
	}
	for _, gateway := range routeGatewaysOf(mine) {
		if f, ok := routeUndercounted(mine, gateway, subject); ok {
			out = append(out, f)
		}
		if f, ok := routeShared(t, gateway, subject); ok {
			out = append(out, f)
		}
	}
	return out
}

// routeSeveralBackends finds rules in which the Service has company.
func routeSeveralBackends(t *topology, subject Subject) (finding.Finding, bool) {
	var bad []routeRule
	for _, r := range t.rules[subject.key()] {
		if len(r.backends) > 1 {
			bad = append(bad, r)
		}
	}
	if len(bad) == 0 {
		return finding.Finding{}, false
	}
	r := bad[0]
	more := ""
	if len(bad) > 1 {
		more = fmt.Sprintf(" (and %d more rules)", len(bad)-1)
	}
	found := RouteSeveralBackends.On(r.object(),
		"its rule %d%s has %d backends, Service %s among them, so the metric carries the name of the HTTPRoute, "+
			"and Kong Operator may leave the rule out of Kong's configuration because the backends' plugins differ",
		r.index, more, len(r.backends), subject.Service)
	if alone, ok := routeAlone(bad, subject); ok {
		return found.WithFix(finding.Fix{
			Notes:   []string{"The other backends have weight 0, and get no traffic as it is."},
			Objects: []runtime.Object{alone},
		}), true
	}
	return found.Suggest("Give Service %s a rule of its own in HTTPRoute %s/%s, with no other entry in backendRefs (one with weight 0 counts too).",
		subject.Service, r.route.Namespace, r.route.Name), true
}

// routeAlone is the HTTPRoute of the first rule in which the Service has company,
// with the Service alone in each of them. ok is false if traffic goes to the others:
// how to share it is not for a program to say.
func routeAlone(bad []routeRule, subject Subject) (mended *gatewayv1.HTTPRoute, ok bool) {
	service := gatewayKey{subject.Namespace, subject.Service}
	mended = bad[0].route.DeepCopy()
	for _, r := range bad {
		if r.route != bad[0].route {
			continue
		}
		if !r.leadsTo(service) || slices.ContainsFunc(r.backends, func(b routeBackend) bool { return b.service != service && !b.idle }) {
			return nil, false
		}
		rule := &mended.Spec.Rules[r.index]
		rule.BackendRefs = slices.DeleteFunc(rule.BackendRefs, func(ref gatewayv1.HTTPBackendRef) bool { return gatewayOr(ref.Weight, 1) == 0 })
		if len(rule.BackendRefs) != 1 {
			return nil, false // the Service itself twice, or a backend of another kind
		}
	}
	mended.APIVersion, mended.Kind = gatewayv1.GroupVersion.String(), "HTTPRoute"
	return mended, true
}

// routeMissing says why no traffic reaches the Service through Kong.
func routeMissing(t *topology, subject Subject) finding.Finding {
	message := fmt.Sprintf("no HTTPRoute has Service %s as a backend, so no traffic is measured unless it comes by another kind of route", subject.Service)
	if idle := t.rules[subject.key()]; len(idle) > 0 {
		message = fmt.Sprintf("%s has Service %s with weight 0, so it gets no traffic that could be measured", idle[0], subject.Service)
	} else if gateways := routeForeignGateways(t, subject); len(gateways) > 0 {
		message = fmt.Sprintf("HTTPRoutes to Service %s are attached to %s only, which Kong Operator does not serve or which do not exist",
			subject.Service, extensionNames(gateways))
	}
	return RouteMissing.On(subject.Object(), "%s", message).
		Suggest("Attach an HTTPRoute to a Gateway of Kong Operator, with Service %s as the only entry of backendRefs in its rule.", subject.Service)
}

// routeForeignGateways are the Gateways of routes to the Service, whoever serves them.
func routeForeignGateways(t *topology, subject Subject) []string {
	var out []string
	for _, g := range t.parents[subject.key()] {
		out = append(out, "Gateway "+g.String())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// routeGap says what is not known of the Gateways of these rules. A Gateway with a
// ControlPlane is Kong Operator's, whatever else is known.
func routeGap(t *topology, rules []routeRule) string {
	if slices.ContainsFunc(routeGatewaysOf(rules), func(g gatewayKey) bool { return t.controlled[g] }) {
		return ""
	}
	return gatewayGap("Gateways", t.Gateways)
}

func routeGatewaysOf(rules []routeRule) []gatewayKey {
	var out []gatewayKey
	for _, r := range rules {
		out = append(out, r.gateways...)
	}
	slices.SortFunc(out, gatewayCompareKeys)
	return slices.Compact(out)
}

// routeUndercounted finds several series of the Service on one data plane, of
// which Kong Operator passes on one.
func routeUndercounted(mine []routeRule, gateway gatewayKey, subject Subject) (finding.Finding, bool) {
	series := 0
	var names []string
	for _, r := range mine {
		if slices.Contains(r.gateways, gateway) {
			series += r.series()
			names = append(names, r.String())
		}
	}
	if series < 2 {
		return finding.Finding{}, false
	}
	return RouteUndercounted.On(subject.Object(),
		"%d routes of Gateway %s lead to it (%s), one for every rule, match and hostname, and the traffic of only one is counted",
		series, gateway, extensionNames(names)).
		Suggest("Lead to Service %s by one rule with one match and at most one hostname.", subject.Service), true
}

// routeShared finds other Services behind a Gateway of the subject's.
func routeShared(t *topology, gateway gatewayKey, subject Subject) (finding.Finding, bool) {
	fix := fmt.Sprintf("Serve Service %s by a Gateway of its own.", subject.Service)
	if first, total, last := routeOthers(t, tagKey{gateway, true}, subject); total > 0 {
		return DataPlaneShared.On(subject.Object(),
			"Gateway %s serves other measured Services too (%s), and of each of its data plane pods only one series is passed on, normally that of the last by name, %s",
			gateway, extensionSome(first, total), routeLast(last, subject)).Suggest("%s", fix), true
	}
	if first, total, last := routeOthers(t, tagKey{gateway, false}, subject); total > 0 {
		return DataPlaneMayBeShared.On(subject.Object(),
			"Gateway %s serves other Services too (%s); if any other Prometheus plugin measures them, only one series of each data plane pod is passed on, normally that of the last by name, %s",
			gateway, extensionSome(first, total), routeLast(last, subject)).Suggest("%s", fix), true
	}
	return finding.Finding{}, false
}

// routeOthers are the names of series that are not the subject's: the first few, how
// many there are, and the last by bare name.
func routeOthers(t *topology, key tagKey, subject Subject) (first []string, total int, last string) {
	tags := t.tags[key]
	if tags == nil {
		return nil, 0, ""
	}
	own := map[string]int{}
	for _, r := range t.rules[subject.key()] {
		tag, traffic := routeTagOf(t, r)
		if traffic && tag.measured == key.measured && slices.Contains(r.gateways, key.gateway) {
			own[tag.name]++
		}
	}
	return tags.without(own, extensionMost)
}

// routeTagOf is the tag of the rule's series, whose name is the HTTPRoute's if there
// are several backends. There are none if traffic is false.
func routeTagOf(t *topology, r routeRule) (tag routeTag, traffic bool) {
	tag.name = "Service " + r.backends[0].service.String()
	if len(r.backends) > 1 {
		tag.name = fmt.Sprintf("HTTPRoute %s/%s", r.route.Namespace, r.route.Name)
	}
	for _, b := range r.backends {
		traffic = traffic || !b.idle
		tag.measured = tag.measured || t.measured[b.service]
	}
	return tag, traffic
}

// routeLast is the one of the last of the others and the subject's Service whose
// series is written last: Kong prints series sorted by name.
func routeLast(others string, subject Subject) string {
	own := "Service " + subject.key().String()
	if bareName(others) > bareName(own) {
		return others
	}
	return own
}
