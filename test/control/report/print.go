package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// shown is the number of deviations of a case that are printed.
const shown = 3

// Print prints the results on a terminal.
func (r Run) Print(w io.Writer) {
	fmt.Fprintf(w, "\n%-32s %7s %8s %6s %6s %10s  %s\n", "", "% over", "pods", "mean", "fleet", "rescales/h", "recovered")
	for _, c := range r.Results {
		fmt.Fprintf(w, "%-32s %7.1f %3d…%-4d %6.1f %6.2f %10.0f  %s\n", c.Name(), 100*c.Over, c.Lowest, c.Highest, c.Mean, c.Fleet,
			c.RescalesPerHour, recovery(c.Recoveries))
		for i, d := range c.Syncs.Deviations {
			if i < shown {
				fmt.Fprintf(w, "    differs: %s\n", d)
			}
		}
		if c.Syncs.Err != nil {
			fmt.Fprintf(w, "    %v\n", c.Syncs.Err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.NotReady)) {
		fmt.Fprintf(w, "%s is not ready: %s\n", name, r.NotReady[name])
	}
	fmt.Fprintf(w, "\n%d decisions compared with the pure algorithm, %d differ; a sync every %s, of the slowest case %s; pods moved at most %s late\n",
		r.Compared(), r.Differ(), r.Every().Mean, r.Every().Slowest, r.Latest.Round(time.Millisecond))
}
