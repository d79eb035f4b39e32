package hpa

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Evaluate implements output.Output.
func (o Output) Evaluate(f output.Facts) (findings []finding.Finding, evidence []string) {
	if f.Live == nil {
		return o.absent(f.Plan, f.Unread), nil
	}
	h := typed(f.Live)
	evidence = append(evidence, o.summary(h))
	if f.Plan != nil && !o.UpToDate(h, *f.Plan) {
		findings = append(findings, AutoscalerDiffers.On(objectOf(h), "it does not match the plan of the workload, which is %s", f.Plan).
			At("spec").WithFix(o.fix(*f.Plan)))
	}
	conditions, text := conditions(h, f.HasValue)
	return append(findings, conditions...), append(evidence, text...)
}

// absent judges that there is no object.
func (o Output) absent(p *plan.Plan, unread string) []finding.Finding {
	switch {
	case unread != "":
		return []finding.Finding{AutoscalerUnknown.On(finding.Object{Kind: model.KindHPA}, "whether there is one is not known: %s", unread)}
	case p != nil:
		return []finding.Finding{AutoscalerMissing.On(finding.Object{Kind: model.KindHPA, Namespace: p.Namespace, Name: p.Name},
			"it does not exist, although nothing blocks the workload").WithFix(o.fix(*p))}
	}
	return nil
}

// conditions judges the conditions of the status, and quotes the relevant ones. hasValue
// reports that the metric has a value now, so that only the next sync is awaited.
func conditions(h *autoscalingv2.HorizontalPodAutoscaler, hasValue bool) (findings []finding.Finding, evidence []string) {
	if len(h.Status.Conditions) == 0 {
		return []finding.Finding{AutoscalerUnknown.On(objectOf(h), "it has no conditions yet").At("status", "conditions")}, nil
	}
	for i, c := range h.Status.Conditions {
		// The others, of which newer Kubernetes has more, are relevant only if they are true.
		needed := c.Type == autoscalingv2.AbleToScale || c.Type == autoscalingv2.ScalingActive
		text := finding.Sprintf("%s is %s (%s): %s", string(c.Type), string(c.Status), c.Reason, oneLine(c.Message))
		if needed || c.Status == corev1.ConditionTrue {
			evidence = append(evidence, text)
		}
		if !needed || c.Status == corev1.ConditionTrue {
			continue
		}
		reason := reasonOf(c)
		if reason == AutoscalerWithoutMetric && hasValue {
			reason = AutoscalerLags
			text += "; there is a value now, which it gets at its next sync"
		}
		findings = append(findings, reason.On(objectOf(h), "%s", text).At("status", "conditions", i).Suggest("%s", reason.Fix))
	}
	return findings, evidence
}

// reasonOf is the finding that a condition which is not true amounts to.
func reasonOf(c autoscalingv2.HorizontalPodAutoscalerCondition) *finding.Reason {
	switch {
	case c.Type != autoscalingv2.ScalingActive:
		return AutoscalerFails
	case c.Reason == failedGetObjectMetric:
		return AutoscalerWithoutMetric
	case c.Reason == scalingDisabled:
		return AutoscalerOff
	default:
		return AutoscalerFails
	}
}

func objectOf(h *autoscalingv2.HorizontalPodAutoscaler) finding.Object {
	return finding.Object{Kind: model.KindHPA, Namespace: h.Namespace, Name: h.Name}
}

// summary is the spec and the status in one line.
func (o Output) summary(h *autoscalingv2.HorizontalPodAutoscaler) string {
	seen := o.Observe(h)
	text := fmt.Sprintf("%s: %d replicas, wants %d of %d-%d", objectOf(h),
		seen.CurrentReplicas, seen.DesiredReplicas, seen.MinReplicas, seen.MaxReplicas)
	for _, m := range seen.Metrics {
		switch {
		case m.Target != nil:
			text += fmt.Sprintf("; saw %s, target %s", valueText(m.Current), m.Target)
		case m.PerPod != nil:
			text += finding.Sprintf("; saw %s per pod of %s, target %s", valueText(m.CurrentPerPod), m.Name, m.PerPod.String())
		}
	}
	return text
}

func valueText(q *resource.Quantity) string {
	if q == nil {
		return "<unknown>"
	}
	return q.String()
}

// fix is the object that the controller applies. For an adopted one, whose other fields
// are not managed, it is only where to look.
func (o Output) fix(p plan.Plan) finding.Fix {
	fix := finding.Fix{
		Summary:  "look at the log of the controller",
		Commands: []string{"kubectl -n kong-latency-system logs deployment/kong-latency-controller"},
	}
	if p.Adopted || p.DeploymentUID == "" {
		return fix
	}
	desired, err := o.Desired(p)
	if err != nil {
		return fix
	}
	fix.Summary = "The controller applies this automatically. If it does not, look at its log:"
	fix.Objects = append(fix.Objects, desired)
	return fix
}

// oneLine makes one line of a text.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
