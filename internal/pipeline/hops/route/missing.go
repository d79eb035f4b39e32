package route

import (
	"fmt"
	"slices"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
	"github.com/kong-latency/kong-latency/internal/pipeline/topology"
)

// untraveled is about a Service to which no HTTPRoute brings traffic: an Ingress does, or
// something else may, or the routes that name it say why they do not.
func untraveled(t *topology.Topology, subject pipeline.Subject) []finding.Finding {
	key := subject.Key()
	if len(t.IngressesTo[key]) > 0 {
		return nil
	}
	if elsewhere := t.Elsewhere[key]; len(elsewhere) > 0 {
		return []finding.Finding{unknown(subject, elsewhere[0])}
	}
	if gap := t.RoutingGap(); gap != "" {
		return []finding.Finding{unknown(subject, "no HTTPRoute brings it traffic, and "+gap)}
	}
	refusals := t.Refusals[key]
	if len(refusals) == 0 {
		return []finding.Finding{missing(t, subject)}
	}
	var out []finding.Finding
	for _, r := range refusals {
		f := refused(r, subject)
		if len(out) < text.Max && !slices.ContainsFunc(out, func(o finding.Finding) bool { return o.Object == f.Object && o.Message == f.Message }) {
			out = append(out, f)
		}
	}
	return out
}

// refused is a route that names the Service and brings it no traffic.
func refused(r topology.Refusal, subject pipeline.Subject) finding.Finding {
	var f finding.Finding
	switch r.Cause {
	case topology.NotAttached:
		f = NotAttached.On(r.Object, "it is not attached, so it brings no traffic to Service %s: %s", subject.Service, r.Why)
	case topology.BackendRefused:
		f = BackendRefused.On(r.Object, "it brings no traffic to Service %s: %s", subject.Service, r.Why)
	default:
		f = ControllerOff.On(r.Object, "%s, and Service %s gets no traffic by it", r.Why, subject.Service)
	}
	return f.At(r.Field...).Suggest("%s", r.Fix)
}

// missing says why no traffic reaches the Service through Kong.
func missing(t *topology.Topology, subject pipeline.Subject) finding.Finding {
	message := fmt.Sprintf("no HTTPRoute has Service %s as a backend, and no Ingress of Kong Operator or other route leads to it, so there is no traffic to measure", subject.Service)
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
