package workload

import (
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/test/control/compressed"
	"github.com/kong-latency/kong-latency/test/control/replay"
	"github.com/kong-latency/kong-latency/test/control/settings"
)

// syncs follow what the HPA controller reads.
type syncs struct {
	replay *replay.Replay
	open   *autoscale.Observation
	spec   autoscalingv2.HorizontalPodAutoscalerSpec
	last   time.Time
	err    error
	// intervals between the beginnings of two syncs.
	sum, longest time.Duration
	number       int
}

// Value returns the current value of a metric in thousandths, which the HPA controller
// reads.
func (w *Workload) Value(metric string) (int64, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	signal, known := settings.Signals()[metric]
	if w.plant == nil || !known {
		return 0, false
	}
	value, ok := w.plant.Value(signal)
	if w.Load.Missing != nil && w.Load.Missing(w.at) {
		ok = false
	}
	i := w.indexOf(func(m autoscalingv2.MetricSpec) bool { return m.Object != nil && m.Object.Metric.Name == metric })
	if i < 0 {
		return value, ok
	}
	w.read(i)
	if ok {
		w.syncs.open.Values[i] = &value
	}
	return value, ok
}

// Usage is the CPU usage of a pod.
type Usage struct {
	Pod string
	autoscale.CPUSample
}

// Usages returns the CPU usage of the pods, which the HPA controller reads.
func (w *Workload) Usages() []Usage {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.plant == nil || w.Load.Missing != nil && w.Load.Missing(w.at) {
		return nil
	}
	i := w.indexOf(func(m autoscalingv2.MetricSpec) bool { return m.Resource != nil })
	if i >= 0 {
		w.read(i)
	}
	now := time.Now()
	var out []Usage
	live, model := w.ordered(), w.plant.Pods()
	for n := range min(len(live), len(model)) {
		sample := model[n].CPU
		if sample == nil {
			continue
		}
		// The API has whole seconds.
		u := Usage{live[n].live.Name, autoscale.CPUSample{Usage: sample.Usage, Time: now.Truncate(time.Second), Window: compressed.Real(sample.Window)}}
		out = append(out, u)
		if i >= 0 && n < len(w.syncs.open.Pods) {
			w.syncs.open.Pods[n].CPU = &u.CPUSample
		}
	}
	return out
}

func (w *Workload) indexOf(is func(autoscalingv2.MetricSpec) bool) int {
	if w.hpa == nil {
		return -1
	}
	for i, m := range w.hpa.Metrics {
		if is(m) {
			return i
		}
	}
	return -1
}

// read notes that the metric with index i is read. The controller reads them in their
// order, so that the first begins a sync.
func (w *Workload) read(i int) {
	s, now := &w.syncs, time.Now()
	if i > 0 && s.open != nil && len(s.open.Values) > i {
		return
	}
	if s.open != nil {
		if err := s.replay.Add(s.spec, *s.open); err != nil && s.err == nil {
			s.err = err
		}
		interval := now.Sub(s.last)
		s.sum, s.longest, s.number = s.sum+interval, max(s.longest, interval), s.number+1
	}
	s.last, s.spec = now, *w.hpa
	s.open = &autoscale.Observation{
		Time: now, Replicas: w.replicas, StatusReplicas: w.status, Values: make([]*int64, len(w.hpa.Metrics)),
	}
	for _, p := range w.ordered() {
		s.open.Pods = append(s.open.Pods, observed(p.live))
	}
}

// Syncs is what was seen of the HPA controller.
type Syncs struct {
	// Mean and Longest are the real time between two syncs.
	Mean, Longest time.Duration
	// Compared is the number of decisions that were compared with the pure algorithm.
	Compared   int
	Deviations []replay.Deviation
	// Err says why some could not be compared.
	Err error
}

// Syncs returns what was seen of the HPA controller.
func (w *Workload) Syncs() Syncs {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.syncs
	out := Syncs{Longest: s.longest, Compared: s.replay.Syncs, Deviations: s.replay.Deviations, Err: s.err}
	if s.number > 0 {
		out.Mean = s.sum / time.Duration(s.number)
	}
	return out
}
