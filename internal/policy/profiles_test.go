package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

func withProfiles(list ...v1alpha1.NamedBehavior) *Policy {
	return Compile([]v1alpha1.LatencyPolicy{named("p", func(s *v1alpha1.LatencyPolicySpec) { s.Behaviors = list })}).For(nil, nil)
}

func window(name string, seconds int32) v1alpha1.NamedBehavior {
	b := v1alpha1.NamedBehavior{Name: name}
	b.ScaleDown = &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To(seconds)}
	return b
}

func TestProfilesByName(t *testing.T) {
	tests := map[string]struct {
		policy  *Policy
		name    string
		seconds int32  // before scaling in
		unknown string // what is said instead
	}{
		"built in":                         {nil, "stable", 300, ""},
		"built in, under a policy":         {withProfiles(window("calm", 60)), "responsive", 1, ""},
		"a policy's":                       {withProfiles(window("calm", 60)), "calm", 60, ""},
		"a built-in name stays built in":   {withProfiles(window("stable", 60)), "stable", 300, ""},
		"unknown":                          {nil, "calm", 0, `kong.latency/behavior is "calm": known profiles are responsive and stable`},
		"unknown, with the policy's named": {withProfiles(window("z", 1), window("calm", 60)), "clam", 0, `kong.latency/behavior is "clam": known profiles are responsive, stable, calm and z`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := settings(t, "behavior", tt.name)
			r, findings := Resolve(echo, s, tt.policy)
			refused := Check(echo, s, tt.policy)
			if tt.unknown != "" {
				if len(findings) != 1 || findings[0].Message != tt.unknown || len(refused) != 1 || refused[0].Reason != UnknownBehavior {
					t.Errorf("found %v, refused %v", findings, refused)
				}
				return
			}
			if len(findings) > 0 || len(refused) > 0 || *r.Behavior.ScaleDown.StabilizationWindowSeconds != tt.seconds {
				t.Errorf("found %v, refused %v, behavior %+v", findings, refused, r.Behavior)
			}
		})
	}
}

func TestUnknownDefaultProfileIsNotTheWorkloadsFault(t *testing.T) {
	p := Compile([]v1alpha1.LatencyPolicy{named("p", func(s *v1alpha1.LatencyPolicySpec) {
		s.Defaults = &v1alpha1.Defaults{Behavior: "gone"}
	})}).For(nil, nil)
	_, findings := Resolve(echo, settings(t), p)
	if len(findings) != 1 || !strings.Contains(findings[0].Message, `the default behavior of LatencyPolicy p is "gone"`) {
		t.Errorf("found %v", findings)
	}
	if refused := Check(echo, settings(t), p); len(refused) > 0 {
		t.Errorf("refused %v", refused)
	}
	if _, findings := Resolve(echo, settings(t, "behavior", "stable"), p); len(findings) > 0 {
		t.Errorf("with a profile of its own it found %v", findings)
	}
}

// A profile is completed as the API server completes it, or an autoscaler that is
// as applied would look different for ever.
func TestProfilesAreWrittenOut(t *testing.T) {
	stable, _ := builtinProfile(ProfileStable)
	up := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](0), SelectPolicy: ptr.To(autoscalingv2.MaxChangePolicySelect),
		Policies: []autoscalingv2.HPAScalingPolicy{pods(4, 15), percent100(15)}}
	down := stable.ScaleDown.DeepCopy()
	down.StabilizationWindowSeconds = nil
	twenty := []autoscalingv2.HPAScalingPolicy{pods(20, 60)}
	tests := map[string]struct {
		in, want autoscalingv2.HorizontalPodAutoscalerBehavior
	}{
		"empty": {autoscalingv2.HorizontalPodAutoscalerBehavior{}, autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: up, ScaleDown: down}},
		"one direction": {
			autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: &autoscalingv2.HPAScalingRules{Policies: twenty, StabilizationWindowSeconds: ptr.To[int32](7), SelectPolicy: ptr.To(autoscalingv2.MinChangePolicySelect)}},
			autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: &autoscalingv2.HPAScalingRules{Policies: twenty, StabilizationWindowSeconds: ptr.To[int32](7), SelectPolicy: ptr.To(autoscalingv2.MinChangePolicySelect)}, ScaleDown: down},
		},
	}
	for name, tt := range tests {
		got := profilesOf([]v1alpha1.NamedBehavior{{Name: "own", HorizontalPodAutoscalerBehavior: tt.in}})["own"]
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestProfilesAreHandedOutAnew(t *testing.T) {
	p := withProfiles(window("calm", 60))
	for _, name := range []string{ProfileResponsive, ProfileStable, "calm"} {
		first, _ := p.profile(name)
		want := first.DeepCopy()
		first.ScaleUp.Policies[0].Value = 99
		*first.ScaleDown.StabilizationWindowSeconds = 99
		if again, _ := p.profile(name); !cmp.Equal(*want, again) {
			t.Errorf("%s changed with what was handed out", name)
		}
	}
}
