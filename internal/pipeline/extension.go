package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/internal/finding"
)

// evaluateExtension judges whether Kong Operator is asked to measure the Service:
// its ControlPlane is in the Service's namespace and refers to exactly one metrics
// extension, which names the Service and asks for latency. Of several ControlPlanes
// that may serve the Service one suffices; the findings are of the one that is
// nearest to it.
func evaluateExtension(t *topology, subject Subject) []finding.Finding {
	gaps := []string{gatewayGap("DataPlaneMetricsExtensions", t.Extensions), gatewayGap("ControlPlanes", t.ControlPlanes)}
	if gap := extensionJoin(gaps); gap != "" {
		return extensionUnknown(subject, gap)
	}
	candidates := extensionCandidates(t, subject)
	if len(candidates) == 0 {
		return extensionNoGateway(t, subject)
	}
	best := extensionVerdict{step: -1}
	for _, a := range candidates {
		if v := extensionJudge(t, a, subject); v.step > best.step {
			best = v
		}
	}
	if best.step < extensionGood {
		return best.findings
	}
	return append(best.findings, extensionRivals(t, subject)...)
}

// extensionCandidates are the ControlPlanes that may serve the Service: those of
// the Gateways to which its routes are attached, and any that was made by hand in
// its namespace. Without such routes they are all that are in its namespace. The
// ones of the Service's namespace come first.
func extensionCandidates(t *topology, subject Subject) []gatewayAttachment {
	var gateways []gatewayKey
	for _, r := range routeRulesTo(t, subject) {
		gateways = append(gateways, r.gateways...)
	}
	var routed, byHand, near []gatewayAttachment
	for _, i := range t.near(subject.Namespace, gateways) {
		a := t.attachments[i]
		switch {
		case a.of(gateways):
			routed = append(routed, a)
		case a.namespace != subject.Namespace:
		case a.gateway == "":
			byHand = append(byHand, a)
		default:
			near = append(near, a)
		}
	}
	if len(gateways) == 0 {
		routed = near
	}
	slices.SortStableFunc(routed, func(x, y gatewayAttachment) int {
		return cmp.Compare(extensionFar(x, subject), extensionFar(y, subject))
	})
	return append(routed, byHand...)
}

func extensionFar(a gatewayAttachment, subject Subject) int {
	if a.namespace == subject.Namespace {
		return 0
	}
	return 1
}

// extensionNoGateway says why no ControlPlane could serve the Service.
func extensionNoGateway(t *topology, subject Subject) []finding.Finding {
	if gap := gatewayGap("Gateways", t.Gateways); gap != "" {
		return extensionUnknown(subject, gap)
	}
	if len(t.attachments) == 0 {
		return []finding.Finding{GatewayMissing.On(subject.Object(),
			"no Gateway or ControlPlane of Kong Operator exists, so nothing measures Services of namespace %s", subject.Namespace).
			Suggest("Create a Gateway in namespace %s whose GatewayConfiguration refers to the extension in spec.extensions.", subject.Namespace)}
	}
	return []finding.Finding{extensionElsewhere(t.attachments[0], subject)}
}

func extensionElsewhere(a gatewayAttachment, subject Subject) finding.Finding {
	who := "it"
	if a.holder.Kind == "Gateway" {
		who = "its ControlPlane"
	}
	return GatewayInOtherNamespace.On(a.holder,
		"%s measures Services of its own namespace only, so not Service %s of namespace %s",
		who, subject.Service, subject.Namespace).
		Suggest("Create a Gateway in namespace %s and attach the routes of Service %s to it; its ControlPlane will be in that namespace too.",
			subject.Namespace, subject.Service)
}

// How near a ControlPlane is to measuring the Service.
const (
	extensionUnreferenced = iota
	extensionAmbiguous
	extensionAbsent
	extensionWrong
	extensionGood
)

type extensionVerdict struct {
	step     int
	findings []finding.Finding
}

// extensionJudge follows one ControlPlane's references up to the first thing wrong.
func extensionJudge(t *topology, a gatewayAttachment, subject Subject) extensionVerdict {
	switch {
	case a.hybrid != nil:
		return extensionVerdict{extensionUnreferenced, []finding.Finding{GatewayHybrid.On(a.holder,
			"%s puts the control plane of Gateway %s/%s into Konnect, and then Kong Operator processes no metrics extension",
			a.hybrid.Object(), a.namespace, a.gateway).
			Suggest("Serve Service %s by a Gateway whose GatewayConfiguration has no spec.konnect.", subject.Service)}}
	case a.namespace != subject.Namespace:
		return extensionVerdict{extensionUnreferenced, []finding.Finding{extensionElsewhere(a, subject)}}
	case len(a.refs) == 0 && a.gap != "" && a.holder.Kind == "Gateway":
		return extensionVerdict{extensionUnreferenced, extensionUnknown(subject, a.gap)}
	case len(a.refs) == 0:
		return extensionVerdict{extensionUnreferenced, extensionUnreferred(t, a, subject)}
	case len(a.refs) > 1:
		return extensionVerdict{extensionAmbiguous, []finding.Finding{extensionSeveral(t, a, subject)}}
	}
	ref := a.refs[0]
	key := gatewayKey{cmp.Or(ref.Namespace, a.namespace), ref.Name}
	e := t.extensions[key]
	if e == nil {
		return extensionVerdict{extensionAbsent, []finding.Finding{extensionNotFound(t, a, key, ref, subject)}}
	}
	var out []finding.Finding
	if a.accepted == "False" {
		out = append(out, ExtensionNotAccepted.On(a.holder,
			"it does not accept its extensions: %s", cmp.Or(a.rejected, "its condition AcceptedExtensions is False")))
	}
	out = append(out, extensionContent(*e, subject)...)
	if len(out) > 0 {
		return extensionVerdict{extensionWrong, out}
	}
	return extensionVerdict{extensionGood, extensionRemarks(a, *e)}
}

// extensionContent judges what the extension itself says.
func extensionContent(e Extension, subject Subject) []finding.Finding {
	var out []finding.Finding
	if !slices.Contains(e.Services, subject.Service) {
		out = append(out, ExtensionServiceNotListed.On(e.Object(),
			"Service %s is not in its spec.serviceSelector.matchNames, which has %s", subject.Service, extensionNames(e.Services)).
			WithFix(finding.Apply(extensionCorrected(e, subject))))
	}
	if !e.Latency {
		out = append(out, ExtensionLatencyOff.On(e.Object(),
			"its spec.config.latency is not true, so Kong does not measure the latency of Service %s", subject.Service).
			WithFix(finding.Apply(extensionCorrected(e, subject))))
	}
	return out
}

// extensionRemarks are about a chain of references that works.
func extensionRemarks(a gatewayAttachment, e Extension) []finding.Finding {
	var out []finding.Finding
	if a.pending {
		missing := "the ControlPlane does not refer to it yet"
		if a.holder.Kind == "Gateway" {
			missing = "the Gateway has no ControlPlane yet"
		}
		out = append(out, ExtensionPending.On(a.holder, "%s refers to %s, and %s", a.config.Object(), e.Object(), missing))
	}
	if e.Namespace != a.namespace {
		out = append(out, ExtensionRemote.On(e.Object(),
			"%s refers to it from namespace %s; Kong Operator does not notice when an extension of another namespace changes",
			a.holder, a.namespace).
			Suggest("Create the extension in namespace %s and leave the namespace out of the reference.", a.namespace))
	}
	return out
}

// extensionRivals finds further extensions, of other ControlPlanes of the
// namespace, that name the Service.
func extensionRivals(t *topology, subject Subject) []finding.Finding {
	var holders []string
	var named []gatewayKey
	for _, i := range t.near(subject.Namespace, nil) {
		a := t.attachments[i]
		if a.hybrid != nil || len(a.refs) != 1 {
			continue
		}
		key := gatewayKey{cmp.Or(a.refs[0].Namespace, a.namespace), a.refs[0].Name}
		e := t.extensions[key]
		if e == nil || !slices.Contains(e.Services, subject.Service) || slices.Contains(named, key) {
			continue
		}
		named = append(named, key)
		holders = append(holders, fmt.Sprintf("%s (by %s)", key, a.holder))
	}
	if len(named) < 2 {
		return nil
	}
	return []finding.Finding{ServiceInSeveralExtensions.On(subject.Object(),
		"the metrics extensions %s all name Service %s, and their ControlPlanes overwrite each other's plugin for it",
		strings.Join(holders, ", "), subject.Service).
		Suggest("Take Service %s out of all of them but the one of the ControlPlane that serves it.", subject.Service)}
}

func extensionUnknown(subject Subject, gap string) []finding.Finding {
	return []finding.Finding{ExtensionUnknown.On(subject.Object(),
		"whether Kong Operator measures Service %s could not be found out: %s", subject.Service, gap)}
}

// extensionNames lists names for people, and not all of a long list.
func extensionNames(names []string) string { return extensionSome(names, len(names)) }

// extensionMost is how many names are told.
const extensionMost = 5

// extensionSome lists names of which there are so many in all, and the first at least
// up to extensionMost are given.
func extensionSome(names []string, total int) string {
	switch {
	case total == 0:
		return "none"
	case total > extensionMost:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:extensionMost], ", "), total-extensionMost)
	}
	return strings.Join(names, ", ")
}

func extensionJoin(parts []string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ")
}
