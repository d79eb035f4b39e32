package podautoscaler

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
)

type (
	behavior = autoscalingv2.HorizontalPodAutoscalerBehavior
	rules    = autoscalingv2.HPAScalingRules
	policy   = autoscalingv2.HPAScalingPolicy
	metric   = autoscalingv2.MetricSpec
)

// random is a linear congruential generator: the same series at every recording.
type random uint64

func (r *random) below(n int) int {
	*r = *r*6364136223846793005 + 1442695040888963407
	return int(uint64(*r)>>33) % n
}

// recorded are the series to record, without what the controller decides.
func recorded() []series {
	latency := object("latency", autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: ptr.To(resource.MustParse("40"))})
	load := object("load", autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: ptr.To(resource.MustParse("2800m"))})
	cpu := metric{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
		Name: "cpu", Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To[int32](70)},
	}}
	percent := func(v, s int32) policy {
		return policy{Type: autoscalingv2.PercentScalingPolicy, Value: v, PeriodSeconds: s}
	}
	pods := func(v, s int32) policy {
		return policy{Type: autoscalingv2.PodsScalingPolicy, Value: v, PeriodSeconds: s}
	}
	window := func(s int32, p ...policy) *rules { return &rules{StabilizationWindowSeconds: &s, Policies: p} }
	selecting := func(s autoscalingv2.ScalingPolicySelect, r *rules) *rules { r.SelectPolicy = &s; return r }
	tolerating := func(t string, r *rules) *rules { r.Tolerance = ptr.To(resource.MustParse(t)); return r }

	responsive := &behavior{ScaleUp: window(1, percent(100, 2), pods(4, 2)), ScaleDown: window(1, percent(100, 10))}
	stable := &behavior{ScaleUp: window(0, percent(100, 15), pods(4, 15)), ScaleDown: window(300, percent(100, 15))}
	slow := &behavior{ScaleUp: window(60, percent(50, 60), pods(2, 120)), ScaleDown: window(120, percent(10, 60), pods(1, 180))}
	least := &behavior{
		ScaleUp:   selecting(autoscalingv2.MinChangePolicySelect, window(0, percent(40, 90), pods(3, 30))),
		ScaleDown: selecting(autoscalingv2.MinChangePolicySelect, window(30, percent(30, 90), pods(2, 30))),
	}
	up := &behavior{ScaleDown: selecting(autoscalingv2.DisabledPolicySelect, &rules{})}
	down := &behavior{ScaleUp: selecting(autoscalingv2.DisabledPolicySelect, &rules{}), ScaleDown: window(0)}
	tolerant := &behavior{ScaleUp: tolerating("0.02", window(30)), ScaleDown: tolerating("0.4", window(45, percent(50, 45)))}

	list := []struct {
		name     string
		behavior *behavior
		metrics  []metric
		unready  bool
	}{
		{"latency responsive", responsive, []metric{latency}, false},
		{"latency stable", stable, []metric{latency}, false},
		{"latency and load responsive", responsive, []metric{latency, load}, false},
		{"latency and load stable", stable, []metric{latency, load}, false},
		{"latency without behavior", nil, []metric{latency}, false},
		{"latency and load without behavior, pods unready", nil, []metric{latency, load}, true},
		{"latency with the API's defaults, pods unready", &behavior{}, []metric{latency}, true},
		{"load slow", slow, []metric{load}, false},
		{"latency and load slow, pods unready", slow, []metric{latency, load}, true},
		{"latency least change", least, []metric{latency}, false},
		{"latency scale-up only", up, []metric{latency}, false},
		{"latency scale-down only", down, []metric{latency}, false},
		{"latency with tolerances", tolerant, []metric{latency}, false},
		{"load with tolerances", tolerant, []metric{load}, true},
		{"cpu responsive", responsive, []metric{cpu}, true},
		{"cpu stable", stable, []metric{cpu}, true},
		{"cpu slow", slow, []metric{cpu}, false},
		{"latency and cpu responsive", responsive, []metric{latency, cpu}, true},
		{"cpu and load without behavior", nil, []metric{cpu, load}, true},
	}
	var out []series
	for i, l := range list {
		r := random(i + 1)
		s := series{Name: l.name, Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: ptr.To[int32](2), MaxReplicas: 20, Behavior: l.behavior, Metrics: l.metrics}}
		at, level := int32(0), 100
		for n := range 90 {
			st := step{At: at}
			switch {
			case n == 0:
				st.Replicas = 5
			case r.below(40) == 0:
				// Somebody else changes the size, also beyond the bounds.
				st.Replicas = int32(1 + r.below(24))
			}
			if r.below(8) == 0 {
				st.Status = int32(1 + r.below(20))
			}
			if r.below(6) == 0 {
				level = 20 + r.below(260)
			}
			ratio := level - 8 + r.below(17)
			for _, m := range l.metrics {
				st.Values = append(st.Values, value(&r, m, ratio))
			}
			st.Pods = podsOf(&r, at, ratio, l.unready)
			if !slices.ContainsFunc(l.metrics, func(m metric) bool { return m.Resource != nil }) {
				short(st.Pods)
			}
			s.Steps = append(s.Steps, st)
			at += int32(13 + r.below(5))
			if r.below(25) == 0 {
				at += 15
			}
		}
		out = append(out, s)
	}
	return out
}

func object(name string, t autoscalingv2.MetricTarget) metric {
	return metric{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
		DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: "app"},
		Metric:          autoscalingv2.MetricIdentifier{Name: name}, Target: t,
	}}
}

// value is around a percentage of the target, for a load as of a handful of pods. Now and
// then there is none.
func value(r *random, m metric, percent int) *int64 {
	if m.Object == nil || r.below(12) == 0 {
		return nil
	}
	if m.Object.Target.Type == autoscalingv2.ValueMetricType {
		return ptr.To(int64(40000*percent/100 + r.below(900)))
	}
	return ptr.To(int64(2800*6*percent/100 + r.below(900)))
}

// podsOf are some pods in all states.
func podsOf(r *random, at int32, percent int, unready bool) []pod {
	if r.below(40) == 0 {
		return nil
	}
	pods := make([]pod, 1+r.below(7))
	for i := range pods {
		p := &pods[i]
		started := at - int32(r.below(700))
		changed := min(at, started+int32(r.below(60)))
		*p = pod{Phase: "Running", Started: &started, Ready: true, ReadyChanged: &changed, Request: int64(1000 + 500*(i%2))}
		p.Usage = ptr.To(p.Request * 70 / 100 * int64(percent) / 100)
		p.UsageAt = at - int32(r.below(40))
		if !unready {
			continue
		}
		switch r.below(14) {
		case 0:
			p.Phase = "Pending"
		case 1:
			p.Phase = "Failed"
		case 2:
			p.Deleting = true
		case 3, 4:
			p.Ready = false
		case 5:
			p.Usage = nil
		case 6:
			p.ReadyChanged = nil
			p.Ready = false
		case 7:
			p.Started = nil
		}
	}
	if unready && r.below(20) == 0 {
		pods[0].Request = 0
	}
	return pods
}

// short removes what only matters to the CPU of pods.
func short(pods []pod) {
	for i, p := range pods {
		pods[i] = pod{Phase: p.Phase, Ready: p.Ready}
	}
}
