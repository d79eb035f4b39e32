package route

import (
	"cmp"
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

// evaluate judges whether the latency of the traffic to the Service is
// measured under the Service's name, and all of it.
func evaluate(t *topology.Topology, subject pipeline.Subject) []finding.Finding {
	if gap := topology.Gap("HTTPRoutes", t.HTTPRoutes); gap != "" {
		return []finding.Finding{unknown(subject, gap)}
	}
	if found := severalBackends(t, subject); len(found) > 0 {
		return found
	}
	mine := topology.RulesTo(t, subject)
	if len(mine) == 0 {
		return untraveled(t, subject)
	}
	var out []finding.Finding
	if doubt := doubtOf(mine, subject); doubt != "" && len(t.IngressesTo[subject.Key()]) == 0 {
		out = append(out, unknown(subject, doubt))
	}
	for _, gateway := range gatewaysOf(mine) {
		out = append(out, undercounted(mine, gateway, subject)...)
		out = append(out, shared(t, gateway, subject)...)
	}
	return out
}

func unknown(subject pipeline.Subject, why string) finding.Finding {
	return Unknown.On(subject.Object(), "how traffic reaches Service %s could not be found out: %s", subject.Service, why)
}

// doubtOf says why it is not known whether any of the rules brings traffic to the Service;
// empty if one is known to.
func doubtOf(rules []topology.Rule, subject pipeline.Subject) string {
	doubt := ""
	for _, r := range rules {
		why := r.DoubtAbout(subject.Key())
		if why == "" {
			return ""
		}
		doubt = cmp.Or(doubt, why)
	}
	return doubt
}

// severalBackends finds rules in which the Service has company.
func severalBackends(t *topology.Topology, subject pipeline.Subject) []finding.Finding {
	var bad []topology.Rule
	doubt := ""
	for _, r := range t.Rules[subject.Key()] {
		switch {
		case len(r.Backends) < 2:
		case r.Doubt != "":
			doubt = cmp.Or(doubt, fmt.Sprintf("%s has several backends, and whether Kong serves it is not known: %s", r, r.Doubt))
		default:
			bad = append(bad, r)
		}
	}
	if len(bad) == 0 && doubt != "" {
		return []finding.Finding{unknown(subject, doubt)}
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
	fixed.Status, fixed.Generation = gatewayv1.HTTPRouteStatus{}, 0
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
