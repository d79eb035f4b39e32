package hpa

import (
	"fmt"
	"strconv"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// differences collects what differs, in the order in which it is added.
type differences output.Differences

// add adds a field whose values differ. Anybody can have written from.
func (d *differences) add(field, from, to string) {
	if from != to {
		*d = append(*d, output.Difference{Field: field, From: finding.Quote(from), To: to})
	}
}

// described returns the differences of two specs that are not equal; there is at least
// one.
func described(have, want autoscalingv2.HorizontalPodAutoscalerSpec, profiles policy.Profiles) output.Differences {
	var d differences
	number := func(n int32) string { return strconv.Itoa(int(n)) }
	d.add("min replicas", number(ptr.Deref(have.MinReplicas, defaultMinReplicas)), number(ptr.Deref(want.MinReplicas, defaultMinReplicas)))
	d.add("max replicas", number(have.MaxReplicas), number(want.MaxReplicas))
	is, wanted := namedMetrics(have.Metrics), namedMetrics(want.Metrics)
	d.add("target", is.target, wanted.target)
	d.add("CPU utilization", is.cpu, wanted.cpu)
	d.behavior(have.Behavior, want.Behavior, profiles)
	d.add("paused", string(disabled(have.Behavior)), string(disabled(want.Behavior)))
	d.add("Service", is.service, wanted.service)
	d.add("metric", is.name, wanted.name)
	d.add("other metrics", is.others, wanted.others)
	d.add("scale target", scaleTarget(have), scaleTarget(want))
	if len(d) == 0 {
		d = append(d, output.Difference{Field: "fields that a plan does not name"})
	}
	return output.Differences(d)
}

func scaleTarget(spec autoscalingv2.HorizontalPodAutoscalerSpec) string {
	ref := spec.ScaleTargetRef
	return output.TargetRef(ref.APIVersion, ref.Kind, ref.Name).String()
}

// named is a list of metrics as people name them.
type named struct {
	// target, service and name are of the first metric of an object, which is the latency.
	target, service, name string
	cpu                   string
	// others is how many other metrics there are; empty for none.
	others string
}

func namedMetrics(list []autoscalingv2.MetricSpec) named {
	var r named
	others := 0
	for _, m := range list {
		switch {
		case m.Object != nil && r.name == "":
			r.name = m.Object.Metric.Name
			r.target = objectTarget(m.Object.Target)
			r.service = m.Object.DescribedObject.Name
			if kind := m.Object.DescribedObject.Kind; kind != "Service" {
				r.service = kind + " " + r.service
			}
		case m.Resource != nil && m.Resource.Name == corev1.ResourceCPU && m.Resource.Target.AverageUtilization != nil && r.cpu == "":
			r.cpu = fmt.Sprintf("%d %%", *m.Resource.Target.AverageUtilization)
		default:
			others++
		}
	}
	if others > 0 {
		r.others = strconv.Itoa(others)
	}
	return r
}

// objectTarget is the target of the latency, in milliseconds. One that is not a value is
// named by its type: it would be divided by the number of replicas.
func objectTarget(t autoscalingv2.MetricTarget) string {
	switch {
	case t.Value != nil:
		return annotations.FormatTarget(*t.Value) + " ms"
	case t.AverageValue != nil:
		return fmt.Sprintf("%s %s", t.Type, t.AverageValue)
	default:
		return string(t.Type)
	}
}

// behavior adds the profiles by name, or, where one has no name, the rules that differ.
// That a direction is paused is another difference.
func (d *differences) behavior(have, want *autoscalingv2.HorizontalPodAutoscalerBehavior, profiles policy.Profiles) {
	have, want = unpaused(have, want), unpaused(want, have)
	if equality.Semantic.DeepEqual(have, want) {
		return
	}
	name := func(b *autoscalingv2.HorizontalPodAutoscalerBehavior) string {
		return profiles.Name(func(profile autoscalingv2.HorizontalPodAutoscalerBehavior) bool {
			setSelectPolicy(&profile)
			return b != nil && equality.Semantic.DeepEqual(unpaused(&profile, b), b)
		})
	}
	if from, to := name(have), name(want); to != "" && (from != "" || have == nil) {
		d.add("behavior", from, to)
		return
	}
	have, want = ptr.To(ptr.Deref(have, autoscalingv2.HorizontalPodAutoscalerBehavior{})), ptr.To(ptr.Deref(want, autoscalingv2.HorizontalPodAutoscalerBehavior{}))
	d.rules("scaleUp", have.ScaleUp, want.ScaleUp)
	d.rules("scaleDown", have.ScaleDown, want.ScaleDown)
}

// unpaused returns b without the selectPolicy of directions that are disabled in it or in
// the other: what such a direction would do once it is resumed cannot be compared there.
func unpaused(b, other *autoscalingv2.HorizontalPodAutoscalerBehavior) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	if b == nil || other == nil {
		return b
	}
	out := b.DeepCopy()
	drop := func(rules, others *autoscalingv2.HPAScalingRules) {
		if rules != nil && (isDisabled(rules) || isDisabled(others) || others != nil && others.SelectPolicy == nil) {
			rules.SelectPolicy = nil
		}
	}
	drop(out.ScaleUp, other.ScaleUp)
	drop(out.ScaleDown, other.ScaleDown)
	return out
}

// rules adds the rules of one direction that differ, by the names of their fields.
func (d *differences) rules(direction string, have, want *autoscalingv2.HPAScalingRules) {
	is, wanted := ptr.Deref(have, autoscalingv2.HPAScalingRules{}), ptr.Deref(want, autoscalingv2.HPAScalingRules{})
	seconds := func(n *int32) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(int(*n))
	}
	d.add(direction+".stabilizationWindowSeconds", seconds(is.StabilizationWindowSeconds), seconds(wanted.StabilizationWindowSeconds))
	d.add(direction+".selectPolicy", string(ptr.Deref(is.SelectPolicy, "")), string(ptr.Deref(wanted.SelectPolicy, "")))
	tolerance := func(rules autoscalingv2.HPAScalingRules) string {
		if rules.Tolerance == nil {
			return ""
		}
		return rules.Tolerance.String()
	}
	d.add(direction+".tolerance", tolerance(is), tolerance(wanted))
	d.add(direction+".policies", scalingPolicies(is.Policies), scalingPolicies(wanted.Policies))
}

// scalingPolicies are policies as people say them: "100 percent in 15 s or 4 pods in 15 s".
func scalingPolicies(list []autoscalingv2.HPAScalingPolicy) string {
	text := ""
	for i, p := range list {
		if i > 0 {
			text += " or "
		}
		unit := "pods"
		switch {
		case p.Type == autoscalingv2.PercentScalingPolicy:
			unit = "percent"
		case p.Value == 1:
			unit = "pod"
		}
		text += fmt.Sprintf("%d %s in %d s", p.Value, unit, p.PeriodSeconds)
	}
	return text
}
