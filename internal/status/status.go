// Package status makes the status of a LatencyAutoscaler: what a workload gets, whether its
// metric arrives, and what is known of each hop. Everything here is pure.
package status

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// Settings is the name of the first entry of the report by hop, which is about what comes
// before the first hop: settings, pairing and attaching.
const Settings = "settings"

// Facts are what is known of an enabled workload.
type Facts struct {
	Workload finding.Object
	// Plan is nil if a finding keeps the workload from getting anything.
	Plan *plan.Plan
	// Findings are those about settings, pairing and attaching.
	Findings []finding.Finding
	// Output is what the workload is scaled by.
	Output output.Output
	// Live is the managed autoscaler; nil if there is none.
	Live output.Object
	// Evaluation is nil if the metric pipeline was not evaluated.
	Evaluation *Evaluation
	// Before is the status that the workload has; the zero Summary if it has none.
	Before Summary
}

// Evaluation is what was found out about the metric pipeline of a workload.
type Evaluation struct {
	// Source is the name of the source, and Report its hops.
	Source string
	Report pipeline.Report
	// Series are the findings about the value of the metric, and SeriesHop is their hop.
	Series    []finding.Finding
	SeriesHop *finding.Hop
	// Failing are the findings about other conditions of the autoscaler.
	Failing []finding.Finding
	// SeriesPending and FailingPending are true if it is too early to tell: what was true
	// before stays so meanwhile.
	SeriesPending, FailingPending bool
}

// Of returns the status, with now as the time of every transition; see Merge.
func Of(f Facts, now time.Time) v1alpha1.LatencyAutoscalerStatus {
	s := v1alpha1.LatencyAutoscalerStatus{Pipeline: f.pipeline()}
	if f.Plan != nil {
		s.Plan = f.plan()
	}
	if f.Live != nil {
		s.Current = f.current(now)
	}
	attached, available, able := f.attached(), f.available(), f.able()
	for _, c := range []metav1.Condition{f.ready(attached, available, able), attached, available, able} {
		c.LastTransitionTime = metav1.NewTime(now)
		s.Conditions = append(s.Conditions, c)
	}
	for i := range s.Pipeline {
		s.Pipeline[i].LastTransitionTime = metav1.NewTime(now)
	}
	return s
}

// Merge returns the status to write after the status before: what has not changed keeps its
// transition times.
func Merge(before, after v1alpha1.LatencyAutoscalerStatus, generation int64) v1alpha1.LatencyAutoscalerStatus {
	out := *after.DeepCopy()
	out.ObservedGeneration = generation
	for i := range out.Conditions {
		c := &out.Conditions[i]
		c.ObservedGeneration = generation
		if old := meta.FindStatusCondition(before.Conditions, c.Type); old != nil && old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
	}
	for i := range out.Pipeline {
		for _, old := range before.Pipeline {
			if old.Hop == out.Pipeline[i].Hop && old.State == out.Pipeline[i].State {
				out.Pipeline[i].LastTransitionTime = old.LastTransitionTime
			}
		}
	}
	return out
}

func (f Facts) plan() *v1alpha1.AutoscalerPlan {
	p := f.Plan
	out := &v1alpha1.AutoscalerPlan{
		TargetMilliseconds: annotations.FormatTarget(p.Target), Service: p.Service,
		MinReplicas: p.MinReplicas, MaxReplicas: p.MaxReplicas, Behavior: p.BehaviorName,
		Output: f.Output.GroupVersionKind().Kind, Autoscaler: p.Name, Adopted: p.Adopted,
		EnabledBy: string(p.EnabledBy), Policy: p.PolicyName,
	}
	if p.Paused != annotations.PauseNone {
		out.Paused = string(p.Paused)
	}
	if f.Evaluation != nil {
		out.Source = f.Evaluation.Source
	}
	for _, m := range f.Output.Metrics(*p) {
		out.Metrics = append(out.Metrics, v1alpha1.PlannedMetric{Name: m.Name, Type: m.Type, TargetType: m.TargetType, Target: m.Target})
	}
	return out
}

func (f Facts) current(now time.Time) *v1alpha1.AutoscalerCurrent {
	seen := f.Output.Observe(f.Live)
	out := &v1alpha1.AutoscalerCurrent{
		Replicas: seen.CurrentReplicas, DesiredReplicas: seen.DesiredReplicas, ObservedTime: metav1.NewTime(now),
	}
	if value := f.latency(); value != nil {
		rounded := value.DeepCopy()
		rounded.RoundUp(resource.Milli)
		out.LatencyMilliseconds = annotations.FormatTarget(rounded) // as the target beside it
	}
	return out
}

// The reasons of conditions that no finding gives.
const (
	ReasonAttached    = "Attached"
	ReasonNotAttached = "NotAttached"
	ReasonMetricRead  = "MetricRead"
	// ReasonNotReadYet is of a metric that the autoscaler has not had the time to read.
	ReasonNotReadYet = "NotReadYet"
	// ReasonNoReplicas is of a workload that is scaled to zero.
	ReasonNoReplicas  = "NoReplicas"
	ReasonAbleToScale = "AbleToScale"
	ReasonScaling     = "ScalesByLatency"
	ReasonPaused      = "Paused"
)

func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: render.Clip(message)}
}

// about is the condition that is not true because of a finding.
func about(kind string, f finding.Finding) metav1.Condition {
	status := metav1.ConditionFalse
	if f.Severity == finding.Unknown {
		status = metav1.ConditionUnknown
	}
	return condition(kind, status, f.Reason.Name, render.Condition(f))
}

func (f Facts) attached() metav1.Condition {
	for _, one := range f.Findings {
		if finding.Blocks([]finding.Finding{one}) {
			return about(v1alpha1.ConditionAttached, one)
		}
	}
	if f.Live == nil {
		return condition(v1alpha1.ConditionAttached, metav1.ConditionUnknown, ReasonNotAttached, "the autoscaler is not there yet")
	}
	return condition(v1alpha1.ConditionAttached, metav1.ConditionTrue, ReasonAttached,
		f.Output.GroupVersionKind().Kind+" "+f.Live.GetName()+" scales "+f.Workload.String())
}

// available is about the value of the latency. What the autoscaler reads outweighs what
// follows from objects.
func (f Facts) available() metav1.Condition {
	const kind = v1alpha1.ConditionMetricAvailable
	if f.Live == nil || f.Evaluation == nil {
		return condition(kind, metav1.ConditionUnknown, ReasonNotAttached, "no autoscaler reads the metric")
	}
	scaling := f.Output.Observe(f.Live).Scaling
	reads := condition(kind, metav1.ConditionTrue, ReasonMetricRead, "the autoscaler reads the latency")
	switch {
	case f.latency() != nil:
		return reads
	case scaling.Known && !scaling.Active && scaling.Reason == "ScalingDisabled":
		return condition(kind, metav1.ConditionUnknown, ReasonNoReplicas, "the Deployment is scaled to zero, so the autoscaler reads nothing")
	case f.Evaluation.SeriesPending && f.Before.Available:
		return reads
	}
	for _, severity := range []finding.Severity{finding.Error, finding.Warning, finding.Unknown} {
		for _, one := range append(f.Evaluation.Report.Findings(), f.Evaluation.Series...) {
			// Warnings of other hops are about metrics that arrive.
			if one.Severity == severity && (severity != finding.Warning || one.Hop() == f.Evaluation.SeriesHop) {
				return about(kind, one)
			}
		}
	}
	return condition(kind, metav1.ConditionUnknown, ReasonNotReadYet, "the autoscaler has not read the metric yet")
}

func (f Facts) able() metav1.Condition {
	const kind = v1alpha1.ConditionAbleToScale
	able := condition(kind, metav1.ConditionTrue, ReasonAbleToScale, "nothing else keeps the autoscaler from scaling")
	switch e := f.Evaluation; {
	case f.Live == nil || e == nil:
		return condition(kind, metav1.ConditionUnknown, ReasonNotAttached, "there is no autoscaler")
	case len(e.Failing) > 0:
		return about(kind, e.Failing[0])
	case e.FailingPending && !f.Before.Able, !f.Output.Observe(f.Live).Scaling.Known && !f.Before.Able:
		return condition(kind, metav1.ConditionUnknown, ReasonNotReadYet, "the autoscaler has not tried to scale yet")
	}
	return able
}

// ready is the first of the other conditions that is not true.
func (f Facts) ready(others ...metav1.Condition) metav1.Condition {
	for _, status := range []metav1.ConditionStatus{metav1.ConditionFalse, metav1.ConditionUnknown} {
		for _, c := range others {
			if c.Status == status {
				c.Type = v1alpha1.ConditionReady
				return c
			}
		}
	}
	if p := f.Plan; p != nil && p.Paused != "" && p.Paused != annotations.PauseNone {
		return condition(v1alpha1.ConditionReady, metav1.ConditionTrue, ReasonPaused, "the workload would be scaled by its latency, and is paused: "+string(p.Paused))
	}
	return condition(v1alpha1.ConditionReady, metav1.ConditionTrue, ReasonScaling, "the workload is scaled by its latency")
}

// pipeline is the report by hop.
func (f Facts) pipeline() []v1alpha1.HopStatus {
	out := []v1alpha1.HopStatus{hopOf(Settings, f.Findings, nil, "")}
	e := f.Evaluation
	if e == nil {
		return out
	}
	for _, step := range e.Report.Steps {
		if step.Hop != e.SeriesHop {
			out = append(out, hopOf(step.Hop.Name, step.Findings, step.Evidence(), step.Unjudged))
			continue
		}
		var evidence []string
		unjudged := "the autoscaler has no value yet"
		if value := f.latency(); value != nil {
			evidence, unjudged = []string{"the autoscaler reads a value"}, ""
		} else if e.SeriesPending && f.Before.Available {
			evidence, unjudged = []string{"the autoscaler read a value a moment ago"}, ""
		}
		out = append(out, hopOf(step.Hop.Name, e.Series, evidence, unjudged))
	}
	if f.Live == nil {
		return out
	}
	unjudged := ""
	if !f.Output.Observe(f.Live).Scaling.Known {
		unjudged = "the autoscaler has no conditions yet"
	}
	return append(out, hopOf(f.Output.Hop().Name, e.Failing, []string{f.attached().Message}, unjudged))
}

func hopOf(name string, findings []finding.Finding, evidence []string, unjudged string) v1alpha1.HopStatus {
	reading := Reading{Hop: name, Findings: findings, Unjudged: unjudged}
	h := v1alpha1.HopStatus{Hop: name, State: reading.State(), Evidence: render.Clip(strings.Join(evidence, "; "))}
	if len(findings) == 0 && unjudged != "" {
		h.Evidence = render.Clip(unjudged)
	}
	for _, severity := range []finding.Severity{finding.Error, finding.Unknown, finding.Warning} {
		for _, f := range findings {
			if f.Severity == severity && len(h.Findings) < v1alpha1.MaxStatusFindings {
				h.Findings = append(h.Findings, v1alpha1.HopFinding{
					Reason: f.Reason.Name, Severity: string(f.Severity), Object: f.Object.String(),
					Message: render.Clip(f.Message), Fix: render.FixWithin(f.Fix, v1alpha1.MaxStatusFix),
				})
			}
		}
	}
	return h
}

func stateOf(s finding.Severity) v1alpha1.HopState {
	switch s {
	case finding.Error:
		return v1alpha1.HopBroken
	case finding.Unknown:
		return v1alpha1.HopUnknown
	default:
		return v1alpha1.HopWarning
	}
}

// rank orders states, the worst last. What is broken outweighs what is not known.
func rank(s v1alpha1.HopState) int {
	switch s {
	case v1alpha1.HopBroken:
		return 3
	case v1alpha1.HopUnknown:
		return 2
	case v1alpha1.HopWarning:
		return 1
	default:
		return 0
	}
}

// latency is the value that the autoscaler reads; nil if there is none.
func (f Facts) latency() *resource.Quantity {
	if f.Live == nil || f.Plan == nil {
		return nil
	}
	seen := f.Output.Observe(f.Live)
	metric, ok := seen.Metric(f.Plan.Metric)
	if !ok || !seen.Scaling.Active {
		return nil
	}
	return metric.Current
}
