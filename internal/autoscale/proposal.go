package autoscale

import (
	"errors"
	"math"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
)

// Proposal is the size that one metric proposes.
type Proposal struct {
	Replicas int32
	// Current is the value as the status of a HorizontalPodAutoscaler reports it: of an
	// Object metric with target Value the value, with AverageValue the value per replica,
	// both in thousandths; of CPU the utilization in percent of the requests.
	Current int64
	// Err says why there is no proposal.
	Err error
}

var (
	errMissing = errors.New("no value of the metric")
	errNoPods  = errors.New("no pods")
)

// propose computes the proposal of the metric with index i.
func (a *Autoscaler) propose(i int, o Observation) Proposal {
	m := a.spec.Metrics[i]
	if m.Type == autoscalingv2.ResourceMetricSourceType {
		return a.proposeCPU(*m.Resource.Target.AverageUtilization, o)
	}
	if i >= len(o.Values) || o.Values[i] == nil {
		return Proposal{Err: errMissing}
	}
	value := *o.Values[i]
	if m.Object.Target.Type == autoscalingv2.ValueMetricType {
		return a.proposeValue(value, m.Object.Target.Value.MilliValue(), o)
	}
	return a.proposeAverage(value, m.Object.Target.AverageValue.MilliValue(), o)
}

// proposeValue is in proportion to the pods that are ready. With none ready it is zero.
func (a *Autoscaler) proposeValue(value, target int64, o Observation) Proposal {
	ratio := float64(value) / float64(target)
	if a.tolerated(ratio) {
		return Proposal{Replicas: o.Replicas, Current: value}
	}
	if len(o.Pods) == 0 {
		return Proposal{Err: errNoPods}
	}
	ready := 0
	for _, p := range o.Pods {
		if p.Phase == corev1.PodRunning && p.Ready {
			ready++
		}
	}
	return Proposal{Replicas: ceil(ratio * float64(ready)), Current: value}
}

// proposeAverage needs no pods: the value alone says how many replicas have the target each.
func (a *Autoscaler) proposeAverage(value, target int64, o Observation) Proposal {
	p := Proposal{Replicas: o.StatusReplicas}
	if ratio := float64(value) / (float64(target) * float64(o.StatusReplicas)); !a.tolerated(ratio) {
		p.Replicas = ceil(float64(value) / float64(target))
	}
	if o.StatusReplicas > 0 {
		p.Current = int64(math.Ceil(float64(value) / float64(o.StatusReplicas)))
	}
	return p
}

// tolerated reports whether a ratio of current to target is so close to 1 that the size is
// kept.
func (a *Autoscaler) tolerated(ratio float64) bool {
	down, up := a.options.Tolerance, a.options.Tolerance
	if b := a.behavior; b != nil {
		if t := b.ScaleDown.Tolerance; t != nil {
			down = t.AsApproximateFloat64()
		}
		if t := b.ScaleUp.Tolerance; t != nil {
			up = t.AsApproximateFloat64()
		}
	}
	return 1-down <= ratio && ratio <= 1+up
}

// ceil rounds up to a number of replicas, at most the largest there is.
func ceil(replicas float64) int32 {
	return int32(math.Min(math.Ceil(replicas), math.MaxInt32))
}
