package plant_test

import (
	"testing"
	"time"
	"math"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
)

func object(name string, t autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{
		Type:   autoscalingv2.ObjectMetricSourceType,
		Object: &autoscalingv2.ObjectMetricSource{Metric: autoscalingv2.MetricIdentifier{Name: name}, Target: t},
	}
}

func rules(window int32, p ...autoscalingv2.HPAScalingPolicy) *autoscalingv2.HPAScalingRules {
	return &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &window, Policies: p}
}

func percent(s int32) autoscalingv2.HPAScalingPolicy {
	return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: s}
}

func pods(s int32) autoscalingv2.HPAScalingPolicy {
	return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: s}
}

func TestProto(t *testing.T) {
	latency := object("latency", autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: ptr.To(resource.MustParse("40"))})
	conc := object("concurrency", autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: ptr.To(resource.MustParse("2800m"))})
	responsive := &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: rules(1, percent(10)), ScaleUp: rules(1, percent(2), pods(2))}
	stable := &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: rules(300, percent(15)), ScaleUp: rules(0, percent(15), pods(15))}
	loads := map[string]func(time.Duration) plant.Conditions{
		"constant": func(time.Duration) plant.Conditions { return plant.Conditions{Load: 600} },
		"wave":     func(d time.Duration) plant.Conditions { return plant.Conditions{Load: 600 + 400*math.Sin(2*math.Pi*d.Seconds()/600)} },
		"steps": func(d time.Duration) plant.Conditions {
			return plant.Conditions{Load: []float64{600, 1200, 300}[min(int(d/(10*time.Minute)), 2)]}
		},
	}
	for _, load := range []string{"constant", "wave", "steps"} {
		for _, v := range []struct {
			n string
			m []autoscalingv2.MetricSpec
			b *autoscalingv2.HorizontalPodAutoscalerBehavior
		}{
			{"lat resp", []autoscalingv2.MetricSpec{latency}, responsive},
			{"lat stab", []autoscalingv2.MetricSpec{latency}, stable},
			{"both resp", []autoscalingv2.MetricSpec{latency, conc}, responsive},
			{"both stab", []autoscalingv2.MetricSpec{latency, conc}, stable},
		} {
			for _, w := range []time.Duration{0, 90*time.Minute} {
			r, err := plant.Run(plant.Scenario{
				Plant:   plant.Config{Slots: 4, Service: 20 * time.Millisecond, Start: 20 * time.Second, Window: time.Minute},
				HPA:     autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: ptr.To[int32](1), MaxReplicas: 20, Metrics: v.m, Behavior: v.b},
				Options: autoscale.DefaultOptions(), Signals: map[string]plant.Signal{"latency": plant.Latency, "concurrency": plant.Concurrency},
				Target: 40 * time.Millisecond, Replicas: 5, Warmup:w, Duration: 30*time.Minute, Conditions: loads[load],
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %s warm %v: %d..%d mean %.1f over %.1f%% rescales %.0f", load, v.n, w, r.Lowest, r.Highest, r.Mean, 100*r.Over, r.RescalesPerHour)
			if load=="constant" && v.n=="lat resp" && w==0 {
				for _, p:=range r.Points[:40] { t.Logf("%v %d/%d %v", p.At,p.Ready,p.Replicas,p.Latency) }
			}
			}
		}
	}
}
