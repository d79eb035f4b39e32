package policy

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
)

var echo = finding.Object{Kind: "Deployment", Namespace: "ns", Name: "echo"}

// frame is a policy with everything in it.
func frame() *Policy {
	q := func(s string) *resource.Quantity { return ptr.To(resource.MustParse(s)) }
	p := named("frame", func(s *v1alpha1.LatencyPolicySpec) {
		s.Defaults = &v1alpha1.Defaults{
			MinReplicas: ptr.To[int32](3), MaxReplicas: ptr.To[int32](12), Metric: "latency_p99",
			Behavior: "calm", CPUUtilization: ptr.To[int32](80),
		}
		s.Limits = &v1alpha1.Limits{
			TargetMilliseconds: &v1alpha1.QuantityRange{Min: q("0.5"), Max: q("100")},
			MinReplicas:        &v1alpha1.Int32Range{Min: ptr.To[int32](2)},
			MaxReplicas:        &v1alpha1.Int32Range{Max: ptr.To[int32](20)},
		}
		s.Behaviors = []v1alpha1.NamedBehavior{{Name: "calm"}, {Name: "brisk"}}
	})
	return Compile([]v1alpha1.LatencyPolicy{p}).For(nil, nil)
}

func settings(t *testing.T, pairs ...string) annotations.Settings {
	t.Helper()
	all := map[string]string{annotations.TargetMS: "40"}
	for i := 0; i+1 < len(pairs); i += 2 {
		all[annotations.Prefix+pairs[i]] = pairs[i+1]
	}
	p := annotations.Parse(annotations.OnDeployment, all)
	if len(p.Violations) > 0 {
		t.Fatal(p.Violations)
	}
	return p.Settings
}

// short is what tests compare of resolved settings.
func short(r Resolved) string {
	cpu := "-"
	if r.CPUUtilization != nil {
		cpu = fmt.Sprint(*r.CPUUtilization)
	}
	return fmt.Sprintf("%s ms %d-%d %s cpu=%s paused=%s policy=%s", annotations.FormatTarget(r.Target), r.MinReplicas,
		r.MaxReplicas, r.Metric, cpu, r.Paused, r.PolicyName)
}

func TestDefaults(t *testing.T) {
	minOnly := Compile([]v1alpha1.LatencyPolicy{named("p", func(s *v1alpha1.LatencyPolicySpec) {
		s.Defaults = &v1alpha1.Defaults{MinReplicas: ptr.To[int32](2)}
	})}).For(nil, nil)
	empty := Compile([]v1alpha1.LatencyPolicy{named("p")}).For(nil, nil)
	tests := map[string]struct {
		settings annotations.Settings
		policy   *Policy
		want     string
	}{
		"built in":               {settings(t), nil, "40 ms 1-10 kong_upstream_latency_ms_60s_average cpu=- paused=false policy="},
		"an empty policy":        {settings(t), empty, "40 ms 1-10 kong_upstream_latency_ms_60s_average cpu=- paused=false policy=p"},
		"the policy's":           {settings(t), frame(), "40 ms 3-12 latency_p99 cpu=80 paused=false policy=frame"},
		"what the policy leaves": {settings(t), minOnly, "40 ms 2-10 kong_upstream_latency_ms_60s_average cpu=- paused=false policy=p"},
		"settings go before": {settings(t, "min-replicas", "4", "max-replicas", "5", "metric", "m", "cpu-utilization", "50", "paused", "scale-in"),
			frame(), "40 ms 4-5 m cpu=50 paused=scale-in policy=frame"},
	}
	for name, tt := range tests {
		r, findings := Resolve(echo, tt.settings, tt.policy)
		if got := short(r); got != tt.want || len(findings) > 0 {
			t.Errorf("%s: resolved to %s, %v, want %s", name, got, findings, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	const most, least = " is 30, and LatencyPolicy frame allows from 2 to 20", " is 1, and LatencyPolicy frame allows from 2 to 20"
	tests := map[string]struct {
		settings annotations.Settings
		want     string   // what holds
		warned   []string // what Resolve says
		refused  []string // what Check says
	}{
		"at the lower bounds": {settings(t, "target-ms", "0.5", "min-replicas", "2", "max-replicas", "2"), "0.5 ms 2-2", nil, nil},
		"at the upper bounds": {settings(t, "target-ms", "100", "min-replicas", "20", "max-replicas", "20"), "100 ms 20-20", nil, nil},
		"the target too low": {settings(t, "target-ms", "0.499"), "0.5 ms 3-12",
			[]string{"LimitClamped: Deployment ns/echo: kong.latency/target-ms is 0.499, and LatencyPolicy frame allows from 0.5 to 100: 0.5 holds"},
			[]string{"LimitExceeded: Deployment ns/echo: kong.latency/target-ms is 0.499, and LatencyPolicy frame allows from 0.5 to 100"}},
		"the target too high": {settings(t, "target-ms", "100.001"), "100 ms 3-12",
			[]string{"LimitClamped: Deployment ns/echo: kong.latency/target-ms is 100.001, and LatencyPolicy frame allows from 0.5 to 100: 100 holds"},
			[]string{"LimitExceeded: Deployment ns/echo: kong.latency/target-ms is 100.001, and LatencyPolicy frame allows from 0.5 to 100"}},
		"max too high": {settings(t, "max-replicas", "30"), "40 ms 3-20",
			[]string{"LimitClamped: Deployment ns/echo: kong.latency/max-replicas" + most + ": 20 holds"},
			[]string{"LimitExceeded: Deployment ns/echo: kong.latency/max-replicas" + most}},
		"min too low": {settings(t, "min-replicas", "1"), "40 ms 2-12",
			[]string{"LimitClamped: Deployment ns/echo: kong.latency/min-replicas" + least + ": 2 holds"},
			[]string{"LimitExceeded: Deployment ns/echo: kong.latency/min-replicas" + least}},
		"min above what max may be": {settings(t, "min-replicas", "30", "max-replicas", "30"), "40 ms 20-20",
			[]string{"LimitClamped: Deployment ns/echo: kong.latency/max-replicas" + most + ": 20 holds", "LimitClamped: Deployment ns/echo: kong.latency/min-replicas" + most + ": 20 holds"},
			[]string{"LimitExceeded: Deployment ns/echo: kong.latency/max-replicas" + most, "LimitExceeded: Deployment ns/echo: kong.latency/min-replicas" + most}},
		"max below what min must be": {settings(t, "min-replicas", "1", "max-replicas", "1"), "40 ms 2-2",
			[]string{"LimitClamped: Deployment ns/echo: kong.latency/max-replicas" + least + ": 2 holds", "LimitClamped: Deployment ns/echo: kong.latency/min-replicas" + least + ": 2 holds"},
			[]string{"LimitExceeded: Deployment ns/echo: kong.latency/max-replicas" + least, "LimitExceeded: Deployment ns/echo: kong.latency/min-replicas" + least}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, findings := Resolve(echo, tt.settings, frame())
			if got := fmt.Sprintf("%s ms %d-%d", annotations.FormatTarget(r.Target), r.MinReplicas, r.MaxReplicas); got != tt.want {
				t.Errorf("resolved to %s, want %s", got, tt.want)
			}
			if finding.Blocks(findings) || len(r.Clamped) != len(tt.warned) {
				t.Errorf("clamped %v, and found %v", r.Clamped, findings)
			}
			if diff := cmp.Diff(tt.warned, said(findings)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.refused, said(Check(echo, tt.settings, frame()))); diff != "" {
				t.Errorf("refusals (-want +got):\n%s", diff)
			}
			if refused := Check(echo, tt.settings, nil); len(refused) > 0 {
				t.Errorf("without a policy it refused %v", refused)
			}
		})
	}
}

func TestDefaultsOutsideOfLimitsAreBroughtInSilently(t *testing.T) {
	tight := Compile([]v1alpha1.LatencyPolicy{named("tight", func(s *v1alpha1.LatencyPolicySpec) {
		s.Limits = &v1alpha1.Limits{MinReplicas: &v1alpha1.Int32Range{Min: ptr.To[int32](2)}, MaxReplicas: &v1alpha1.Int32Range{Max: ptr.To[int32](5)}}
	})}).For(nil, nil)
	r, findings := Resolve(echo, settings(t), tight)
	if r.MinReplicas != 2 || r.MaxReplicas != 5 || len(findings) > 0 || len(r.Clamped) > 0 {
		t.Errorf("resolved to %s, %v, want 2-5 without a word", short(r), findings)
	}
	if findings := Check(echo, settings(t), tight); len(findings) > 0 {
		t.Errorf("refused a default: %v", findings)
	}
}

func TestMinAboveMaxSaysWhoseDefaultItIs(t *testing.T) {
	tests := map[string]struct {
		settings annotations.Settings
		policy   *Policy
		want     string
		fix      string
	}{
		"built in": {settings(t, "min-replicas", "11"), nil,
			"kong.latency/min-replicas is 11 and kong.latency/max-replicas is 10 (the default)", "set kong.latency/max-replicas to at least 11"},
		"the policy's max": {settings(t, "min-replicas", "13"), frame(),
			"kong.latency/min-replicas is 13 and kong.latency/max-replicas is 12 (the default under LatencyPolicy frame)", "set kong.latency/max-replicas to at least 13"},
		"the policy's min": {settings(t, "max-replicas", "2"), frame(),
			"kong.latency/min-replicas is 3 (the default under LatencyPolicy frame) and kong.latency/max-replicas is 2", "set kong.latency/min-replicas to at most 2"},
	}
	for name, tt := range tests {
		_, findings := Resolve(echo, tt.settings, tt.policy)
		if len(findings) != 1 || findings[0].Reason != MinAboveMax || findings[0].Message != tt.want || findings[0].Fix.Summary != tt.fix {
			t.Errorf("%s: found %+v", name, findings)
		}
		if findings := Check(echo, tt.settings, tt.policy); len(findings) > 0 {
			t.Errorf("%s: what is within the limits is refused by itself: %v", name, findings)
		}
	}
}

// Whatever a limit is tightened to, even to nonsense, what worked goes on working.
func TestNoLimitBreaksWhatWorked(t *testing.T) {
	ends := []*int32{nil, ptr.To[int32](1), ptr.To[int32](2), ptr.To[int32](3), ptr.To[int32](4)}
	var policies []*Policy
	for _, a := range ends {
		for _, b := range ends {
			for _, c := range ends {
				for _, d := range ends {
					p := named("p", func(s *v1alpha1.LatencyPolicySpec) {
						s.Limits = &v1alpha1.Limits{MinReplicas: &v1alpha1.Int32Range{Min: a, Max: b}, MaxReplicas: &v1alpha1.Int32Range{Min: c, Max: d}}
					})
					policies = append(policies, Compile([]v1alpha1.LatencyPolicy{p}).For(nil, nil))
				}
			}
		}
	}
	for lo := int32(1); lo <= 4; lo++ {
		for hi := lo; hi <= 4; hi++ {
			s := settings(t)
			s.MinReplicas, s.MaxReplicas = &lo, &hi
			for _, p := range policies {
				r, findings := Resolve(echo, s, p)
				if finding.Blocks(findings) || r.MinReplicas > r.MaxReplicas || r.MinReplicas < 1 {
					t.Fatalf("%d-%d under %s and %s became %d-%d, %v", lo, hi, p.limits.minReplicas, p.limits.maxReplicas, r.MinReplicas, r.MaxReplicas, findings)
				}
				if changed := r.MinReplicas != lo || r.MaxReplicas != hi; changed != (len(Check(echo, s, p)) > 0) {
					t.Fatalf("%d-%d under %s and %s: changed is %v, and refused is not", lo, hi, p.limits.minReplicas, p.limits.maxReplicas, changed)
				}
			}
		}
	}
}

func TestConflictsDefaultToDeny(t *testing.T) {
	warn := Compile([]v1alpha1.LatencyPolicy{named("p", func(s *v1alpha1.LatencyPolicySpec) { s.Conflicts = Warn })}).For(nil, nil)
	var none *Policy
	if none.Conflicts() != Deny || frame().Conflicts() != Deny || warn.Conflicts() != Warn {
		t.Errorf("conflicts are %s, %s and %s", none.Conflicts(), frame().Conflicts(), warn.Conflicts())
	}
}
