// Package plant is a workload under load as a pure model, to close the loop around package
// autoscale: pods with slots, a queue, and the metrics that a HorizontalPodAutoscaler reads.
// It is a fluid model: rates and averages, no single request and nothing random, so that
// the same input gives the same output.
package plant

import (
	"math"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kong-latency/kong-latency/internal/autoscale"
)

// Config is a workload and the way its metrics are measured.
type Config struct {
	// Slots is the number of requests that a pod serves at once, Service how long each
	// needs without waiting.
	Slots   int
	Service time.Duration
	// Start is the time from the creation of a pod until it is ready.
	Start time.Duration
	// Window is the range of time that latency, rate and concurrency are averaged over.
	Window time.Duration
	// Scrape is the interval at which the counters are read; zero is continuously.
	Scrape time.Duration
	// Relist is the interval at which the adapter lists series. Until the first time that
	// finds any, there are no values. Zero is continuously.
	Relist time.Duration
}

// Plant is a workload at a moment of its own clock. Scale and Advance change it.
type Plant struct {
	config  Config
	started time.Time
	now     time.Time
	pods    []pod
	// unready is true while no pod passes its readiness probe.
	unready      bool
	readyChanged time.Time
	// backlog is the number of requests that wait because more arrived than are served.
	backlog  float64
	counters []counters
}

type pod struct {
	created, ready time.Time
}

// Conditions are what acts on the workload from outside.
type Conditions struct {
	// Load is the number of requests a second.
	Load float64
	// Slowdown multiplies the service time, as a slow dependency does; zero is 1.
	Slowdown float64
	// Unready is true while no pod passes its readiness probe.
	Unready bool
}

// Served is what happened to the requests of a moment.
type Served struct {
	// Arrived is the number of requests.
	Arrived float64
	// Latency is the time until each is answered, its waiting time included. It is the
	// largest there is if no pod is ready.
	Latency time.Duration
}

// New returns a Plant with a number of ready pods and no traffic so far.
func New(config Config, replicas int32, now time.Time) *Plant {
	p := &Plant{config: config, started: now, now: now, counters: []counters{{at: now}}}
	for range replicas {
		p.pods = append(p.pods, pod{created: now, ready: now})
	}
	p.readyChanged = now
	return p
}

// Replicas returns the number of pods, whether ready or not.
func (p *Plant) Replicas() int32 { return int32(len(p.pods)) }

// Scale sets the number of pods. The newest are removed first, as a ReplicaSet does with
// those that are not ready yet.
func (p *Plant) Scale(replicas int32) {
	n := int(max(replicas, 0))
	if n < len(p.pods) {
		p.pods = p.pods[:n]
	}
	for len(p.pods) < n {
		p.pods = append(p.pods, pod{created: p.now, ready: p.now.Add(p.config.Start)})
	}
}

// Advance moves the clock under constant conditions. Pods become ready only between two
// calls, so steps should be short: a second or less.
func (p *Plant) Advance(by time.Duration, c Conditions) Served {
	if c.Unready != p.unready {
		p.unready, p.readyChanged = c.Unready, p.now
	}
	service := p.config.Service.Seconds()
	if c.Slowdown > 0 {
		service *= c.Slowdown
	}
	arrived := c.Load * by.Seconds()
	slots := float64(p.ready() * p.config.Slots)
	next := p.last()
	p.now = p.now.Add(by)
	next.at = p.now
	if slots == 0 {
		// Without endpoints requests are answered at once with an error that no upstream
		// latency is measured of.
		p.backlog = 0
		p.count(next)
		return Served{Arrived: arrived, Latency: math.MaxInt64}
	}
	capacity := slots / service
	latency := service + wait(c.Load/capacity, slots, service) + p.backlog/capacity
	completed := min(p.backlog+arrived, capacity*by.Seconds())
	p.backlog += arrived - completed

	next.requests += completed
	next.latency += completed * latency
	next.busy += completed * service / slots
	p.count(next)
	return Served{Arrived: arrived, Latency: time.Duration(latency * float64(time.Second))}
}

// maxUtilization bounds the stationary waiting time, which is infinite at full utilization.
// What exceeds capacity waits in the backlog. From 0.995 on, the figures of a workload that
// is exactly at its capacity no longer depend on it, and are those that were measured.
const maxUtilization = 0.995

// wait is the mean waiting time in seconds of M/M/k by Sakasegawa's approximation, for a
// utilization, k slots and a service time in seconds.
func wait(utilization, k, service float64) float64 {
	u := min(utilization, maxUtilization)
	return service * math.Pow(u, math.Sqrt(2*(k+1))-1) / (k * (1 - u))
}

// ready is the number of pods that serve.
func (p *Plant) ready() int {
	if p.unready {
		return 0
	}
	n := 0
	for _, pod := range p.pods {
		if !pod.ready.After(p.now) {
			n++
		}
	}
	return n
}

// Pods returns what the HPA controller reads of the pods. All have a CPU request of a core
// for each slot, which is fully used while the slot is busy.
func (p *Plant) Pods() []autoscale.Pod {
	request := int64(p.config.Slots) * 1000
	busy, ok := p.cpu()
	out := make([]autoscale.Pod, 0, len(p.pods))
	for _, pod := range p.pods {
		started := !pod.ready.After(p.now)
		o := autoscale.Pod{
			Phase: corev1.PodRunning, Started: pod.created, CPURequest: request,
			Ready: started && !p.unready, ReadyChanged: pod.created,
		}
		if started {
			o.ReadyChanged = pod.ready
			if p.readyChanged.After(pod.ready) {
				o.ReadyChanged = p.readyChanged
			}
		}
		if ok && !pod.created.Add(2*cpuWindow).After(p.now) {
			o.CPU = &autoscale.CPUSample{Time: p.now, Window: cpuWindow}
			if started {
				o.CPU.Usage = int64(busy * float64(request))
			}
		}
		out = append(out, o)
	}
	return out
}
