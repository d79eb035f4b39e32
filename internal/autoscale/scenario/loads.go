package scenario

import (
	"math"
	"time"

	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
)

// Warmup is left out of scores, Duration is the time after it.
const (
	Warmup   = 30 * time.Minute
	Duration = 120 * time.Minute
)

// Target is the latency that requests should not exceed, unless a load has its own.
const Target = 40 * time.Millisecond

// Load is what happens to a workload.
type Load struct {
	Name, Title string
	// Target is the latency that requests should not exceed.
	Target time.Duration
	// Conditions returns what happens after a time from the beginning.
	Conditions func(time.Duration) plant.Conditions
	// Missing, if set, reports whether metrics cannot be read at a time from the beginning.
	Missing func(time.Duration) bool
	// Steps are the times at which something changes at once, from which the target has to
	// be reached again.
	Steps []time.Duration
}

// Base is the number of requests a second that loads vary.
const Base = 600

// Loads returns all loads.
func Loads() []Load {
	loads := []Load{
		{Name: "constant", Title: "600 requests/s", Conditions: rate(func(time.Duration) float64 { return Base })},
		{Name: "wave60", Title: "600 ± 400 requests/s in 60 minutes", Conditions: rate(wave(time.Hour))},
		{Name: "wave10", Title: "600 ± 400 requests/s in 10 minutes", Conditions: rate(wave(10 * time.Minute))},
		steps(),
		spike(),
		slow(),
		unattainable(),
		missing(),
		unready(),
		idle(),
	}
	for i := range loads {
		if loads[i].Target == 0 {
			loads[i].Target = Target
		}
	}
	return loads
}

// steps doubles the load and then divides it by four.
func steps() Load {
	up, down := Warmup+30*time.Minute, Warmup+75*time.Minute
	return Load{
		Name: "steps", Title: "600, then 1,200, then 300 requests/s", Steps: []time.Duration{up, down},
		Conditions: rate(func(at time.Duration) float64 {
			switch {
			case at < up:
				return Base
			case at < down:
				return 2 * Base
			default:
				return Base / 2
			}
		}),
	}
}

// spike is five times the load for two minutes, twice.
func spike() Load {
	at := []time.Duration{Warmup + 30*time.Minute, Warmup + 80*time.Minute}
	return Load{
		Name: "spike", Title: "600 requests/s, twice 3,000 for 2 minutes", Steps: at,
		Conditions: rate(func(now time.Duration) float64 {
			if within(now, at[0], 2*time.Minute) || within(now, at[1], 2*time.Minute) {
				return 5 * Base
			}
			return Base
		}),
	}
}

// slow is a dependency that is slow for an hour: no size holds the target, and more pods
// do not help once enough slots are free.
func slow() Load {
	from, lasts := Warmup+30*time.Minute, time.Hour
	return Load{
		Name: "slow", Title: "600 requests/s, a dependency three times as slow for an hour", Steps: []time.Duration{from + lasts},
		Conditions: func(now time.Duration) plant.Conditions {
			c := plant.Conditions{Load: Base}
			if within(now, from, lasts) {
				c.Slowdown = 3
			}
			return c
		},
	}
}

// unattainable is a target that no size holds.
func unattainable() Load {
	return Load{
		Name: "unattainable", Title: "600 requests/s, a target of 15 ms, which no request meets", Target: 15 * time.Millisecond,
		Conditions: rate(func(time.Duration) float64 { return Base }),
	}
}

// missing is the slow wave, whose metrics cannot be read for five minutes in which the
// load rises.
func missing() Load {
	from := time.Hour
	return Load{
		Name: "missing", Title: "the wave of 60 minutes, metrics missing for 5 minutes of its rise",
		Conditions: rate(wave(time.Hour)),
		Missing:    func(now time.Duration) bool { return within(now, from, 5*time.Minute) },
	}
}

// unready is a constant load, and no pod is ready for two minutes.
func unready() Load {
	from, lasts := Warmup+45*time.Minute, 2*time.Minute
	return Load{
		Name: "unready", Title: "600 requests/s, no pod ready for 2 minutes", Steps: []time.Duration{from + lasts},
		Conditions: func(now time.Duration) plant.Conditions {
			return plant.Conditions{Load: Base, Unready: within(now, from, lasts)}
		},
	}
}

// idle is an hour without a request.
func idle() Load {
	from, lasts := Warmup+20*time.Minute, time.Hour
	return Load{
		Name: "idle", Title: "600 requests/s, none for an hour", Steps: []time.Duration{from + lasts},
		Conditions: rate(func(now time.Duration) float64 {
			if within(now, from, lasts) {
				return 0
			}
			return Base
		}),
	}
}

func rate(of func(time.Duration) float64) func(time.Duration) plant.Conditions {
	return func(at time.Duration) plant.Conditions { return plant.Conditions{Load: of(at)} }
}

// wave is two thirds around the base.
func wave(period time.Duration) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		return Base + 400*math.Sin(2*math.Pi*at.Seconds()/period.Seconds())
	}
}

func within(now, from, lasts time.Duration) bool { return now >= from && now < from+lasts }
