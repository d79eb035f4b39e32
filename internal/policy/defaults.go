package policy

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
)

// defaulted is the policy's defaults, and the built-in ones where it has none. Of
// its fields only CPUUtilization may be nil.
func (p *Policy) defaulted() v1alpha1.Defaults {
	var d v1alpha1.Defaults
	if p != nil {
		d = p.defaults
	}
	if d.MinReplicas == nil {
		d.MinReplicas = ptr.To(DefaultMinReplicas)
	}
	if d.MaxReplicas == nil {
		d.MaxReplicas = ptr.To(DefaultMaxReplicas)
	}
	if d.Statistic == "" {
		d.Statistic = string(DefaultStatistic)
	}
	if d.Metric == "" {
		d.Metric = annotations.LatencyStatistic(d.Statistic).Metric()
	}
	if d.OnNoEffect == "" {
		d.OnNoEffect = string(DefaultOnNoEffect)
	}
	if d.Behavior == "" {
		d.Behavior = DefaultBehavior
	}
	return d
}

func (p *Policy) bounds() limits {
	if p == nil {
		return limits{}
	}
	return p.limits
}

// behavior is the name and the content of the profile that the settings name, or else of
// the default one. unknown says that there is no such profile.
func (p *Policy) behavior(o finding.Object, s annotations.Settings) (string, autoscalingv2.HorizontalPodAutoscalerBehavior, *finding.Finding) {
	name, from := s.Behavior, annotations.Behavior
	if name == "" {
		name, from = p.defaulted().Behavior, "the default behavior of LatencyPolicy "+p.Name()
	}
	b, ok := p.profile(name)
	if !ok {
		f := UnknownBehavior.On(o, "%s is %q: known profiles are %s", from, name, p.profileNames()).
			At(annotations.Path(annotations.Behavior))
		return name, b, &f
	}
	return name, b, nil
}
