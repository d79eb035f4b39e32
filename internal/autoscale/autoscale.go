// Package autoscale is what the HorizontalPodAutoscaler controller does, as a pure
// function: a specification, the state of earlier steps and an observation give the next
// number of replicas. Time is a value of the observation, so that hours are computed in
// milliseconds.
//
// The source of its facts is pkg/controller/podautoscaler of Kubernetes 1.37. Metrics of
// the types Object and Resource (CPU utilization) are known, which are those that the
// product creates.
package autoscale

import (
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// Options are the flags of kube-controller-manager that the algorithm depends on, without
// their prefix --horizontal-pod-autoscaler.
type Options struct {
	// SyncPeriod is the time between two steps.
	SyncPeriod time.Duration
	// Tolerance is the deviation from the target within which the size is kept, where the
	// specification has none of its own.
	Tolerance float64
	// DownscaleStabilization is the window of the scale-down rules that set none.
	DownscaleStabilization time.Duration
	// CPUInitializationPeriod is how long after its start a pod's CPU samples count only if
	// they were measured after it became ready.
	CPUInitializationPeriod time.Duration
	// InitialReadinessDelay is how long after its start a pod that turns unready is regarded
	// as one that has never been ready.
	InitialReadinessDelay time.Duration
}

// DefaultOptions returns the defaults of kube-controller-manager.
func DefaultOptions() Options {
	return Options{
		SyncPeriod:              15 * time.Second,
		Tolerance:               0.1,
		DownscaleStabilization:  5 * time.Minute,
		CPUInitializationPeriod: 5 * time.Minute,
		InitialReadinessDelay:   30 * time.Second,
	}
}

// Observation is what the controller reads in one step.
type Observation struct {
	Time time.Time
	// Replicas is spec.replicas of the workload, StatusReplicas its status.replicas.
	Replicas, StatusReplicas int32
	Pods                     []Pod
	// Values are the current values of the specification's metrics, in its order, in
	// thousandths of a unit; nil for a metric that cannot be read. The entry of a Resource
	// metric is ignored: its values are those of the pods.
	Values []*int64
}

// Decision is the outcome of one step.
type Decision struct {
	// Replicas is the number of replicas that the workload has after the step.
	Replicas int32
	// Rescaled is true if the step changed it.
	Rescaled bool
	// Proposals are the sizes that each metric proposed, in the order of the specification;
	// none if the size was decided without metrics.
	Proposals []Proposal
	// Err says why metrics could not be used. Some may have been used nevertheless: a failed
	// metric does not prevent the others from scaling up.
	Err error
}

// State is what the controller remembers between steps. The zero value is that of a
// controller that has just started.
type State struct {
	// recommendations are the proposals of earlier steps.
	recommendations []record
	// increases and decreases are the changes of size.
	increases, decreases []record
}

// record is a number of replicas at a time.
type record struct {
	at       time.Time
	replicas int32
}

// Autoscaler computes the size of one workload.
type Autoscaler struct {
	spec     autoscalingv2.HorizontalPodAutoscalerSpec
	behavior *autoscalingv2.HorizontalPodAutoscalerBehavior
	options  Options
}

// New returns an Autoscaler for a specification. What is absent in it is completed as the
// API server does. The error names a metric that is not known here.
func New(spec autoscalingv2.HorizontalPodAutoscalerSpec, options Options) (*Autoscaler, error) {
	for i, m := range spec.Metrics {
		if !known(m) {
			return nil, fmt.Errorf("metric %d: type %s with this target is not supported", i, m.Type)
		}
	}
	if len(spec.Metrics) == 0 {
		return nil, fmt.Errorf("the specification has no metric")
	}
	a := &Autoscaler{spec: *spec.DeepCopy(), options: options}
	if spec.Behavior != nil {
		a.behavior = ptr.To(WithDefaults(*spec.Behavior))
	}
	return a, nil
}

// known reports whether propose handles a metric.
func known(m autoscalingv2.MetricSpec) bool {
	switch m.Type {
	case autoscalingv2.ObjectMetricSourceType:
		t := m.Object.Target
		return t.Type == autoscalingv2.ValueMetricType && t.Value != nil ||
			t.Type == autoscalingv2.AverageValueMetricType && t.AverageValue != nil
	case autoscalingv2.ResourceMetricSourceType:
		return m.Resource.Name == corev1.ResourceCPU && m.Resource.Target.AverageUtilization != nil
	default:
		return false
	}
}

// Step computes the next size. It changes neither its arguments nor the Autoscaler.
//
// Scaling from and to zero is not covered: a workload with no replicas stays as it is, as
// one does that was not scaled to zero by its HorizontalPodAutoscaler.
func (a *Autoscaler) Step(before State, o Observation) (Decision, State) {
	state := before
	if state.recommendations == nil {
		state.recommendations = []record{{o.Time, o.Replicas}}
	}
	lowest, highest := ptr.Deref(a.spec.MinReplicas, 1), a.spec.MaxReplicas
	d := Decision{Replicas: o.Replicas}
	switch {
	case o.Replicas == 0:
	case o.Replicas > highest:
		d.Replicas = highest
	case o.Replicas < lowest:
		d.Replicas = lowest
	default:
		var recommended int32
		var usable bool
		recommended, usable, d.Proposals, d.Err = a.recommend(o)
		if !usable {
			return d, state
		}
		d.Replicas = a.normalize(&state, o, recommended)
	}
	d.Rescaled = d.Replicas != o.Replicas
	if d.Rescaled {
		a.remember(&state, o.Time, d.Replicas-o.Replicas)
	}
	return d, state
}

// recommend is the largest proposal of the metrics. It is not usable if all metrics failed,
// or if one failed and the others would scale down.
func (a *Autoscaler) recommend(o Observation) (replicas int32, usable bool, proposals []Proposal, err error) {
	failed := 0
	for i := range a.spec.Metrics {
		p := a.propose(i, o)
		proposals = append(proposals, p)
		if p.Err != nil {
			failed++
			if err == nil {
				err = fmt.Errorf("metric %d: %w", i, p.Err)
			}
			continue
		}
		replicas = max(replicas, p.Replicas)
	}
	usable = failed < len(proposals) && (failed == 0 || replicas >= o.Replicas)
	return replicas, usable, proposals, err
}
