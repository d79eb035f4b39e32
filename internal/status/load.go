package status

import (
	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// Learned is what a status says was learned of a workload. It shares nothing with the status.
func Learned(l *v1alpha1.LearnedLoad) plan.Learned {
	if l == nil {
		return plan.Learned{}
	}
	l = l.DeepCopy()
	return plan.Learned{
		RequestsPerSecondPerPod: l.RequestsPerSecondPerPod,
		ConcurrencyPerPod:       l.ConcurrencyPerPod,
		LatencyTarget:           l.LatencyTarget,
	}
}

// loadText is how a load metric counts, as a value of its annotation; empty if it does not.
func loadText(l policy.Load) string {
	switch {
	case !l.Used():
		return ""
	case l.Auto:
		return annotations.Auto
	default:
		return annotations.FormatTarget(*l.PerPod)
	}
}

// loadOf is the reverse of loadText.
func loadOf(text, metric string) policy.Load {
	l, ok := annotations.ParseLoad(text)
	if !ok || l.Off() {
		return policy.Load{}
	}
	return policy.Load{Metric: metric, Auto: l.Auto, PerPod: l.PerPod}
}
