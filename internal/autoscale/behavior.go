package autoscale

import (
	"math"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
)

// WithDefaults returns a behavior with the defaults that the API server writes for what is
// absent. The stabilization window of scale-down has none there: the controller's flag
// decides, and it stays absent.
func WithDefaults(b autoscalingv2.HorizontalPodAutoscalerBehavior) autoscalingv2.HorizontalPodAutoscalerBehavior {
	percent := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15}
	pods := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: 15}
	out := *b.DeepCopy()
	complete := func(rules **autoscalingv2.HPAScalingRules, policies ...autoscalingv2.HPAScalingPolicy) {
		if *rules == nil {
			*rules = &autoscalingv2.HPAScalingRules{}
		}
		if (*rules).SelectPolicy == nil {
			(*rules).SelectPolicy = ptr.To(autoscalingv2.MaxChangePolicySelect)
		}
		if len((*rules).Policies) == 0 {
			(*rules).Policies = policies
		}
	}
	complete(&out.ScaleUp, pods, percent)
	if out.ScaleUp.StabilizationWindowSeconds == nil {
		out.ScaleUp.StabilizationWindowSeconds = ptr.To[int32](0)
	}
	complete(&out.ScaleDown, percent)
	return out
}

// normalize limits a recommendation by what was recommended and changed before, and by the
// bounds, and records it.
func (a *Autoscaler) normalize(s *State, o Observation, recommended int32) int32 {
	lowest, highest := ptr.Deref(a.spec.MinReplicas, 1), a.spec.MaxReplicas
	if a.behavior == nil {
		limit := max(2*o.Replicas, 4)
		return max(lowest, min(a.highest(s, o, recommended), highest, limit))
	}
	stable := a.stabilize(s, o, recommended)
	switch {
	case stable > o.Replicas:
		limit := max(s.limit(o, a.behavior.ScaleUp, +1), o.Replicas)
		return min(stable, highest, limit)
	case stable < o.Replicas:
		limit := min(s.limit(o, a.behavior.ScaleDown, -1), o.Replicas)
		return max(stable, lowest, limit)
	default:
		return stable
	}
}

// highest is the stabilization of a specification without a behavior: the highest
// recommendation within the window, also if the size has not reached it yet.
func (a *Autoscaler) highest(s *State, o Observation, recommended int32) int32 {
	from := o.Time.Add(-a.options.DownscaleStabilization)
	obsolete := func(r record) bool { return r.at.Before(from) }
	highest := recommended
	for _, r := range s.recommendations {
		if !obsolete(r) {
			highest = max(highest, r.replicas)
		}
	}
	s.recommendations = replaceOne(s.recommendations, record{o.Time, recommended}, obsolete)
	return highest
}

// stabilize bounds the size by the lowest recommendation within the window of scale-up and
// the highest within the window of scale-down, and records the recommendation.
func (a *Autoscaler) stabilize(s *State, o Observation, recommended int32) int32 {
	down := a.options.DownscaleStabilization
	if w := a.behavior.ScaleDown.StabilizationWindowSeconds; w != nil {
		down = seconds(*w)
	}
	downFrom := o.Time.Add(-down)
	upFrom := o.Time.Add(-seconds(*a.behavior.ScaleUp.StabilizationWindowSeconds))
	lowest, highest := recommended, recommended
	for _, r := range s.recommendations {
		if r.at.After(upFrom) {
			lowest = min(lowest, r.replicas)
		}
		if r.at.After(downFrom) {
			highest = max(highest, r.replicas)
		}
	}
	s.recommendations = replaceOne(s.recommendations, record{o.Time, recommended}, func(r record) bool {
		return r.at.Before(upFrom) && r.at.Before(downFrom)
	})
	return min(max(o.Replicas, lowest), highest)
}

// limit is the size that the policies of one direction allow at most: +1 is up, -1 down.
func (s *State) limit(o Observation, rules *autoscalingv2.HPAScalingRules, direction int32) int32 {
	if *rules.SelectPolicy == autoscalingv2.DisabledPolicySelect {
		return o.Replicas
	}
	var limits []int32
	for _, p := range rules.Policies {
		from := o.Time.Add(-seconds(p.PeriodSeconds))
		start := o.Replicas - changed(s.increases, from) + changed(s.decreases, from)
		limit := start + direction*p.Value
		if p.Type == autoscalingv2.PercentScalingPolicy {
			share := float64(start) * (1 + float64(direction)*float64(p.Value)/100)
			if direction > 0 {
				// Rounded up, or a small workload would never grow.
				limit = int32(math.Ceil(share))
			} else {
				limit = int32(share)
			}
		}
		limits = append(limits, limit)
	}
	if (direction > 0) == (*rules.SelectPolicy == autoscalingv2.MinChangePolicySelect) {
		return slices.Min(limits)
	}
	return slices.Max(limits)
}

// changed sums the changes after a time.
func changed(changes []record, after time.Time) int32 {
	var sum int32
	for _, c := range changes {
		if c.at.After(after) {
			sum += c.replicas
		}
	}
	return sum
}

// remember records a change of size for the policies.
func (a *Autoscaler) remember(s *State, now time.Time, change int32) {
	if a.behavior == nil {
		return
	}
	if change > 0 {
		s.increases = replaceOne(s.increases, record{now, change}, expired(now, a.behavior.ScaleUp))
	} else {
		s.decreases = replaceOne(s.decreases, record{now, -change}, expired(now, a.behavior.ScaleDown))
	}
}

// expired reports of a change whether it is older than every period of the rules.
func expired(now time.Time, rules *autoscalingv2.HPAScalingRules) func(record) bool {
	var longest int32
	for _, p := range rules.Policies {
		longest = max(longest, p.PeriodSeconds)
	}
	from := now.Add(-seconds(longest))
	return func(r record) bool { return r.at.Before(from) }
}

// replaceOne returns the records with a new one in the place of the last that is obsolete,
// or appended. One is replaced and not all, as in the controller: an obsolete change still
// counts for a policy of the other direction with a longer period.
func replaceOne(records []record, r record, obsolete func(record) bool) []record {
	out := slices.Clone(records)
	for i := len(out) - 1; i >= 0; i-- {
		if obsolete(out[i]) {
			out[i] = r
			return out
		}
	}
	return append(out, r)
}

func seconds(n int32) time.Duration {
	return time.Duration(n) * time.Second
}
