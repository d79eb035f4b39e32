package learn_test

import (
	"math/rand/v2"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/internal/autoscale/learn"
	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
)

// loop is a workload behind the HPA's algorithm, of which a State learns.
type loop struct {
	plant.Scenario
	config learn.Config
	state  learn.State
	// scatter is the standard deviation of single values, as a share.
	scatter float64
	random  *rand.Rand
	// writes are the times at which the specification changed.
	writes []time.Duration
	// seen is called after each sample.
	seen   func(at time.Duration, s learn.State)
	outage autoscale.Outage
	// before is the size at the last step, max the largest.
	before, max int32
}

// newLoop is a workload of pods with slots of a service time, which are ready after start.
func newLoop(slots int, service, start time.Duration, load func(time.Duration) plant.Conditions) *loop {
	l := &loop{config: learn.Config{Target: 40, Window: time.Minute}, max: 40, random: rand.New(rand.NewPCG(1, 2))}
	l.Scenario = plant.Scenario{
		Plant:   plant.Config{Slots: slots, Service: service, Start: start, Window: time.Minute, Scrape: 15 * time.Second},
		Options: autoscale.DefaultOptions(),
		Signals: map[string]plant.Signal{"latency": plant.Latency, "rate": plant.Rate},
		Target:  40 * time.Millisecond, Replicas: 5, Warmup: time.Hour, Duration: 2 * time.Hour, Conditions: load,
	}
	return l
}

func (l *loop) run(t *testing.T) plant.Result {
	t.Helper()
	l.config.Target = l.Target.Seconds() * 1000
	l.HPA = l.specification(false)
	l.outage = autoscale.Outage{}.Follow(time.Unix(0, 0), l.Replicas, l.Replicas)
	l.before = l.Replicas
	l.Adjust = l.adjust
	r, err := plant.Run(l.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// adjust is what the controller does after each step.
func (l *loop) adjust(st plant.Status) autoscalingv2.HorizontalPodAutoscalerSpec {
	at := st.Time.Sub(time.Unix(0, 0))
	was := l.specification(false)
	if st.Current[0] != nil && st.Current[1] != nil {
		l.state = learn.Step(l.config, l.state, learn.Sample{
			Time: st.Time, Replicas: st.Replicas, Measured: l.before, Ready: int32(st.Ready),
			Latency: l.noisy(float64(*st.Current[0]) / 1000),
			Load:    l.noisy(float64(*st.Current[1]) / 1000 * float64(l.before)),
		})
	}
	l.before = st.Replicas
	if l.seen != nil {
		l.seen(at, l.state)
	}
	l.outage = l.outage.Follow(st.Time, st.Replicas, int32(st.Ready))
	_, hold := l.outage.Until(l.config.Window, st.Time)
	spec := l.specification(hold)
	if spec.Metrics[0].Object.Target.Value.Cmp(*was.Metrics[0].Object.Target.Value) != 0 ||
		spec.Metrics[1].Object.Target.AverageValue.Cmp(*was.Metrics[1].Object.Target.AverageValue) != 0 {
		l.writes = append(l.writes, at)
	}
	return spec
}

func (l *loop) noisy(v float64) float64 { return v * (1 + l.scatter*l.random.NormFloat64()) }

// specification is what the product writes.
func (l *loop) specification(hold bool) autoscalingv2.HorizontalPodAutoscalerSpec {
	perPod := l.state.LoadPerPod
	if perPod == 0 {
		perPod = 1e6
	}
	policies := func(percent, pods int32) []autoscalingv2.HPAScalingPolicy {
		return []autoscalingv2.HPAScalingPolicy{
			{Type: autoscalingv2.PercentScalingPolicy, Value: percent, PeriodSeconds: 60},
			{Type: autoscalingv2.PodsScalingPolicy, Value: pods, PeriodSeconds: 60},
		}
	}
	down := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](300), Policies: policies(10, 1)}
	if hold {
		down.SelectPolicy = ptr.To(autoscalingv2.DisabledPolicySelect)
	}
	return autoscalingv2.HorizontalPodAutoscalerSpec{
		MaxReplicas: l.max,
		Metrics: []autoscalingv2.MetricSpec{
			metric("latency", autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: milli(l.state.LatencyTarget(l.config))}),
			metric("rate", autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: milli(perPod)}),
		},
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleUp:   &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](0), Policies: policies(100, 4)},
			ScaleDown: down,
		},
	}
}

func metric(name string, t autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: name}, Target: t,
	}}
}

func milli(v float64) *resource.Quantity {
	return resource.NewMilliQuantity(int64(v*1000), resource.DecimalSI)
}
