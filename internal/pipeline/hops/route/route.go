package route

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
	"github.com/kong-latency/kong-latency/internal/pipeline/topology"
)

// The reasons for which the latency of a Service cannot be distinguished.
var (
	Unknown = Hop.Reason("RouteUnknown", finding.Unknown, finding.ForObject,
		"How traffic reaches the Service could not be found out, because a kind is not installed or cannot be read.",
		"Install the Gateway API, or let kong-latency list and watch the kind that the message names.")
	Missing = Hop.Reason("RouteMissing", finding.Warning, finding.ForObject,
		"No HTTPRoute sends traffic to the Service through a Gateway of Kong Operator, and without traffic there is no latency. Ingresses and other kinds of routes are not looked at.",
		"Attach an HTTPRoute to the Gateway, with the Service as the only backend of its rule.")
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

// evaluate judges whether the latency of the traffic to the Service is
// measured under the Service's name, and all of it.
func evaluate(t *topology.Topology, subject pipeline.Subject) []finding.Finding {
	if gap := topology.Gap("HTTPRoutes", t.HTTPRoutes); gap != "" {
		return []finding.Finding{Unknown.On(subject.Object(),
			"how traffic reaches Service %s could not be found out: %s", subject.Service, gap)}
	}
	if found := severalBackends(t, subject); len(found) > 0 {
		return found
	}
	mine := topology.RulesTo(t, subject)
	if len(mine) == 0 {
		return []finding.Finding{missing(t, subject)}
	}
	var out []finding.Finding
	if gap := gap(t, mine); gap != "" {
		out = append(out, Unknown.On(subject.Object(),
			"whether Kong Operator serves the Gateways in front of Service %s could not be found out: %s", subject.Service, gap))
	}
	for _, gateway := range gatewaysOf(mine) {
		out = append(out, undercounted(mine, gateway, subject)...)
		out = append(out, shared(t, gateway, subject)...)
	}
	return out
}

// severalBackends finds rules in which the Service has company.
func severalBackends(t *topology.Topology, subject pipeline.Subject) []finding.Finding {
	var bad []topology.Rule
	for _, r := range t.Rules[subject.Key()] {
		if len(r.Backends) > 1 {
			bad = append(bad, r)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	r := bad[0]
	more := ""
	if len(bad) > 1 {
		more = fmt.Sprintf(" (and %d more rules)", len(bad)-1)
	}
	found := SeveralBackends.On(r.Object(),
		"its rule %d%s has %d backends, Service %s among them, so the metric carries the name of the HTTPRoute, "+
			"and Kong Operator may leave the rule out of Kong's configuration because the backends' plugins differ",
		r.Index, more, len(r.Backends), subject.Service).
		At("spec", "rules", r.Index, "backendRefs")
	if alone, ok := alone(bad, subject); ok {
		fix := finding.Apply(alone)
		fix.Notes = []string{"The other backends have weight 0, and get no traffic as it is."}
		return []finding.Finding{found.WithFix(fix)}
	}
	return []finding.Finding{found.Suggest("Give Service %s a rule of its own in HTTPRoute %s/%s, with no other entry in backendRefs (one with weight 0 counts too).",
		subject.Service, r.Route.Namespace, r.Route.Name)}
}

// alone is the HTTPRoute of the first rule in which the Service has company,
// with the Service alone in each of them. ok is false if traffic goes to the others:
// how to share it is not for a program to say.
func alone(bad []topology.Rule, subject pipeline.Subject) (fixed *gatewayv1.HTTPRoute, ok bool) {
	service := topology.Key(subject.Namespace, subject.Service)
	fixed = bad[0].Route.DeepCopy()
	for _, r := range bad {
		if r.Route != bad[0].Route {
			continue
		}
		if !r.LeadsTo(service) || slices.ContainsFunc(r.Backends, func(b topology.Backend) bool { return b.Service != service && !b.Idle }) {
			return nil, false
		}
		rule := &fixed.Spec.Rules[r.Index]
		rule.BackendRefs = slices.DeleteFunc(rule.BackendRefs, func(ref gatewayv1.HTTPBackendRef) bool { return ptr.Deref(ref.Weight, 1) == 0 })
		if len(rule.BackendRefs) != 1 {
			return nil, false // the Service itself twice, or a backend of another kind
		}
	}
	fixed.APIVersion, fixed.Kind = gatewayv1.GroupVersion.String(), "HTTPRoute"
	return fixed, true
}

// missing says why no traffic reaches the Service through Kong.
func missing(t *topology.Topology, subject pipeline.Subject) finding.Finding {
	message := fmt.Sprintf("no HTTPRoute has Service %s as a backend, so no traffic is measured unless it comes by another kind of route", subject.Service)
	if idle := t.Rules[subject.Key()]; len(idle) > 0 {
		message = fmt.Sprintf("%s has Service %s with weight 0, so it gets no traffic that could be measured", idle[0], subject.Service)
	} else if gateways := foreignGateways(t, subject); len(gateways) > 0 {
		message = fmt.Sprintf("HTTPRoutes to Service %s are attached to %s only, which Kong Operator does not serve or which do not exist",
			subject.Service, text.Names(gateways))
	}
	return Missing.On(subject.Object(), "%s", message).
		Suggest("Attach an HTTPRoute to a Gateway of Kong Operator, with Service %s as the only entry of backendRefs in its rule.", subject.Service)
}

// foreignGateways are the Gateways of routes to the Service, whoever serves them.
func foreignGateways(t *topology.Topology, subject pipeline.Subject) []string {
	var out []string
	for _, g := range t.Parents[subject.Key()] {
		out = append(out, "Gateway "+g.String())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// gap says what is not known of the Gateways of these rules. A Gateway with a
// ControlPlane is Kong Operator's, whatever else is known.
func gap(t *topology.Topology, rules []topology.Rule) string {
	if slices.ContainsFunc(gatewaysOf(rules), func(g types.NamespacedName) bool { return t.Controlled[g] }) {
		return ""
	}
	return topology.Gap("Gateways", t.Gateways)
}

func gatewaysOf(rules []topology.Rule) []types.NamespacedName {
	var out []types.NamespacedName
	for _, r := range rules {
		out = append(out, r.Gateways...)
	}
	slices.SortFunc(out, topology.Compare)
	return slices.Compact(out)
}

// undercounted finds several series of the Service on one data plane, of
// which Kong Operator passes on one.
func undercounted(mine []topology.Rule, gateway types.NamespacedName, subject pipeline.Subject) []finding.Finding {
	series := 0
	var names []string
	for _, r := range mine {
		if slices.Contains(r.Gateways, gateway) {
			series += r.Series()
			names = append(names, r.String())
		}
	}
	if series < 2 {
		return nil
	}
	return []finding.Finding{Undercounted.On(subject.Object(),
		"%d routes of Gateway %s lead to it (%s), one for every rule, match and hostname, and the traffic of only one is counted",
		series, gateway, text.Names(names)).
		Suggest("Lead to Service %s by one rule with one match and at most one hostname.", subject.Service)}
}

// shared finds other Services behind a Gateway of the subject's.
func shared(t *topology.Topology, gateway types.NamespacedName, subject pipeline.Subject) []finding.Finding {
	reason, message := DataPlaneShared,
		"Gateway %s serves other measured Services too (%s), and of each of its data plane pods only one series is passed on, normally that of the last by name, %s"
	first, total, last := others(t, topology.TagKey{Gateway: gateway, Measured: true}, subject)
	if total == 0 {
		reason, message = DataPlaneMayBeShared,
			"Gateway %s serves other Services too (%s); if any other Prometheus plugin measures them, only one series of each data plane pod is passed on, normally that of the last by name, %s"
		first, total, last = others(t, topology.TagKey{Gateway: gateway}, subject)
	}
	if total == 0 {
		return nil
	}
	return []finding.Finding{reason.On(subject.Object(), message, gateway, text.First(first, total), lastOf(last, subject)).
		Suggest("Serve Service %s by a Gateway of its own.", subject.Service)}
}

// others are the names of series that are not the subject's: the first few, how
// many there are, and the last by bare name.
func others(t *topology.Topology, key topology.TagKey, subject pipeline.Subject) (first []string, total int, last string) {
	tags := t.Tags[key]
	if tags == nil {
		return nil, 0, ""
	}
	own := map[string]int{}
	for _, r := range t.Rules[subject.Key()] {
		tag, traffic := topology.TagOf(t, r)
		if traffic && tag.Measured == key.Measured && slices.Contains(r.Gateways, key.Gateway) {
			own[tag.Name]++
		}
	}
	return tags.Without(own, text.Max)
}

// lastOf is the one of the last of the others and the subject's Service whose
// series is written last: Kong prints series sorted by name.
func lastOf(others string, subject pipeline.Subject) string {
	own := "Service " + subject.Key().String()
	if topology.BareName(others) > topology.BareName(own) {
		return others
	}
	return own
}
