package integration

import (
	"testing"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

func TestPausingAndResumingRestoresTheBehavior(t *testing.T) {
	for name, more := range map[string][]string{
		"responsive": {annotations.Behavior, "responsive"},
		"stable":     {annotations.Behavior, "stable"},
		"adopted":    {annotations.Adopt, "cpu"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			d := e.deployment("echo", nil)
			e.create(e.service("echo", nil), d)
			hpa := "echo"
			if name == "adopted" {
				hpa = "cpu"
				e.existing(hpa)
				e.adopt(d, hpa)
			} else {
				annotate(e, d, enabled(more...))
			}
			before := e.attached(hpa, target("40"))
			spec, _ := e.specOf(hpa)
			most, disabled := autoscalingv2.MaxChangePolicySelect, autoscalingv2.DisabledPolicySelect
			for _, step := range []struct {
				paused  string
				out, in autoscalingv2.ScalingPolicySelect
			}{
				{"true", disabled, disabled}, {"scale-in", most, disabled}, {"scale-out", disabled, most},
				{"false", most, most}, {"scale-in", most, disabled}, {"", most, most},
			} {
				settings := enabled(more...)
				if step.paused != "" {
					settings[annotations.Paused] = step.paused
				}
				annotate(e, d, settings)
				h := e.attached(hpa, selects(step.out, step.in))
				if step.out == most && step.in == most {
					resumed, _ := e.specOf(hpa)
					e.Expect(resumed).To(gomega.Equal(spec))
				}
				e.Expect(h.UID).To(gomega.Equal(before.UID))
			}
		})
	}
}

// selects reports whether an autoscaler has these select policies for scaling out and in.
func selects(out, in autoscalingv2.ScalingPolicySelect) func(*autoscalingv2.HorizontalPodAutoscaler) bool {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		return *h.Spec.Behavior.ScaleUp.SelectPolicy == out && *h.Spec.Behavior.ScaleDown.SelectPolicy == in
	}
}
