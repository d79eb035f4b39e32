package policy

import (
	"maps"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/autoscale"
)

// The built-in behavior profiles. Their names mean the same under every policy: a profile
// of that name in a policy does not replace them.
const (
	// ProfileResponsive follows the latency within seconds, as Kong's guide does.
	ProfileResponsive = "responsive"
	// ProfileStable is what Kubernetes does when an autoscaler sets no behavior.
	ProfileStable = "stable"
)

// Profiles are the behavior profiles that settings under a policy can name, by name: its
// own, beside the built-in ones. They must not be changed.
type Profiles map[string]autoscalingv2.HorizontalPodAutoscalerBehavior

// builtinProfiles are the names of the built-in profiles.
func builtinProfiles() []string { return []string{ProfileResponsive, ProfileStable} }

// Name returns the first profile, of the built-in ones and then by name, whose content
// is accepted; empty if none is.
func (p Profiles) Name(accepts func(autoscalingv2.HorizontalPodAutoscalerBehavior) bool) string {
	for _, name := range builtinProfiles() {
		if b, _ := builtinProfile(name); accepts(b) {
			return name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if b := p[name]; accepts(*b.DeepCopy()) {
			return name
		}
	}
	return ""
}

// profile returns the content of a profile that settings under this policy can name, as a
// copy.
func (p *Policy) profile(name string) (autoscalingv2.HorizontalPodAutoscalerBehavior, bool) {
	if b, ok := builtinProfile(name); ok || p == nil {
		return b, ok
	}
	b, ok := p.profiles[name]
	return *b.DeepCopy(), ok
}

// profileNames lists the profiles that settings under this policy can name: the
// built-in ones, then the policy's own by name.
func (p *Policy) profileNames() string {
	names := builtinProfiles()
	if p != nil {
		names = append(names, slices.Sorted(maps.Keys(p.profiles))...)
	}
	return join(names)
}

// profilesOf are the profiles of a policy's own, with what the API server would
// fill in written out: an autoscaler that is compared with them is then equal to
// what was applied.
func profilesOf(list []v1alpha1.NamedBehavior) Profiles {
	out := make(Profiles, len(list))
	for _, b := range list {
		if _, builtin := builtinProfile(b.Name); !builtin {
			out[b.Name] = autoscale.WithDefaults(b.HorizontalPodAutoscalerBehavior)
		}
	}
	return out
}

// builtinProfile returns a copy of a built-in profile.
func builtinProfile(name string) (autoscalingv2.HorizontalPodAutoscalerBehavior, bool) {
	switch name {
	case ProfileResponsive:
		return autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleDown: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: ptr.To[int32](1),
				Policies:                   []autoscalingv2.HPAScalingPolicy{percent100(10)},
			},
			ScaleUp: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: ptr.To[int32](1),
				Policies:                   []autoscalingv2.HPAScalingPolicy{percent100(2), pods(4, 2)},
				SelectPolicy:               ptr.To(autoscalingv2.MaxChangePolicySelect),
			},
		}, true
	case ProfileStable:
		// The values that the API documents as its defaults, written out so that
		// the autoscaler says what it does.
		return autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleDown: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: ptr.To[int32](300),
				Policies:                   []autoscalingv2.HPAScalingPolicy{percent100(15)},
				SelectPolicy:               ptr.To(autoscalingv2.MaxChangePolicySelect),
			},
			ScaleUp: &autoscalingv2.HPAScalingRules{
				StabilizationWindowSeconds: ptr.To[int32](0),
				Policies:                   []autoscalingv2.HPAScalingPolicy{percent100(15), pods(4, 15)},
				SelectPolicy:               ptr.To(autoscalingv2.MaxChangePolicySelect),
			},
		}, true
	default:
		return autoscalingv2.HorizontalPodAutoscalerBehavior{}, false
	}
}

func percent100(seconds int32) autoscalingv2.HPAScalingPolicy {
	return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: seconds}
}

func pods(value, seconds int32) autoscalingv2.HPAScalingPolicy {
	return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: value, PeriodSeconds: seconds}
}
