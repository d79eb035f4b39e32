package status

import (
	"encoding/json"
	"hash/fnv"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

// Summary is what is kept of a status to find out whether it has to be written again.
type Summary struct {
	// Digest is of everything but times, evidence and the current latency.
	Digest uint64
	// Available and Able are true if the conditions MetricAvailable and AbleToScale are.
	Available, Able bool
	// Latency is the current latency in milliseconds; noLatency if there is none. Observed
	// is when that was.
	Latency  float64
	Observed time.Time
	// Replicas and DesiredReplicas are those of the current state.
	Replicas, DesiredReplicas int32
}

// Summarize returns the summary of a status.
func Summarize(s v1alpha1.LatencyAutoscalerStatus) Summary {
	out := Summary{
		Digest:    digest(s),
		Available: meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionMetricAvailable),
		Able:      meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionAbleToScale),
		Latency:   noLatency,
	}
	if s.Current != nil {
		out.Observed = s.Current.ObservedTime.Time
		out.Replicas, out.DesiredReplicas = s.Current.Replicas, s.Current.DesiredReplicas
		if q, err := resource.ParseQuantity(s.Current.LatencyMilliseconds); err == nil {
			out.Latency = q.AsApproximateFloat64()
		}
	}
	return out
}

// noLatency is no latency. NaN would differ from itself.
const noLatency = -1

func digest(s v1alpha1.LatencyAutoscalerStatus) uint64 {
	s = *s.DeepCopy()
	s.ObservedGeneration = 0
	for i := range s.Conditions {
		s.Conditions[i].LastTransitionTime, s.Conditions[i].ObservedGeneration = metav1.Time{}, 0
	}
	for i := range s.Pipeline {
		s.Pipeline[i].LastTransitionTime, s.Pipeline[i].Evidence = metav1.Time{}, ""
	}
	if s.Current != nil {
		s.Current.LatencyMilliseconds, s.Current.ObservedTime = "", metav1.Time{}
	}
	h := fnv.New64a()
	_ = json.NewEncoder(h).Encode(s) // neither can fail: the types are plain, and a hash accepts all
	return h.Sum64()
}

// noticeable is the part of the target by which a latency has to differ to be written
// again.
const noticeable = 0.05

// Refreshes reports whether the current latency of a status is noticeably another than that
// of the summary.
func (s Summary) Refreshes(now v1alpha1.LatencyAutoscalerStatus) bool {
	if now.Current == nil || now.Plan == nil {
		return false
	}
	latency := Summarize(now).Latency
	target, err := resource.ParseQuantity(now.Plan.TargetMilliseconds)
	if err != nil {
		return false
	}
	return (latency == noLatency) != (s.Latency == noLatency) || math.Abs(latency-s.Latency) > noticeable*target.AsApproximateFloat64()
}
