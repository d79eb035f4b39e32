package report

import (
	"fmt"
	"slices"
)

// judged is the setting whose goals these are.
const judged = "default"

// The goals: at most so many requests over the target, so much more than the smallest fleet,
// and so many rescales an hour where nothing changes.
const (
	mostOver     = 0.02
	mostFleet    = 1.4
	mostRescales = 2
	mostSlow     = 1.5
)

// Loads by what is to be reached with them.
var (
	slowLoads = []string{"constant", "wave60"}
	fastLoads = []string{"wave10", "steps", "spike"}
)

// Misses says which goals the default settings did not reach in a row, with the figures;
// empty if they reached all of them, or were not measured.
func (r Row) Misses() []string {
	d := r.Of(judged)
	if d == nil {
		return nil
	}
	var out []string
	miss := func(missed bool, format string, args ...any) {
		if missed {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	switch name := r.Load.Name; {
	case slices.Contains(slowLoads, name):
		miss(d.Over > mostOver, "%s of the requests are over the target, and at most %s should be", percent(d.Over), percent(mostOver))
		miss(d.Fleet > mostFleet, "the fleet is %.2f times the smallest, and should be at most %.1f times", d.Fleet, mostFleet)
		miss(name == "constant" && d.RescalesPerHour > mostRescales, "it is rescaled %.0f times an hour, and should be at most %d times", d.RescalesPerHour, mostRescales)
	case slices.Contains(fastLoads, name):
		for _, other := range []string{"responsive", "stable", "cpu"} {
			if o := r.Of(other); o != nil {
				miss(d.Over >= o.Over && d.Over > 0, "%s of the requests are over the target, with `%s` %s", percent(d.Over), other, percent(o.Over))
			}
		}
		if stable := r.Of("stable"); stable != nil {
			miss(d.Fleet > stable.Fleet, "the fleet is %.2f times the smallest, with `stable` %.2f times", d.Fleet, stable.Fleet)
		}
	case name == "slow":
		miss(d.Fleet > mostSlow, "the fleet is %.2f times what the load needs, and should be at most %.1f times", d.Fleet, mostSlow)
	case name == "unattainable":
		miss(d.Highest >= r.Plant.MaxReplicas, "it runs to the maximum of %d pods", r.Plant.MaxReplicas)
	}
	if stable := r.Of("stable"); stable != nil {
		miss(d.Over > stable.Over && d.Fleet > stable.Fleet, "it is worse than `stable` on both counts: %s and %.2f, with `stable` %s and %.2f",
			percent(d.Over), d.Fleet, percent(stable.Over), stable.Fleet)
	}
	return out
}
