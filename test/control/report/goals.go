package report

import (
	"fmt"
	"maps"
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

// reasons say why a goal can be missed, by the loads that they are about.
var reasons = []struct {
	loads []string
	text  string
}{
	{[]string{"wave60", "wave10"}, "Where the load falls, scale-in waits for five minutes and then removes a tenth a minute. Under\n" +
		"  the wave of an hour the fleet is that much late. Under the wave of ten minutes it stays near\n" +
		"  the peak, as half a wave is no longer than the wait; and pods have a margin for a load that\n" +
		"  once grew faster than pods start."},
	{[]string{"steps"}, "The pods that there are when the load doubles at once have to do until others are ready, and\n" +
		"  the fleet is little larger than the smallest. Settings that keep more pods around miss less."},
	{[]string{"spike"}, "A spike of two minutes is over before new pods could help much. The pods that there were when\n" +
		"  it came decide, and `stable` keeps more of them around."},
	{[]string{"slow"}, "A slow dependency is answered by some steps of growth before it is known that they do not\n" +
		"  help, and the pods go as slowly as they always do."},
}

// Reasons say why goals were missed; empty if none was. What there is no reason for is said as
// well.
func (r Run) Reasons() []string {
	var out []string
	missed := map[string]bool{}
	for _, row := range r.Rows() {
		if len(row.Misses()) > 0 {
			missed[row.Load.Name] = true
		}
	}
	for _, reason := range reasons {
		applies := false
		for _, load := range reason.loads {
			applies = applies || missed[load]
			delete(missed, load)
		}
		if applies {
			out = append(out, reason.text)
		}
	}
	for _, load := range slices.Sorted(maps.Keys(missed)) {
		out = append(out, fmt.Sprintf("No reason is known for what was missed under the load `%s`.", load))
	}
	return out
}
