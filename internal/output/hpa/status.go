package hpa

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/manifest"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// The reasons about the end of the way: the autoscaler that uses the metric.
var (
	AutoscalerMissing = &finding.Reason{
		Name: "AutoscalerMissing", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The workload asks for autoscaling, nothing stands in the way, and the HorizontalPodAutoscaler is not there. The controller creates it within seconds, if it runs and may.",
		Fix:     "See whether the kong-latency controller runs, and what it logs. The finding prints the HorizontalPodAutoscaler that it would make.",
	}
	AutoscalerDiffers = &finding.Reason{
		Name: "AutoscalerDiffers", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The HorizontalPodAutoscaler is not as the workload asks for. The controller changes it within seconds, if it runs and may.",
		Fix:     "See whether the kong-latency controller runs, and what it logs. The finding prints the HorizontalPodAutoscaler that it would make.",
	}
	AutoscalerWithoutMetric = &finding.Reason{
		Name: "AutoscalerWithoutMetric", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The HorizontalPodAutoscaler did not get a value when it asked last, and keeps the number of replicas.",
		Fix:     "Mend the first broken hop. If none is, wait for the autoscaler to ask again, which it does every 15 seconds.",
	}
	// AutoscalerLags is found only by who asks the metrics API, too.
	AutoscalerLags = &finding.Reason{
		Name: "AutoscalerLags", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "The HorizontalPodAutoscaler did not get a value when it asked last, and there is one now.",
		Fix:     "Wait for it to ask again, which it does every 15 seconds.",
	}
	AutoscalerFails = &finding.Reason{
		Name: "AutoscalerFails", Severity: finding.Error, Wait: finding.ForObject, Hop: Hop,
		Summary: "The HorizontalPodAutoscaler says by its conditions that it cannot scale.",
		Fix:     "Mend what the condition names; kubectl describe shows its events.",
	}
	AutoscalerOff = &finding.Reason{
		Name: "AutoscalerOff", Severity: finding.Warning, Wait: finding.ForChange, Hop: Hop,
		Summary: "The workload has 0 replicas, which turns autoscaling off until somebody scales it up.",
		Fix:     "Scale the workload to at least 1.",
	}
	AutoscalerUnknown = &finding.Reason{
		Name: "AutoscalerUnknown", Severity: finding.Unknown, Wait: finding.ForObject, Hop: Hop,
		Summary: "The HorizontalPodAutoscaler may not be read, or has not told its conditions yet.",
		Fix:     "Allow to list horizontalpodautoscalers, or wait a moment.",
	}
)

// Reasons lists the findings that this package declares.
func Reasons() []*finding.Reason {
	return []*finding.Reason{
		AutoscalerMissing, AutoscalerDiffers, AutoscalerWithoutMetric, AutoscalerLags, AutoscalerFails, AutoscalerOff, AutoscalerUnknown,
	}
}

// Evaluate judges the autoscaler of a workload. plan is nil if nothing is
// to be attached, or it is not known what; live is nil if there is none, or, if
// unread says why, if that is not known.
func Evaluate(live *autoscalingv2.HorizontalPodAutoscaler, plan *plan.Plan, unread string) (findings []finding.Finding, evidence []string) {
	if live == nil {
		return absentAutoscaler(plan, unread), nil
	}
	on := autoscalerObject(live.Namespace, live.Name)
	evidence = append(evidence, autoscalerText(live))
	if plan != nil && !UpToDate(live, *plan) {
		findings = append(findings, AutoscalerDiffers.On(on, "it is not as the workload asks for, which is %s", plan).
			Suggest("%s", autoscalerFix(*plan)))
	}
	conditions, text := autoscalerConditions(live)
	return append(findings, conditions...), append(evidence, text...)
}

func absentAutoscaler(plan *plan.Plan, unread string) []finding.Finding {
	switch {
	case unread != "":
		return []finding.Finding{AutoscalerUnknown.On(finding.Object{Kind: autoscalerKind}, "whether there is one is not known: %s", unread)}
	case plan != nil:
		return []finding.Finding{AutoscalerMissing.On(autoscalerObject(plan.Namespace, plan.Name),
			"it does not exist, although nothing keeps it from being attached").Suggest("%s", autoscalerFix(*plan))}
	}
	return nil
}

// autoscalerConditions judges the conditions, and quotes those that tell something.
func autoscalerConditions(live *autoscalingv2.HorizontalPodAutoscaler) (findings []finding.Finding, evidence []string) {
	on := autoscalerObject(live.Namespace, live.Name)
	if len(live.Status.Conditions) == 0 {
		return []finding.Finding{AutoscalerUnknown.On(on, "it has no conditions yet")}, nil
	}
	for _, c := range live.Status.Conditions {
		// The others, of which newer Kubernetes has more, are news only if they are true.
		needed := c.Type == autoscalingv2.AbleToScale || c.Type == autoscalingv2.ScalingActive
		text := fmt.Sprintf("%s is %s (%s): %s", c.Type, c.Status, c.Reason, oneLine(c.Message))
		if needed || c.Status == corev1.ConditionTrue {
			evidence = append(evidence, text)
		}
		if !needed || c.Status == corev1.ConditionTrue {
			continue
		}
		reason := AutoscalerFails
		switch {
		case c.Type != autoscalingv2.ScalingActive:
		case c.Reason == "FailedGetObjectMetric":
			reason = AutoscalerWithoutMetric
		case c.Reason == "ScalingDisabled":
			reason = AutoscalerOff
		}
		findings = append(findings, reason.On(on, "%s", text).Suggest("%s", reason.Fix))
	}
	return findings, evidence
}

const autoscalerKind = "HorizontalPodAutoscaler"

func autoscalerObject(namespace, name string) finding.Object {
	return finding.Object{Kind: autoscalerKind, Namespace: namespace, Name: name}
}

// autoscalerText is what the autoscaler shows in short.
func autoscalerText(h *autoscalingv2.HorizontalPodAutoscaler) string {
	text := fmt.Sprintf("%s: %d replicas, wants %d of %d-%d", autoscalerObject(h.Namespace, h.Name),
		h.Status.CurrentReplicas, h.Status.DesiredReplicas, ptr.Deref(h.Spec.MinReplicas, 1), h.Spec.MaxReplicas)
	for _, m := range h.Spec.Metrics {
		if m.Object == nil || m.Object.Target.Value == nil {
			continue
		}
		now := "<unknown>"
		for _, c := range h.Status.CurrentMetrics {
			if c.Object != nil && c.Object.Metric.Name == m.Object.Metric.Name && c.Object.Current.Value != nil {
				now = c.Object.Current.Value.String()
			}
		}
		text += fmt.Sprintf("; saw %s, target %s", now, m.Object.Target.Value)
	}
	return text
}

// autoscalerFix is the autoscaler as the controller makes it, or a sentence for one
// that it has adopted, whose other fields are not ours.
func autoscalerFix(p plan.Plan) string {
	const check = "Look at the log of kong-latency's controller: kubectl -n kong-latency-system logs deployment/kong-latency-controller"
	if p.Adopted || p.DeploymentUID == "" {
		return check
	}
	h, err := ApplyConfiguration(p)
	if err != nil {
		return check
	}
	return "# The controller does this by itself. Should it not:\n#   " + check + "\n" + manifest.YAML(h)
}

// oneLine makes one line of a text.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
