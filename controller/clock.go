package controller

import "time"

// clock is the time of workloads. It is the time of the day, but in simulations, in which it
// passes faster.
type clock struct {
	scale  float64
	origin time.Time
	today  func() time.Time
}

// newClock returns a clock that is scale times as fast as the time of the day; 0 is 1.
func newClock(scale float64, today func() time.Time) clock {
	if scale <= 0 {
		scale = 1
	}
	return clock{scale: scale, origin: today(), today: today}
}

// now is the present time.
func (c clock) now() time.Time {
	return c.origin.Add(time.Duration(float64(c.today().Sub(c.origin)) * c.scale))
}

// wait is how long a duration lasts by the time of the day.
func (c clock) wait(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.scale)
}
