package autoscale

import (
	"errors"
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Pod is what the algorithm needs to know of a pod of the workload.
type Pod struct {
	Phase corev1.PodPhase
	// Deleting is true once the pod is marked for deletion.
	Deleting bool
	// Started is the start time of its status; zero if there is none yet.
	Started time.Time
	// Ready is the status of its condition Ready, ReadyChanged when it changed last; zero if
	// there is no such condition yet.
	Ready        bool
	ReadyChanged time.Time
	// CPURequest is the sum of its containers' requests, in thousandths of a core; 0 if one
	// has none.
	CPURequest int64
	// CPU is its usage; nil if the metrics API has none.
	CPU *CPUSample
}

// CPUSample is the usage of CPU by a pod.
type CPUSample struct {
	// Usage is in thousandths of a core, the average over the Window that ends at Time.
	Usage  int64
	Time   time.Time
	Window time.Duration
}

var errNoRequest = errors.New("a pod has no CPU request")

// proposeCPU computes the proposal for a target utilization in percent of the requests.
//
// Pods that are not ready and pods without a sample are left out at first. Then they are
// counted in the way that changes the size least: as idle if the others are above the
// target, as fully used if they are below. A change of direction by that is no change.
func (a *Autoscaler) proposeCPU(target int32, o Observation) Proposal {
	if len(o.Pods) == 0 {
		return Proposal{Err: errNoPods}
	}
	g, err := a.group(o)
	if err != nil {
		return Proposal{Err: err}
	}
	if g.measured.pods == 0 {
		return Proposal{Err: errMissing}
	}
	current := g.measured.utilization()
	ratio := float64(current) / float64(target)
	keep := Proposal{Replicas: o.Replicas, Current: current}

	idle := g.unready.pods > 0 && ratio > 1
	if !idle && g.missing.pods == 0 {
		if a.tolerated(ratio) {
			return keep
		}
		return Proposal{Replicas: ceil(ratio * float64(g.measured.pods)), Current: current}
	}
	all := g.measured
	switch {
	case ratio < 1:
		for _, request := range g.missing.requests {
			all.add(request*int64(max(100, target))/100, request)
		}
	case ratio > 1:
		all.addIdle(g.missing)
		all.addIdle(g.unready)
	}
	adjusted := float64(all.utilization()) / float64(target)
	if a.tolerated(adjusted) || ratio < 1 && adjusted > 1 || ratio > 1 && adjusted < 1 {
		return keep
	}
	replicas := ceil(adjusted * float64(all.pods))
	if adjusted < 1 && replicas > o.Replicas || adjusted > 1 && replicas < o.Replicas {
		return keep
	}
	return Proposal{Replicas: replicas, Current: current}
}

// group is the usage of the pods by what is known of them.
type group struct {
	measured, unready, missing usage
}

// group sorts the pods. Those that failed or are being deleted count nowhere, but need a
// request as all others do.
func (a *Autoscaler) group(o Observation) (group, error) {
	var g group
	for _, p := range o.Pods {
		if p.CPURequest == 0 {
			return group{}, errNoRequest
		}
		switch {
		case p.Deleting || p.Phase == corev1.PodFailed:
		case p.Phase == corev1.PodPending:
			g.unready.add(0, p.CPURequest)
		case p.CPU == nil:
			g.missing.add(0, p.CPURequest)
		case a.unready(p, o.Time):
			g.unready.add(0, p.CPURequest)
		default:
			g.measured.add(p.CPU.Usage, p.CPURequest)
		}
	}
	return g, nil
}

// unready reports whether the sample of a pod says nothing of its later usage, because the
// pod is still starting.
func (a *Autoscaler) unready(p Pod, now time.Time) bool {
	if p.ReadyChanged.IsZero() || p.Started.IsZero() {
		return true
	}
	if p.Started.Add(a.options.CPUInitializationPeriod).After(now) {
		return !p.Ready || p.CPU.Time.Before(p.ReadyChanged.Add(p.CPU.Window))
	}
	return !p.Ready && p.Started.Add(a.options.InitialReadinessDelay).After(p.ReadyChanged)
}

// usage is the sum over some pods.
type usage struct {
	pods          int
	used, request int64
	requests      []int64
}

func (u *usage) add(used, request int64) {
	u.pods++
	u.used += used
	u.request += request
	u.requests = append(u.requests, request)
}

func (u *usage) addIdle(other usage) {
	for _, request := range other.requests {
		u.add(0, request)
	}
}

// utilization is in percent of the requests, rounded down.
func (u usage) utilization() int64 {
	return min(u.used*100/u.request, math.MaxInt32)
}
