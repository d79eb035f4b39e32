package autoscale_test

import (
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/autoscale"
)

// What the seed's metric and a load metric are compared with.
var (
	latency = object(autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: ptr.To(resource.MustParse("40"))})
	load    = object(autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: ptr.To(resource.MustParse("2800m"))})
	cpu     = autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
		Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To[int32](70)},
	}}
)

func object(t autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{Target: t}}
}

// spec scales from 1 to 20, without delay in both directions.
func spec(metrics ...autoscalingv2.MetricSpec) autoscalingv2.HorizontalPodAutoscalerSpec {
	return autoscalingv2.HorizontalPodAutoscalerSpec{
		MaxReplicas: 20, Metrics: metrics,
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](0)},
		},
	}
}

// running are pods that became ready long ago and use a share of a core.
func running(n int, usage int64) []autoscale.Pod {
	out := make([]autoscale.Pod, n)
	for i := range out {
		out[i] = autoscale.Pod{
			Phase: corev1.PodRunning, Started: seconds(-3600), Ready: true, ReadyChanged: seconds(-3590), CPURequest: 1000,
			CPU: &autoscale.CPUSample{Usage: usage, Time: seconds(0), Window: 30 * time.Second},
		}
	}
	return out
}

func observe(at, replicas int32, values ...*int64) autoscale.Observation {
	return autoscale.Observation{
		Time: seconds(at), Replicas: replicas, StatusReplicas: replicas, Pods: running(int(replicas), 700), Values: values,
	}
}

func TestOneStep(t *testing.T) {
	ms := func(v int64) *int64 { return ptr.To(v * 1000) }
	unready := func(n int) func(*autoscale.Observation) {
		return func(o *autoscale.Observation) {
			for i := range n {
				o.Pods[i].Ready, o.Pods[i].CPU = false, nil
			}
		}
	}
	starting := func(usage int64, n int) func(*autoscale.Observation) {
		return func(o *autoscale.Observation) {
			o.Pods = running(len(o.Pods), usage)
			for i := range n {
				o.Pods[i].Started, o.Pods[i].ReadyChanged = seconds(-20), seconds(-5)
			}
		}
	}
	for name, tc := range map[string]struct {
		spec   autoscalingv2.HorizontalPodAutoscalerSpec
		from   int32
		values []*int64
		change func(*autoscale.Observation)
		want   int32
		failed bool
	}{
		"at the target":                       {spec: spec(latency), from: 5, values: []*int64{ms(40)}, want: 5},
		"10 % above is tolerated":             {spec: spec(latency), from: 5, values: []*int64{ms(44)}, want: 5},
		"more than 10 % above":                {spec: spec(latency), from: 5, values: []*int64{ptr.To[int64](44001)}, want: 6},
		"10 % below is tolerated":             {spec: spec(latency), from: 10, values: []*int64{ms(36)}, want: 10},
		"half the target":                     {spec: spec(latency), from: 10, values: []*int64{ms(20)}, want: 5},
		"only ready pods count":               {spec: spec(latency), from: 10, values: []*int64{ms(60)}, change: unready(5), want: 8},
		"a value and no ready pod":            {spec: spec(latency), from: 10, values: []*int64{ms(60)}, change: unready(10), want: 1},
		"an average and no ready pod":         {spec: spec(load), from: 5, values: []*int64{ms(28)}, change: unready(5), want: 10},
		"the average needs as many":           {spec: spec(load), from: 5, values: []*int64{ms(21)}, want: 8},
		"the average within the tolerance":    {spec: spec(load), from: 5, values: []*int64{ms(15)}, want: 5},
		"the largest proposal wins":           {spec: spec(latency, load), from: 5, values: []*int64{ms(20), ms(12)}, want: 5},
		"no value":                            {spec: spec(latency), from: 5, values: []*int64{nil}, want: 5, failed: true},
		"the other metric scales up":          {spec: spec(latency, load), from: 5, values: []*int64{nil, ms(21)}, want: 8, failed: true},
		"the other metric does not down":      {spec: spec(latency, load), from: 5, values: []*int64{nil, ms(3)}, want: 5, failed: true},
		"at most double or 4 more":            {spec: spec(latency), from: 3, values: []*int64{ms(4000)}, want: 7},
		"at most the maximum":                 {spec: spec(latency), from: 15, values: []*int64{ms(4000)}, want: 20},
		"above the maximum without a value":   {spec: spec(latency), from: 30, values: []*int64{nil}, want: 20},
		"zero stays":                          {spec: spec(latency), from: 0, values: []*int64{ms(400)}, want: 0},
		"CPU at its target":                   {spec: spec(cpu), from: 4, values: []*int64{nil}, want: 4},
		"CPU above its target":                {spec: spec(cpu), from: 4, values: []*int64{nil}, change: starting(900, 0), want: 6},
		"CPU of starting pods is idle":        {spec: spec(cpu), from: 4, values: []*int64{nil}, change: starting(1200, 1), want: 6},
		"CPU of starting pods would turn it":  {spec: spec(cpu), from: 4, values: []*int64{nil}, change: starting(900, 2), want: 4},
		"CPU that is missing counts as used":  {spec: spec(cpu), from: 4, values: []*int64{nil}, change: func(o *autoscale.Observation) { o.Pods = running(4, 300); o.Pods[0].CPU = nil }, want: 3},
		"CPU of no pod":                       {spec: spec(cpu), from: 4, values: []*int64{nil}, change: unready(4), want: 4, failed: true},
		"CPU without a request":               {spec: spec(cpu), from: 4, values: []*int64{nil}, change: func(o *autoscale.Observation) { o.Pods[3].CPURequest = 0 }, want: 4, failed: true},
		"no pods":                             {spec: spec(latency), from: 4, values: []*int64{ms(400)}, change: func(o *autoscale.Observation) { o.Pods = nil }, want: 4, failed: true},
		"without a behavior, at most double":  {spec: autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 20, Metrics: []autoscalingv2.MetricSpec{latency}}, from: 1, values: []*int64{ms(400)}, want: 4},
		"without a behavior, down after 300s": {spec: autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 20, Metrics: []autoscalingv2.MetricSpec{latency}}, from: 8, values: []*int64{ms(4)}, want: 8},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := autoscale.New(tc.spec, autoscale.DefaultOptions())
			if err != nil {
				t.Fatal(err)
			}
			o := observe(0, tc.from, tc.values...)
			if tc.change != nil {
				tc.change(&o)
			}
			d, _ := a.Step(autoscale.State{}, o)
			if d.Replicas != tc.want || (d.Err != nil) != tc.failed || d.Rescaled != (tc.want != tc.from) {
				t.Errorf("from %d: %+v, want %d, failed: %v", tc.from, d, tc.want, tc.failed)
			}
		})
	}
}

// TestSteps plays latencies in seconds of 15 and compares the sizes that follow.
func TestSteps(t *testing.T) {
	rules := func(window int32, p ...autoscalingv2.HPAScalingPolicy) *autoscalingv2.HPAScalingRules {
		return &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &window, Policies: p}
	}
	selecting := func(s autoscalingv2.ScalingPolicySelect, r *autoscalingv2.HPAScalingRules) *autoscalingv2.HPAScalingRules {
		r.SelectPolicy = &s
		return r
	}
	pods := func(n, s int32) autoscalingv2.HPAScalingPolicy {
		return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: n, PeriodSeconds: s}
	}
	percent := func(n, s int32) autoscalingv2.HPAScalingPolicy {
		return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: n, PeriodSeconds: s}
	}
	for name, tc := range map[string]struct {
		up, down *autoscalingv2.HPAScalingRules
		ms       []int64
		want     []int32
	}{
		"scale-down waits for its window":   {down: rules(60), ms: []int64{40, 20, 20, 20, 20, 20}, want: []int32{8, 8, 8, 8, 4, 4}},
		"scale-up waits for its window":     {up: rules(30), ms: []int64{40, 80, 80, 40}, want: []int32{8, 8, 16, 16}},
		"a dip within the window is no dip": {down: rules(45), ms: []int64{40, 20, 40, 20, 40}, want: []int32{8, 8, 8, 8, 8}},
		"pods per period":                   {up: rules(0, pods(2, 60)), ms: []int64{80, 80, 80, 80, 80}, want: []int32{10, 10, 10, 10, 12}},
		"percent per period rounds up":      {up: rules(0, percent(10, 30)), ms: []int64{80, 80, 80}, want: []int32{9, 9, 10}},
		"the larger policy by default":      {down: rules(0, pods(1, 15), percent(50, 15)), ms: []int64{4, 4}, want: []int32{4, 2}},
		"the smaller policy":                {down: selecting("Min", rules(0, pods(1, 15), percent(50, 15))), ms: []int64{4, 4}, want: []int32{7, 6}},
		"disabled":                          {down: selecting("Disabled", rules(0)), ms: []int64{4, 80}, want: []int32{8, 16}},
		"what was removed in a period may be added again": {
			up: rules(0, pods(1, 60)), down: rules(0), ms: []int64{20, 80}, want: []int32{4, 8},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec(latency)
			if s.Behavior.ScaleUp = tc.up; tc.down != nil {
				s.Behavior.ScaleDown = tc.down
			}
			a, err := autoscale.New(s, autoscale.DefaultOptions())
			if err != nil {
				t.Fatal(err)
			}
			var state autoscale.State
			var got []int32
			replicas := int32(8)
			for i, ms := range tc.ms {
				var d autoscale.Decision
				d, state = a.Step(state, observe(int32(15*i), replicas, ptr.To(1000*ms)))
				replicas = d.Replicas
				got = append(got, replicas)
			}
			for i := range tc.want {
				if got[i] != tc.want[i] {
					t.Fatalf("sizes %v, want %v", got, tc.want)
				}
			}
		})
	}
}

// TestStepIsPure holds that a step can be repeated from the same state.
func TestStepIsPure(t *testing.T) {
	a, err := autoscale.New(spec(latency), autoscale.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	_, state := a.Step(autoscale.State{}, observe(0, 8, ptr.To[int64](20000)))
	first, _ := a.Step(state, observe(600, 4, ptr.To[int64](80000)))
	_, _ = a.Step(state, observe(601, 4, ptr.To[int64](4000)))
	again, _ := a.Step(state, observe(600, 4, ptr.To[int64](80000)))
	if first.Replicas != again.Replicas || first.Replicas != 8 {
		t.Errorf("%d replicas, then %d, want 8", first.Replicas, again.Replicas)
	}
}

func TestNewRefusesWhatIsNotModelled(t *testing.T) {
	memory := cpu.DeepCopy()
	memory.Resource.Name = corev1.ResourceMemory
	for name, m := range map[string][]autoscalingv2.MetricSpec{
		"no metric":       nil,
		"memory":          {*memory},
		"external":        {latency, {Type: autoscalingv2.ExternalMetricSourceType}},
		"no target value": {object(autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType})},
	} {
		if _, err := autoscale.New(spec(m...), autoscale.DefaultOptions()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
