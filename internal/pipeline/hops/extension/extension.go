package extension

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/text"
	"github.com/kong-latency/kong-latency/internal/pipeline/topology"
)

// evaluate judges whether Kong Operator measures the Service:
// its ControlPlane is in the Service's namespace and refers to exactly one metrics
// extension, which names the Service and enables latency. Of several ControlPlanes
// that may serve the Service one suffices; the findings are of the one that is
// nearest to it.
func evaluate(t *topology.Topology, subject pipeline.Subject) []finding.Finding {
	gaps := slices.DeleteFunc([]string{topology.Gap("DataPlaneMetricsExtensions", t.Extensions), topology.Gap("ControlPlanes", t.ControlPlanes)},
		func(gap string) bool { return gap == "" })
	if len(gaps) > 0 {
		return unknown(subject, strings.Join(gaps, "; "))
	}
	candidates := candidates(t, subject)
	if len(candidates) == 0 {
		return noGateway(t, subject)
	}
	best := verdict{step: -1}
	for _, a := range candidates {
		if v := judge(t, a, subject); v.step > best.step {
			best = v
		}
	}
	if best.step < good {
		return best.findings
	}
	return append(best.findings, rivals(t, subject)...)
}

// candidates are the ControlPlanes that may serve the Service: those of
// the Gateways to which its routes are attached, those that serve its Ingresses, and any
// that was made by hand in its namespace. Without such routes they are all that are in its
// namespace. The ones of the Service's namespace come first.
func candidates(t *topology.Topology, subject pipeline.Subject) []topology.Attachment {
	var gateways []types.NamespacedName
	for _, r := range topology.RulesTo(t, subject) {
		gateways = append(gateways, r.Gateways...)
	}
	ingresses := t.IngressesTo[subject.Key()]
	var routed, byHand, near []topology.Attachment
	all := append(t.Near(subject.Namespace, gateways), t.ControlledBy(subject.Key())...)
	slices.Sort(all)
	for _, i := range slices.Compact(all) {
		a := t.Attachments[i]
		switch {
		case a.Of(gateways), a.ServesIngress(ingresses):
			routed = append(routed, a)
		case a.Namespace != subject.Namespace:
		case a.Gateway == "":
			byHand = append(byHand, a)
		default:
			near = append(near, a)
		}
	}
	if len(gateways) == 0 && len(ingresses) == 0 {
		routed = near
	}
	slices.SortStableFunc(routed, func(x, y topology.Attachment) int {
		return cmp.Compare(far(x, subject), far(y, subject))
	})
	return append(routed, byHand...)
}

func far(a topology.Attachment, subject pipeline.Subject) int {
	if a.Namespace == subject.Namespace {
		return 0
	}
	return 1
}

// noGateway says why no ControlPlane could serve the Service.
func noGateway(t *topology.Topology, subject pipeline.Subject) []finding.Finding {
	if gap := topology.Gap("Gateways", t.Gateways); gap != "" {
		return unknown(subject, gap)
	}
	if len(t.Attachments) == 0 {
		return []finding.Finding{GatewayMissing.On(subject.Object(),
			"no Gateway or ControlPlane of Kong Operator exists, so nothing measures Services of namespace %s", subject.Namespace).
			Suggest("Create a Gateway in namespace %s whose GatewayConfiguration refers to the extension in spec.extensions.", subject.Namespace)}
	}
	return []finding.Finding{elsewhere(t.Attachments[0], subject)}
}

func elsewhere(a topology.Attachment, subject pipeline.Subject) finding.Finding {
	who := "it"
	if a.Holder.Kind == "Gateway" {
		who = "its ControlPlane"
	}
	return GatewayInOtherNamespace.On(a.Holder,
		"%s measures Services of its own namespace only, so not Service %s of namespace %s",
		who, subject.Service, subject.Namespace).
		At("metadata", "namespace").
		Suggest("Create a Gateway in namespace %s and attach the routes of Service %s to it; its ControlPlane will be in that namespace too.",
			subject.Namespace, subject.Service)
}

// How near a ControlPlane is to measuring the Service.
const (
	unreferenced = iota
	ambiguous
	absent
	wrong
	good
)

type verdict struct {
	step     int
	findings []finding.Finding
}

// judge follows one ControlPlane's references up to the first thing wrong.
func judge(t *topology.Topology, a topology.Attachment, subject pipeline.Subject) verdict {
	switch {
	case a.Hybrid != nil:
		return verdict{unreferenced, []finding.Finding{GatewayHybrid.On(a.Holder,
			"%s puts the control plane of Gateway %s/%s into Konnect, and then Kong Operator processes no metrics extension",
			a.Hybrid.Object(), a.Namespace, a.Gateway).
			Suggest("Serve Service %s by a Gateway whose GatewayConfiguration has no spec.konnect.", subject.Service)}}
	case a.Namespace != subject.Namespace:
		return verdict{unreferenced, []finding.Finding{elsewhere(a, subject)}}
	case len(a.Refs) == 0 && a.Gap != "" && a.Holder.Kind == "Gateway":
		return verdict{unreferenced, unknown(subject, a.Gap)}
	case len(a.Refs) == 0:
		return verdict{unreferenced, unreferred(t, a, subject)}
	case len(a.Refs) > 1:
		return verdict{ambiguous, []finding.Finding{several(t, a, subject)}}
	}
	ref := a.Refs[0]
	key := a.Target(ref)
	e := t.ExtensionAt[key]
	if e == nil {
		return verdict{absent, []finding.Finding{notFound(t, a, key, ref, subject)}}
	}
	var out []finding.Finding
	if a.Accepted == "False" {
		out = append(out, NotAccepted.On(a.Holder,
			"it does not accept its extensions: %s", cmp.Or(a.Rejected, "its condition AcceptedExtensions is False")))
	}
	out = append(out, content(*e, subject)...)
	if len(out) > 0 {
		return verdict{wrong, out}
	}
	return verdict{good, remarks(a, *e)}
}

// content judges what the extension itself says.
func content(e pipeline.Extension, subject pipeline.Subject) []finding.Finding {
	var out []finding.Finding
	if !slices.Contains(e.Services, subject.Service) {
		out = append(out, ServiceNotListed.On(e.Object(),
			"Service %s is not in its spec.serviceSelector.matchNames, which has %s", subject.Service, text.Names(e.Services)).
			At("spec", "serviceSelector", "matchNames").
			WithFix(finding.Apply(corrected(e, subject))))
	}
	if !e.Latency {
		out = append(out, LatencyOff.On(e.Object(),
			"its spec.config.latency is not true, so Kong does not measure the latency of Service %s", subject.Service).
			At("spec", "config", "latency").
			WithFix(finding.Apply(corrected(e, subject))))
	}
	return out
}

// remarks are about a chain of references that works.
func remarks(a topology.Attachment, e pipeline.Extension) []finding.Finding {
	var out []finding.Finding
	if a.Pending {
		missing := "the ControlPlane does not refer to it yet"
		if a.Holder.Kind == "Gateway" {
			missing = "the Gateway has no ControlPlane yet"
		}
		out = append(out, Pending.On(a.Holder, "%s refers to %s, and %s", a.Config.Object(), e.Object(), missing))
	}
	if e.Namespace != a.Namespace {
		out = append(out, Remote.On(e.Object(),
			"%s refers to it from namespace %s; Kong Operator does not notice when an extension of another namespace changes",
			a.Holder, a.Namespace).
			Suggest("Create the extension in namespace %s and leave the namespace out of the reference.", a.Namespace))
	}
	return out
}

// rivals finds further extensions, of other ControlPlanes of the
// namespace, that name the Service.
func rivals(t *topology.Topology, subject pipeline.Subject) []finding.Finding {
	var holders []string
	var named []types.NamespacedName
	for _, i := range t.Near(subject.Namespace, nil) {
		a := t.Attachments[i]
		if a.Hybrid != nil || len(a.Refs) != 1 {
			continue
		}
		key := a.Target(a.Refs[0])
		e := t.ExtensionAt[key]
		if e == nil || !slices.Contains(e.Services, subject.Service) || slices.Contains(named, key) {
			continue
		}
		named = append(named, key)
		holders = append(holders, fmt.Sprintf("%s (by %s)", key, a.Holder))
	}
	if len(named) < 2 {
		return nil
	}
	return []finding.Finding{ServiceInSeveral.On(subject.Object(),
		"the metrics extensions %s all name Service %s, and their ControlPlanes overwrite each other's plugin for it",
		strings.Join(holders, ", "), subject.Service).
		Suggest("Take Service %s out of all of them but the one of the ControlPlane that serves it.", subject.Service)}
}

func unknown(subject pipeline.Subject, gap string) []finding.Finding {
	return []finding.Finding{Unknown.On(subject.Object(),
		"whether Kong Operator measures Service %s could not be found out: %s", subject.Service, gap)}
}
