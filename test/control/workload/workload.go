// Package workload plays the pods of one Deployment: how long its requests take, what its
// metrics are, and which pods are ready.
package workload

import (
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
	"github.com/kong-latency/kong-latency/internal/autoscale/scenario"
	"github.com/kong-latency/kong-latency/test/control/compressed"
	"github.com/kong-latency/kong-latency/test/control/replay"
	"github.com/kong-latency/kong-latency/test/control/settings"
)

// Label is the label of a workload's pods, with its name as the value.
const Label = "app"

// every is the compressed time between two points of the course.
const every = 15 * time.Second

// tick is the resolution of the model.
const tick = 250 * time.Millisecond

// origin is where the compressed time of plants begins; it does not matter where.
var origin = time.Unix(0, 0).UTC()

// Workload is a Deployment whose pods are played. Its methods may be called from several
// goroutines.
type Workload struct {
	settings.Case

	mu sync.Mutex
	// What the API server shows.
	replicas, status int32
	pods             map[string]*pod
	hpa              *autoscalingv2.HorizontalPodAutoscalerSpec

	plant *plant.Plant // nil until Start
	at    time.Duration
	score *scenario.Score
	// course is what happened, a point every 15 seconds.
	course []Point
	syncs  syncs
}

// Point is a moment of the course.
type Point struct {
	At       time.Duration
	Replicas int32
	Latency  time.Duration
	Load     float64
}

// pod is a pod that exists.
type pod struct {
	live *corev1.Pod
	seen time.Time
	// written is the status that was written or is being written.
	written Status
}

// Status is what is written to a pod's status.
type Status int

// The statuses of a pod.
const (
	Unknown Status = iota
	Running
	Ready
)

// New returns the workload of a case.
func New(c settings.Case, warmup time.Duration) *Workload {
	return &Workload{
		Case: c, pods: map[string]*pod{}, score: scenario.NewScore(c.Plant.Config, c.Load, warmup),
		syncs: syncs{replay: replay.New(compressed.Options())},
	}
}

// Replicas is the size at the beginning: the smallest that holds the target.
func (w *Workload) Replicas() int32 {
	return min(scenario.Smallest(w.Plant.Config, w.Load.Conditions(0), w.Load.Target), w.Plant.MaxReplicas)
}

// SetDeployment stores what the API server shows of the Deployment.
func (w *Workload) SetDeployment(d *appsv1.Deployment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replicas, w.status = *d.Spec.Replicas, d.Status.Replicas
}

// SetHPA stores what the API server shows of what scales the Deployment.
func (w *Workload) SetHPA(h *autoscalingv2.HorizontalPodAutoscaler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hpa = h.Spec.DeepCopy()
}

// Attached reports whether there is what scales the Deployment.
func (w *Workload) Attached() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hpa != nil
}

// SetPod stores a pod.
func (w *Workload) SetPod(p *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known, ok := w.pods[p.Name]
	if !ok {
		known = &pod{seen: time.Now()}
		w.pods[p.Name] = known
	}
	known.live = p
}

// RemovePod forgets a pod.
func (w *Workload) RemovePod(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pods, name)
}

// Settled reports whether all pods of the beginning are ready.
func (w *Workload) Settled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.pods {
		if !ready(p.live) {
			return false
		}
	}
	return len(w.pods) > 0 && int32(len(w.pods)) == w.replicas
}

// Start begins the load.
func (w *Workload) Start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plant = plant.New(w.Plant.Config, int32(len(w.pods)), origin)
}

// Advance brings the workload to a compressed time since the start.
func (w *Workload) Advance(to time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plant.Scale(int32(len(w.pods)))
	for w.at < to {
		by := min(tick, to-w.at)
		under := w.Load.Conditions(w.at)
		m := plant.Moment{At: w.at, For: by, Desired: w.replicas, Replicas: w.plant.Replicas(), Ready: w.plant.Ready()}
		m.Served = w.plant.Advance(by, under)
		w.score.Add(m)
		if n := len(w.course); n == 0 || w.at-w.course[n-1].At >= every {
			w.course = append(w.course, Point{At: w.at, Replicas: m.Replicas, Latency: m.Latency, Load: under.Load})
		}
		w.at += by
	}
}

// Due returns the statuses that pods should have and were not written yet. They count as
// written from now on.
func (w *Workload) Due(now time.Time) map[string]Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out map[string]Status
	for name, p := range w.pods {
		want := w.want(p, now)
		if want == p.written {
			continue
		}
		if out == nil {
			out = map[string]Status{}
		}
		out[name], p.written = want, want
	}
	return out
}

// want is the status that a pod should have.
func (w *Workload) want(p *pod, now time.Time) Status {
	starting := w.plant != nil && p.written != Ready && now.Sub(p.seen) < compressed.Real(w.Plant.Start)
	if starting || w.plant != nil && w.Load.Conditions(w.at).Unready {
		return Running
	}
	return Ready // at once before the load begins
}

// Failed notes that a status could not be written.
func (w *Workload) Failed(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p, ok := w.pods[name]; ok {
		p.written = Unknown
	}
}

// Result returns the score, and the course that led to it.
func (w *Workload) Result() (scenario.Result, []Point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.score.Result(), slices.Clone(w.course)
}

// ordered are the pods from the oldest to the newest, as the plant has them.
func (w *Workload) ordered() []*pod {
	out := make([]*pod, 0, len(w.pods))
	for _, p := range w.pods {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *pod) int {
		if c := a.seen.Compare(b.seen); c != 0 {
			return c
		}
		return strings.Compare(a.live.Name, b.live.Name)
	})
	return out
}

func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// observed is what the HPA controller reads of a pod.
func observed(p *corev1.Pod) autoscale.Pod {
	out := autoscale.Pod{Phase: p.Status.Phase, Deleting: p.DeletionTimestamp != nil}
	if p.Status.StartTime != nil {
		out.Started = p.Status.StartTime.Time
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			out.Ready, out.ReadyChanged = c.Status == corev1.ConditionTrue, c.LastTransitionTime.Time
		}
	}
	for _, c := range p.Spec.Containers {
		out.CPURequest += c.Resources.Requests.Cpu().MilliValue()
	}
	return out
}
