// Package policy selects the LatencyPolicy of a workload, and applies its defaults and
// limits to the settings.
package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// The built-in defaults. The bounds are those of Kong's guide to autoscaling by latency; the
// profile won the comparison of test/control.
const (
	DefaultMinReplicas int32 = 1
	DefaultMaxReplicas int32 = 10
	DefaultBehavior          = ProfileSteady
	DefaultStatistic         = annotations.Average
	DefaultOnNoEffect        = annotations.NoEffectHold
)

// Resolved are settings with the defaults and limits of the policy applied.
type Resolved struct {
	// PolicyName is the effective LatencyPolicy; empty if the built-in defaults apply.
	PolicyName string
	// Target is the latency to hold, in milliseconds.
	Target      resource.Quantity
	MinReplicas int32
	MaxReplicas int32
	// Metric is the metric of the latency, and Statistic what it is of.
	Metric    string
	Statistic annotations.LatencyStatistic
	// RequestsPerSecond and Concurrency are the load metrics beside it.
	RequestsPerSecond, Concurrency Load
	// OnNoEffect says what to do when more pods do not lower the latency.
	OnNoEffect annotations.NoEffect
	// BehaviorName is the name of the profile, and Behavior its content.
	BehaviorName string
	Behavior     autoscalingv2.HorizontalPodAutoscalerBehavior
	// Profiles are those that the settings could name, by which a behavior is named.
	Profiles Profiles `json:"-"`
	// CPUUtilization is in percent of the request; nil means latency alone.
	CPUUtilization *int32
	Paused         annotations.PauseMode
	// PreserveReplicas is true if a manifest that is applied again does not change
	// the number of replicas.
	PreserveReplicas bool
	// Clamped are the settings that were replaced by a limit, by key.
	Clamped []Clamp
}

// Clamp is one setting that was replaced by a limit.
type Clamp struct {
	// Key is the annotation.
	Key string
	// Set is the value of the annotation, and Given the one that applies instead.
	Set, Given string
	// Allowed says what the policy allows, such as "at most 20".
	Allowed string
}

// Resolve applies the defaults and limits of policy p to the settings of object o. A
// setting that a limit replaces is a warning; a default is replaced without one. The
// result is usable if no error is among the findings.
func Resolve(o finding.Object, s annotations.Settings, p *Policy) (Resolved, []finding.Finding) {
	d := p.defaulted()
	r := Resolved{PolicyName: p.Name(), Profiles: p.Profiles(), Metric: s.Metric, CPUUtilization: s.CPUUtilization, Paused: s.Paused}
	r.PreserveReplicas = s.PreserveReplicas == nil || *s.PreserveReplicas
	r.fit(s, p)
	r.metric(s, d)
	r.OnNoEffect = cmp.Or(s.OnNoEffect, annotations.NoEffect(d.OnNoEffect))
	if r.CPUUtilization == nil {
		r.CPUUtilization = d.CPUUtilization
	}
	if r.Paused == "" {
		r.Paused = annotations.PauseNone
	}
	var findings []finding.Finding
	for _, c := range r.Clamped {
		findings = append(findings, LimitClamped.On(o, "%s is %s, and LatencyPolicy %s allows %s: %s holds",
			c.Key, c.Set, p.Name(), c.Allowed, c.Given).Suggest("set %s to %s", c.Key, c.Given).At(annotations.Path(c.Key)))
	}
	if f := betweenBuckets(o, r); f != nil {
		findings = append(findings, *f)
	}
	if r.MinReplicas > r.MaxReplicas {
		findings = append(findings, minAboveMax(o, s, r, p))
	}
	name, behavior, unknown := p.behavior(o, s)
	if unknown != nil {
		findings = append(findings, *unknown)
	}
	r.BehaviorName, r.Behavior = name, behavior
	return r, findings
}

// Check returns the violations of policy p by the settings s of object o: the limits that
// they exceed, and a behavior that does not exist. A default is never a violation.
func Check(o finding.Object, s annotations.Settings, p *Policy) []finding.Finding {
	var r Resolved
	r.fit(s, p)
	var findings []finding.Finding
	for _, c := range r.Clamped {
		findings = append(findings, LimitExceeded.On(o, "%s is %s, and LatencyPolicy %s allows %s",
			c.Key, c.Set, p.Name(), c.Allowed).Suggest("set %s to %s", c.Key, c.Given).At(annotations.Path(c.Key)))
	}
	if s.Behavior != "" {
		if _, _, unknown := p.behavior(o, s); unknown != nil {
			findings = append(findings, unknown.At(annotations.Path(annotations.Behavior)))
		}
	}
	return findings
}

// fit sets the target and the replicas within the policy's limits. Where min was at most
// max it stays so with any limits.
func (r *Resolved) fit(s annotations.Settings, p *Policy) {
	d, l := p.defaulted(), p.bounds()
	if s.Target != nil {
		r.Target = within(r, annotations.TargetMS, s.Target, *s.Target, l.target).DeepCopy()
	}
	// In the order of their keys, so that findings are sorted.
	r.MaxReplicas = within(r, annotations.MaxReplicas, s.MaxReplicas, *d.MaxReplicas, l.maxReplicas)
	r.MinReplicas = within(r, annotations.MinReplicas, s.MinReplicas, *d.MinReplicas, l.minReplicas)
	r.loads(s, p)
}

// metric sets the metric of the latency: that of the settings, by its name or by its
// statistic, or else of the defaults. What a metric of the product is of, its name says.
func (r *Resolved) metric(s annotations.Settings, d v1alpha1.Defaults) {
	if r.Metric == "" && s.Statistic != "" {
		r.Metric = s.Statistic.Metric()
	}
	r.Metric = cmp.Or(r.Metric, d.Metric)
	r.Statistic = cmp.Or(s.Statistic, annotations.LatencyStatistic(d.Statistic))
	for _, one := range annotations.Statistics() {
		if one.Metric() == r.Metric {
			r.Statistic = one
		}
	}
}

// betweenBuckets finds that the target of a percentile is no bound of a bucket.
func betweenBuckets(o finding.Object, r Resolved) *finding.Finding {
	bounds := annotations.Buckets()
	target := r.Target.AsApproximateFloat64()
	if r.Statistic.Quantile() == "" || r.Metric != r.Statistic.Metric() || target <= 0 || slices.Contains(bounds, target) {
		return nil
	}
	next, _ := slices.BinarySearch(bounds, target)
	near := bounds[max(next-1, 0):min(next+1, len(bounds))]
	var names []string
	for _, b := range near {
		names = append(names, strconv.FormatFloat(b, 'f', -1, 64))
	}
	f := TargetBetweenBuckets.On(o, "%s is measured by buckets, of which %s ms is no bound; next to it are those of %s ms",
		r.Statistic, annotations.FormatTarget(r.Target), strings.Join(names, " and "))
	f = f.Suggest("set %s to %s", annotations.TargetMS, strings.Join(names, " or ")).At(annotations.Path(annotations.TargetMS))
	return &f
}

// within is the setting, or else the default, brought within bounds. It records a
// setting that was not.
func within[T any](r *Resolved, key string, set *T, otherwise T, b bounds[T]) T {
	if set == nil {
		return b.clamp(otherwise)
	}
	v := b.clamp(*set)
	if b.compare != nil && b.compare(v, *set) != 0 {
		r.Clamped = append(r.Clamped, Clamp{Key: key, Set: b.text(*set), Given: b.text(v), Allowed: b.String()})
	}
	return v
}

func minAboveMax(o finding.Object, s annotations.Settings, r Resolved, p *Policy) finding.Finding {
	f := MinAboveMax.On(o, "%s is %d%s and %s is %d%s",
		annotations.MinReplicas, r.MinReplicas, byDefault(s.MinReplicas, p),
		annotations.MaxReplicas, r.MaxReplicas, byDefault(s.MaxReplicas, p))
	if s.MinReplicas != nil {
		f = f.At(annotations.Path(annotations.MinReplicas))
	} else {
		f = f.At(annotations.Path(annotations.MaxReplicas))
	}
	if s.MaxReplicas == nil {
		return f.Suggest("set %s to at least %d", annotations.MaxReplicas, r.MinReplicas)
	}
	return f.Suggest("set %s to at most %d", annotations.MinReplicas, r.MaxReplicas)
}

func byDefault(set *int32, p *Policy) string {
	switch {
	case set != nil:
		return ""
	case p == nil:
		return " (the default)"
	default:
		return fmt.Sprintf(" (the default under LatencyPolicy %s)", p.name)
	}
}
