package plant

import (
	"math"
	"time"
)

// Signal is what a metric measures.
type Signal int

const (
	// Latency is the mean latency of the requests, in milliseconds.
	Latency Signal = iota
	// Rate is the number of requests a second.
	Rate
	// Concurrency is the mean number of requests in flight, by Little's law the sum of their
	// latencies over the window.
	Concurrency
)

// cpuWindow is the resolution of metrics-server.
const cpuWindow = 15 * time.Second

// counters are what the workload counts from its start on.
type counters struct {
	at time.Time
	// requests is the number that were answered, latency the sum of their latencies in
	// seconds, busy the time in seconds that a slot was busy, averaged over the slots.
	requests, latency, busy float64
}

// Value returns the current value of a metric in thousandths, as the custom metrics API
// serves it. It has none before the adapter listed the series.
func (p *Plant) Value(s Signal) (int64, bool) {
	if p.config.Relist > 0 && p.now.Before(p.started.Truncate(p.config.Relist).Add(p.config.Relist)) {
		return 0, false
	}
	read := p.now
	if p.config.Scrape > 0 {
		read = read.Truncate(p.config.Scrape)
	}
	to, from := p.at(read), p.at(read.Add(-p.config.Window))
	seconds := to.at.Sub(from.at).Seconds()
	requests, latency := to.requests-from.requests, to.latency-from.latency
	switch {
	case seconds <= 0:
		return 0, false
	case s == Rate:
		return milli(requests / seconds), true
	case s == Concurrency:
		return milli(latency / seconds), true
	case requests <= 0:
		// An idle histogram gives NaN, which the adapter serves as 0.
		return 0, true
	default:
		return milli(1000 * latency / requests), true
	}
}

// cpu returns the share of time that the slots were busy, as metrics-server measures it.
func (p *Plant) cpu() (busy float64, ok bool) {
	read := p.now.Truncate(cpuWindow)
	to, from := p.at(read), p.at(read.Add(-cpuWindow))
	seconds := to.at.Sub(from.at).Seconds()
	if seconds <= 0 {
		return 0, false
	}
	return (to.busy - from.busy) / seconds, true
}

// milli is a value in thousandths, as prometheus-adapter truncates it.
func milli(v float64) int64 { return int64(math.Trunc(v * 1000)) }

func (p *Plant) last() counters { return p.counters[len(p.counters)-1] }

// at returns the latest counters that are not later than a time, or the oldest that are
// known.
func (p *Plant) at(t time.Time) counters {
	for i := len(p.counters) - 1; i > 0; i-- {
		if !p.counters[i].at.After(t) {
			return p.counters[i]
		}
	}
	return p.counters[0]
}

// count appends counters and forgets those that no metric looks back to.
func (p *Plant) count(c counters) {
	p.counters = append(p.counters, c)
	oldest := c.at.Add(-max(p.config.Window+p.config.Scrape, 2*cpuWindow) - time.Minute)
	n := 0
	for n < len(p.counters)-1 && p.counters[n].at.Before(oldest) {
		n++
	}
	p.counters = p.counters[n:]
}
