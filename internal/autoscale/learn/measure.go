package learn

import (
	"math"
	"time"
)

// measurement is what the last samples say together.
type measurement struct {
	// settled is true if the means are of the present size only.
	settled bool
	// level is true if the load does not change, flat if the latency does not. Single values
	// scatter, so that the means of both halves of a period are compared.
	// moving is true if it is known that the load changes.
	level, moving, flat bool
	rising, falling     bool
	// load and latency are means, perPod is the load of a pod.
	load, latency, perPod float64
}

// mean is that of a value of the samples from a time on.
func (s *State) mean(from time.Time, value func(Sample) float64) (mean float64, n int) {
	for _, p := range s.past {
		if !p.Time.Before(from) {
			mean, n = mean+value(p), n+1
		}
	}
	return mean / float64(max(n, 1)), n
}

func latencyOf(x Sample) float64 { return x.Latency }
func loadOf(x Sample) float64    { return x.Load }

func (s *State) measure(c Config, x Sample) measurement {
	m := measurement{load: x.Load, latency: x.Latency}
	from := s.changed.Add(c.Window)
	if quiet := x.Time.Add(-flatFor); quiet.After(from) {
		from = quiet
	}
	if mean, n := s.mean(from, latencyOf); n >= settledSamples {
		m.settled, m.latency = true, mean
		m.load, _ = s.mean(from, loadOf)
	}
	m.perPod = m.load / float64(x.Replicas)
	if x.Time.Sub(s.past[0].Time) < flatFor*3/4 {
		return m
	}
	first, second := s.halves(x.Time, horizon, loadOf)
	m.level = max(first, second) <= levelWithin*min(first, second)
	m.moving = !m.level && x.Time.Sub(s.past[0].Time) > horizon*3/4
	first, second = s.halves(x.Time, flatFor, latencyOf)
	m.flat = max(first, second) <= flatWithin*min(first, second) && math.Abs(first-second) < flatMilliseconds
	if m.settled && m.flat {
		s.scatter(from, m.latency)
	}
	m.rising, m.falling = second > 1.05*first, second < 0.95*first
	return m
}

// halves are the means of both halves of a period.
func (s *State) halves(now time.Time, period time.Duration, value func(Sample) float64) (first, second float64) {
	second, n := s.mean(now.Add(-period/2+time.Second), value)
	all, total := s.mean(now.Add(-period), value)
	return (all*float64(total) - second*float64(n)) / float64(max(total-n, 1)), second
}

// scatter follows how far single values are from their mean.
func (s *State) scatter(from time.Time, mean float64) {
	if d, n := s.mean(from, func(x Sample) float64 { return math.Abs(x.Latency/mean - 1) }); n >= settledSamples {
		// The mean deviation is 0.8 times the standard deviation.
		if d *= 1.25; s.Scatter == 0 {
			s.Scatter = d
		}
		s.Scatter += 0.1 * (d - s.Scatter)
	}
}
