package hpa

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/policy"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// calm is a profile of a policy's own.
func calm() autoscalingv2.HorizontalPodAutoscalerBehavior {
	rules := func() *autoscalingv2.HPAScalingRules {
		return &autoscalingv2.HPAScalingRules{
			StabilizationWindowSeconds: ptr.To[int32](60),
			SelectPolicy:               ptr.To(autoscalingv2.MinChangePolicySelect),
			Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 1, PeriodSeconds: 60}},
		}
	}
	return autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: rules(), ScaleDown: rules()}
}

// planned is the plan of these settings, under a policy with the profile calm.
func planned(t *testing.T, more ...string) plan.Plan {
	t.Helper()
	settings := testutil.Settings(more...)
	isCalm := settings["kong.latency/behavior"] == "calm"
	if isCalm {
		delete(settings, "kong.latency/behavior")
	}
	p := testutil.Plan(t, settings)
	p.Profiles = policy.Profiles{"calm": calm()}
	if isCalm {
		p.Behavior = calm()
	}
	return p
}

// What changes from one plan to another is the same for the live object of the first.
func TestDifferencesOfPlans(t *testing.T) {
	for name, tt := range map[string]struct {
		then, now []string
		want      string
	}{
		"nothing":           {nil, nil, ""},
		"not of the object": {nil, []string{"preserve-replicas", "false"}, ""},
		"target":            {nil, []string{"target-ms", "0.5"}, "target 40 ms to 0.5 ms"},
		"replicas":          {[]string{"min-replicas", "2"}, []string{"min-replicas", "3", "max-replicas", "20"}, "min replicas 2 to 3, max replicas 10 to 20"},
		"metric":            {nil, []string{"metric", "mine"}, "metric kong_upstream_latency_ms_60s_average to mine"},
		"CPU added":         {nil, []string{"cpu-utilization", "70"}, "CPU utilization none to 70 %"},
		"CPU removed":       {[]string{"cpu-utilization", "70"}, nil, "CPU utilization 70 % to none"},
		"load added": {[]string{"requests-per-second-per-pod", "off"}, []string{"requests-per-second-per-pod", "12", "concurrency-per-pod", "auto"},
			"requests per second per pod none to 12, concurrency per pod none to not learned yet"},
		"load changed":       {[]string{"concurrency-per-pod", "2.8"}, []string{"concurrency-per-pod", "3"}, "concurrency per pod 2.8 to 3"},
		"load removed":       {[]string{"requests-per-second-per-pod", "auto", "cpu-utilization", "70"}, []string{"requests-per-second-per-pod", "off", "cpu-utilization", "70"}, "requests per second per pod not learned yet to none"},
		"the statistic":      {[]string{"target-ms", "50"}, []string{"target-ms", "50", "statistic", "p95"}, "metric kong_upstream_latency_ms_60s_average to kong_upstream_latency_ms_60s_p95"},
		"on no effect":       {nil, []string{"on-no-effect", "continue"}, ""},
		"behavior":           {nil, []string{"behavior", "stable"}, "requests per second per pod not learned yet to none, behavior steady to stable"},
		"between others":     {[]string{"behavior", "responsive"}, []string{"behavior", "stable"}, "behavior responsive to stable"},
		"to one of a policy": {nil, []string{"behavior", "calm"}, "behavior steady to calm"},
		"from that":          {[]string{"behavior", "calm"}, []string{"behavior", "stable"}, "requests per second per pod not learned yet to none, behavior calm to stable"},
		"paused":             {nil, []string{"paused", "scale-in"}, "paused false to scale-in"},
		"resumed":            {[]string{"paused", "true"}, nil, "paused true to false"},
		"behavior of a paused one": {[]string{"paused", "scale-in"}, []string{"paused", "scale-out", "behavior", "calm"},
			"behavior steady to calm, paused scale-in to scale-out"},
		"much at once": {nil, []string{"max-replicas", "20", "target-ms", "60", "behavior", "stable"},
			"max replicas 10 to 20, target 40 ms to 60 ms, requests per second per pod not learned yet to none, behavior steady to stable"},
	} {
		t.Run(name, func(t *testing.T) {
			then, now := planned(t, tt.then...), planned(t, tt.now...)
			if got := (Output{}).Changes(then, now).String(); got != tt.want {
				t.Errorf("changes of the plan are %q, want %q", got, tt.want)
			}
			there := live(then)
			if got := (Output{}).Differences(there, now).String(); got != tt.want {
				t.Errorf("differences of the object are %q, want %q", got, tt.want)
			}
			if got := (Output{}).UpToDate(there, now); got != (tt.want == "") {
				t.Errorf("up to date is %v", got)
			}
		})
	}
}

// What somebody else changed is named, too.
func TestDifferencesOfEditedObjects(t *testing.T) {
	type object = autoscalingv2.HorizontalPodAutoscaler
	for name, tt := range map[string]struct {
		edit func(*object)
		want string
	}{
		"window":      {func(h *object) { h.Spec.Behavior.ScaleDown.StabilizationWindowSeconds = ptr.To[int32](60) }, "scaleDown.stabilizationWindowSeconds 60 to 300"},
		"policies":    {func(h *object) { h.Spec.Behavior.ScaleUp.Policies = h.Spec.Behavior.ScaleUp.Policies[:1] }, "scaleUp.policies 100 percent in 60 s to 100 percent in 60 s or 4 pods in 60 s"},
		"select":      {func(h *object) { h.Spec.Behavior.ScaleUp.SelectPolicy = ptr.To(autoscalingv2.MinChangePolicySelect) }, "scaleUp.selectPolicy Min to Max"},
		"no behavior": {func(h *object) { h.Spec.Behavior = nil }, "behavior none to steady"},
		"no metrics":  {func(h *object) { h.Spec.Metrics = nil }, "target none to 40 ms, requests per second per pod none to not learned yet, Service none to echo, metric none to kong_upstream_latency_ms_60s_average"},
		"another metric": {func(h *object) {
			h.Spec.Metrics = append(h.Spec.Metrics, autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType,
				Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceMemory}})
		}, "other metrics 1 to none"},
		"average": {func(h *object) {
			h.Spec.Metrics[0].Object.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: ptr.To(resource.MustParse("40"))}
		}, "target AverageValue 40 to 40 ms"},
		"another object": {func(h *object) {
			h.Spec.Metrics[0].Object.DescribedObject.Kind, h.Spec.Metrics[0].Object.DescribedObject.Name = "Pod", "x"
		}, "Service Pod x to echo"},
		"a long name": {func(h *object) { h.Spec.Metrics[0].Object.Metric.Name = strings.Repeat("x", 500) },
			"metric " + strings.Repeat("x", 197) + "… to kong_upstream_latency_ms_60s_average"},
		"what it scales": {func(h *object) { h.Spec.ScaleTargetRef.Name = "other" }, "scale target Deployment other to Deployment echo"},
		"another field": {func(h *object) { h.Spec.Metrics[0].Object.DescribedObject.APIVersion = "v2" },
			"fields that a plan does not name"},
		"label": {func(h *object) { h.Labels = nil }, "label app.kubernetes.io/managed-by"},
		"owner": {func(h *object) { h.OwnerReferences = nil }, "owner reference"},
	} {
		t.Run(name, func(t *testing.T) {
			p := planned(t)
			there := live(p)
			tt.edit(there)
			if diff := cmp.Diff(tt.want, (Output{}).Differences(there, p).String()); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

// Of a profile that its policy changed meanwhile, the fields are named.
func TestDifferencesOfAChangedProfile(t *testing.T) {
	then, now := planned(t, "behavior", "calm"), planned(t, "behavior", "calm")
	now.Behavior.ScaleUp.StabilizationWindowSeconds = ptr.To[int32](0)
	now.Profiles = policy.Profiles{"calm": now.Behavior}
	want := output.Differences{{Field: "scaleUp.stabilizationWindowSeconds", From: "60", To: "0"}}
	if diff := cmp.Diff(want, (Output{}).Differences(live(then), now)); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}
