package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

func loadPolicy(defaults v1alpha1.Defaults, limits v1alpha1.Limits) *Policy {
	return Compile([]v1alpha1.LatencyPolicy{named("p", func(s *v1alpha1.LatencyPolicySpec) {
		s.Defaults, s.Limits = &defaults, &limits
	})}).For(nil, nil)
}

func perPod(value string) *intstr.IntOrString { return ptr.To(intstr.Parse(value)) }

func loadRange(least, most string) *v1alpha1.LoadRange {
	out := &v1alpha1.LoadRange{}
	if least != "" {
		out.Min = ptr.To(resource.MustParse(least))
	}
	if most != "" {
		out.Max = ptr.To(resource.MustParse(most))
	}
	return out
}

// loads is what tests compare of the load metrics.
func loads(r Resolved) string {
	return fmt.Sprintf("rate %s, concurrency %s", r.RequestsPerSecond, r.Concurrency)
}

func TestLoads(t *testing.T) {
	const rate, flight = annotations.RequestsMetric, annotations.ConcurrencyMetric
	given := loadPolicy(v1alpha1.Defaults{RequestsPerSecondPerPod: perPod("auto"), ConcurrencyPerPod: perPod("2.5")}, v1alpha1.Limits{})
	tight := loadPolicy(v1alpha1.Defaults{ConcurrencyPerPod: perPod("90")},
		v1alpha1.Limits{RequestsPerSecondPerPod: loadRange("2", "50"), ConcurrencyPerPod: loadRange("", "8")})
	for name, tt := range map[string]struct {
		settings annotations.Settings
		policy   *Policy
		want     string
		warned   []string
	}{
		"built in":           {settings(t), nil, "rate " + rate + " learned, concurrency off", nil},
		"of another profile": {settings(t, "behavior", "stable"), nil, "rate off, concurrency off", nil},
		"of that profile":    {settings(t, "behavior", "steady"), nil, "rate " + rate + " learned, concurrency off", nil},
		"off":                {settings(t, "requests-per-second-per-pod", "off"), nil, "rate off, concurrency off", nil},
		"the other":          {settings(t, "concurrency-per-pod", "2.5"), nil, "rate off, concurrency " + flight + " at 2.5 per pod", nil},
		"numbers":            {settings(t, "requests-per-second-per-pod", "12", "concurrency-per-pod", "2.80"), nil, "rate " + rate + " at 12 per pod, concurrency " + flight + " at 2.8 per pod", nil},
		"learned":            {settings(t, "requests-per-second-per-pod", "auto"), nil, "rate " + rate + " learned, concurrency off", nil},
		"the policy's":       {settings(t), given, "rate " + rate + " learned, concurrency " + flight + " at 2.5 per pod", nil},
		"settings go before": {settings(t, "requests-per-second-per-pod", "off", "concurrency-per-pod", "auto"), given, "rate off, concurrency " + flight + " learned", nil},
		"beyond the limits": {settings(t, "requests-per-second-per-pod", "51", "concurrency-per-pod", "8.001"), tight,
			"rate " + rate + " at 50 per pod, concurrency " + flight + " at 8 per pod", []string{
				"LimitClamped: Deployment ns/echo: kong.latency/concurrency-per-pod is 8.001, and LatencyPolicy p allows at most 8: 8 holds",
				"LimitClamped: Deployment ns/echo: kong.latency/requests-per-second-per-pod is 51, and LatencyPolicy p allows from 2 to 50: 50 holds",
			}},
		"a default beyond them":  {settings(t), tight, "rate off, concurrency " + flight + " at 8 per pod", nil},
		"off is never beyond it": {settings(t, "requests-per-second-per-pod", "off", "concurrency-per-pod", "off"), tight, "rate off, concurrency off", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, findings := Resolve(echo, tt.settings, tt.policy)
			if got := loads(r); got != tt.want {
				t.Errorf("resolved to %s, want %s", got, tt.want)
			}
			if diff := cmp.Diff(tt.warned, said(findings)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if refused := Check(echo, tt.settings, tt.policy); len(refused) != len(tt.warned) {
				t.Errorf("refused %v", refused)
			}
		})
	}
}

func TestWhatIsLearnedKeepsToTheLimits(t *testing.T) {
	p := loadPolicy(v1alpha1.Defaults{}, v1alpha1.Limits{RequestsPerSecondPerPod: loadRange("2", "50")})
	r, _ := Resolve(echo, settings(t, "requests-per-second-per-pod", "auto", "concurrency-per-pod", "auto"), p)
	for learned, want := range map[string]string{"1": "2", "2": "2", "7.5": "7.5", "51": "50"} {
		if got := r.RequestsPerSecond.Clamp(resource.MustParse(learned)); got.Cmp(resource.MustParse(want)) != 0 {
			t.Errorf("of %s the limits leave %s, want %s", learned, &got, want)
		}
		if got := r.Concurrency.Clamp(resource.MustParse(learned)); got.Cmp(resource.MustParse(learned)) != 0 {
			t.Errorf("without limits %s becomes %s", learned, &got)
		}
	}
}

func TestTheStatisticGivesTheMetric(t *testing.T) {
	metricOnly := loadPolicy(v1alpha1.Defaults{Metric: "mine"}, v1alpha1.Limits{})
	statistic := loadPolicy(v1alpha1.Defaults{Statistic: "p99"}, v1alpha1.Limits{})
	both := loadPolicy(v1alpha1.Defaults{Statistic: "p99", Metric: "mine"}, v1alpha1.Limits{})
	for name, tt := range map[string]struct {
		settings annotations.Settings
		policy   *Policy
		want     string
	}{
		"built in":                       {settings(t), nil, "kong_upstream_latency_ms_60s_average average"},
		"the annotation's":               {settings(t, "statistic", "p95"), nil, "kong_upstream_latency_ms_60s_p95 p95"},
		"of another metric":              {settings(t, "statistic", "p95", "metric", "m"), nil, "m p95"},
		"a metric of the product":        {settings(t, "statistic", "p95", "metric", "kong_upstream_latency_ms_60s_p50"), nil, "kong_upstream_latency_ms_60s_p50 p50"},
		"before the policy's metric":     {settings(t, "statistic", "p95"), metricOnly, "kong_upstream_latency_ms_60s_p95 p95"},
		"the policy's metric":            {settings(t), metricOnly, "mine average"},
		"the policy's statistic":         {settings(t), statistic, "kong_upstream_latency_ms_60s_p99 p99"},
		"the policy's, of its metric":    {settings(t), both, "mine p99"},
		"before the policy's statistic":  {settings(t, "statistic", "average"), statistic, "kong_upstream_latency_ms_60s_average average"},
		"a metric beside the policy's":   {settings(t, "metric", "m"), statistic, "m p99"},
		"the guide's beside a statistic": {settings(t, "metric", "kong_upstream_latency_ms_60s_average"), statistic, "kong_upstream_latency_ms_60s_average average"},
	} {
		r, _ := Resolve(echo, tt.settings, tt.policy)
		if got := r.Metric + " " + string(r.Statistic); got != tt.want {
			t.Errorf("%s: resolved to %s, want %s", name, got, tt.want)
		}
	}
}

func TestOnNoEffect(t *testing.T) {
	p := loadPolicy(v1alpha1.Defaults{OnNoEffect: "continue"}, v1alpha1.Limits{})
	for name, tt := range map[string]struct {
		settings annotations.Settings
		policy   *Policy
		want     annotations.NoEffect
	}{
		"built in":         {settings(t), nil, "hold"},
		"the policy's":     {settings(t), p, "continue"},
		"the annotation's": {settings(t, "on-no-effect", "hold"), p, "hold"},
	} {
		if r, _ := Resolve(echo, tt.settings, tt.policy); r.OnNoEffect != tt.want {
			t.Errorf("%s: resolved to %s, want %s", name, r.OnNoEffect, tt.want)
		}
	}
}

// From a file a policy can come without the API server's checks.
func TestLoadsThatCannotBeUsed(t *testing.T) {
	set := Compile([]v1alpha1.LatencyPolicy{named("p", func(s *v1alpha1.LatencyPolicySpec) {
		s.Defaults = &v1alpha1.Defaults{RequestsPerSecondPerPod: perPod("fast"), ConcurrencyPerPod: perPod("-1")}
		s.Limits = &v1alpha1.Limits{ConcurrencyPerPod: loadRange("9", "8"), RequestsPerSecondPerPod: loadRange("1", "1")}
	})})
	got := strings.Join(said(set.Findings()), "\n")
	for _, want := range []string{
		`spec.defaults.concurrencyPerPod: Invalid value: "-1": must be a decimal number greater than 0`,
		`spec.defaults.requestsPerSecondPerPod: Invalid value: "fast": must be`,
		`spec.limits.concurrencyPerPod: Invalid value: "from 9 to 8": min is above max, which holds`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "limits.requests") {
		t.Errorf("limits that leave one value are refused:\n%s", got)
	}
	if r, _ := Resolve(echo, settings(t), set.For(nil, nil)); loads(r) != "rate off, concurrency off" {
		t.Errorf("resolved to %s", loads(r))
	}
}

// A policy's own profile of that name was there before the built-in one.
func TestAPolicysOwnSteadyHolds(t *testing.T) {
	for name, tt := range map[string]struct {
		policy  *Policy
		seconds int32
	}{
		"built in":                 {nil, 300},
		"built in, under a policy": {withProfiles(window("calm", 60)), 300},
		"the policy's":             {withProfiles(window("steady", 77)), 77},
	} {
		r, findings := Resolve(echo, settings(t, "behavior", "steady"), tt.policy)
		if len(findings) > 0 || *r.Behavior.ScaleDown.StabilizationWindowSeconds != tt.seconds {
			t.Errorf("%s: found %v, behavior %+v", name, findings, r.Behavior)
		}
	}
	own := Compile([]v1alpha1.LatencyPolicy{named("p", func(s *v1alpha1.LatencyPolicySpec) {
		s.Behaviors = []v1alpha1.NamedBehavior{window("steady", 77)}
		s.Defaults = &v1alpha1.Defaults{Behavior: "steady"}
	})})
	if found := own.Findings(); len(found) > 0 {
		t.Errorf("it is found %v", found)
	}
	content, _ := own.For(nil, nil).profile("steady")
	if got := own.For(nil, nil).profileNames(); got != "steady, responsive and stable" {
		t.Errorf("known profiles are %s", got)
	}
	if got := own.For(nil, nil).Profiles().Name(func(b autoscalingv2.HorizontalPodAutoscalerBehavior) bool { return cmp.Equal(b, content) }); got != "steady" {
		t.Errorf("its content is named %q", got)
	}
	built, _ := builtinProfile("steady")
	if got := own.For(nil, nil).Profiles().Name(func(b autoscalingv2.HorizontalPodAutoscalerBehavior) bool { return cmp.Equal(b, built) }); got != "" {
		t.Errorf("the content of the built-in profile is named %q", got)
	}
}

// A percentile is known at the bounds of the buckets.
func TestTargetsOfAPercentile(t *testing.T) {
	for name, tt := range map[string]struct {
		settings []string
		want     string
	}{
		"a bound":          {[]string{"statistic", "p95", "target-ms", "50"}, ""},
		"between two":      {[]string{"statistic", "p95", "target-ms", "40"}, "p95 is measured by buckets, of which 40 ms is no bound; next to it are those of 25 and 50 ms"},
		"below the first":  {[]string{"statistic", "p50", "target-ms", "12.5"}, "p50 is measured by buckets, of which 12.5 ms is no bound; next to it are those of 25 ms"},
		"above the last":   {[]string{"statistic", "p99", "target-ms", "70000"}, "p99 is measured by buckets, of which 70000 ms is no bound; next to it are those of 60000 ms"},
		"the average":      {[]string{"target-ms", "40"}, ""},
		"by its metric":    {[]string{"metric", "kong_upstream_latency_ms_60s_p90", "target-ms", "79"}, "p90 is measured by buckets, of which 79 ms is no bound; next to it are those of 50 and 80 ms"},
		"another's metric": {[]string{"metric", "mine", "statistic", "p90", "target-ms", "79"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := Resolve(echo, settings(t, tt.settings...), nil)
			want := []string(nil)
			if tt.want != "" {
				want = []string{"TargetBetweenBuckets: Deployment ns/echo: " + tt.want}
			}
			if diff := cmp.Diff(want, said(findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
