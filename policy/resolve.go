// Package policy fills in what settings leave open: defaults, and the behavior
// profiles that settings name.
package policy

import (
	"k8s.io/apimachinery/pkg/api/resource"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kong-latency/kong-latency/annotations"
	"github.com/kong-latency/kong-latency/finding"
)

// The built-in defaults, as on the page of Kong's guide that the product automates.
const (
	DefaultMinReplicas int32 = 1
	DefaultMaxReplicas int32 = 10
	DefaultBehavior          = ProfileResponsive
)

// Resolved is settings with nothing left open.
type Resolved struct {
	// Target is the latency to hold, in milliseconds.
	Target      resource.Quantity
	MinReplicas int32
	MaxReplicas int32
	Metric      string
	// Behavior is the profile's content.
	Behavior autoscalingv2.HorizontalPodAutoscalerBehavior
	// CPUUtilization is in percent of the request; nil means latency alone.
	CPUUtilization *int32
	Paused         annotations.PauseMode
}

// The reasons for which settings cannot be resolved.
var (
	MinAboveMax = finding.Reason{
		Name: "MinAboveMax", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "With the defaults filled in, the fewest replicas are more than the most.",
		Fix:     "Set kong.latency/min-replicas and kong.latency/max-replicas so that min is at most max.",
	}
	UnknownBehavior = finding.Reason{
		Name: "UnknownBehavior", Severity: finding.Error, Wait: finding.ForChange,
		Summary: "The annotation kong.latency/behavior names a profile that does not exist.",
		Fix:     "Name one of the profiles that the message lists.",
	}
)

// Reasons lists the findings that this package declares.
func Reasons() []*finding.Reason { return []*finding.Reason{&MinAboveMax, &UnknownBehavior} }

// Resolve fills in what the settings of object o leave open. The result is
// usable only if it comes without findings.
func Resolve(o finding.Object, s annotations.Settings) (Resolved, []finding.Finding) {
	r := Resolved{
		MinReplicas:    or(s.MinReplicas, DefaultMinReplicas),
		MaxReplicas:    or(s.MaxReplicas, DefaultMaxReplicas),
		Metric:         s.Metric,
		CPUUtilization: s.CPUUtilization,
		Paused:         s.Paused,
	}
	if s.Target != nil {
		r.Target = s.Target.DeepCopy()
	}
	if r.Metric == "" {
		r.Metric = annotations.DefaultMetric
	}
	if r.Paused == "" {
		r.Paused = annotations.PauseNone
	}
	var findings []finding.Finding
	if r.MinReplicas > r.MaxReplicas {
		findings = append(findings, minAboveMax(o, s, r))
	}
	name := s.Behavior
	if name == "" {
		name = DefaultBehavior
	}
	behavior, ok := profile(name)
	if !ok {
		findings = append(findings, UnknownBehavior.On(o, "%s is %q: known profiles are %s and %s",
			annotations.Behavior, name, ProfileResponsive, ProfileStable))
	}
	r.Behavior = behavior
	return r, findings
}

func minAboveMax(o finding.Object, s annotations.Settings, r Resolved) finding.Finding {
	f := MinAboveMax.On(o, "%s is %d%s and %s is %d%s", annotations.MinReplicas, r.MinReplicas, defaulted(s.MinReplicas),
		annotations.MaxReplicas, r.MaxReplicas, defaulted(s.MaxReplicas))
	if s.MaxReplicas == nil {
		return f.WithFix("set %s to at least %d", annotations.MaxReplicas, r.MinReplicas)
	}
	return f.WithFix("set %s to at most %d", annotations.MinReplicas, r.MaxReplicas)
}

func defaulted(v *int32) string {
	if v == nil {
		return " (the default)"
	}
	return ""
}

func or(v *int32, otherwise int32) int32 {
	if v == nil {
		return otherwise
	}
	return *v
}
