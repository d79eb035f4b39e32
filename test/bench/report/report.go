// Package report presents measurements on a terminal, and as a page with graphs.
package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/test/bench/measure"
)

// Row is the result of one row of the benchmark.
type Row struct {
	// Name selects the row by ROW=; Title says what is measured, Against the baseline.
	Name, Title, Against string
	Lines                []Line
	Graphs               []Graph
	// Why says where the time or memory goes. It is shown if a line misses its budget.
	Why string
	// Profiles show where the CPU time of programs went.
	Profiles []Profile
	// Failed says why there are no figures; empty if there are.
	Failed string
}

// Profile is where the CPU time of a program went.
type Profile struct {
	// Of names the program, and what it did.
	Of     string
	Shares []measure.Share
}

// String returns the profile as a sentence.
func (p Profile) String() string {
	parts := make([]string, len(p.Shares))
	for i, s := range p.Shares {
		parts[i] = fmt.Sprintf("%s %.1f %%", s.Name, 100*s.Of)
	}
	return fmt.Sprintf("CPU time of %s: %s.", p.Of, strings.Join(parts, ", "))
}

// Line is one figure of a row, with its budget and goal.
type Line struct {
	What string
	// Unit of the figures; empty for a count.
	Unit string
	// Measured and Baseline hold one figure per round. The bound applies to the ratio of
	// the two, or to Measured if there is no Baseline.
	Measured, Baseline []float64
	Bound              Bound
}

// Bound is the budget that a figure or ratio must reach and the goal that it is meant
// to reach. If Exact is true, both are the exact value. The zero value bounds nothing.
type Bound struct {
	Budget, Goal float64
	// AtLeast makes them lower bounds instead of upper bounds.
	AtLeast bool
	Exact   bool
	set     bool
}

// AtMost bounds a figure from above.
func AtMost(budget, goal float64) Bound { return Bound{Budget: budget, Goal: goal, set: true} }

// AtLeast bounds a figure from below.
func AtLeast(budget, goal float64) Bound {
	return Bound{Budget: budget, Goal: goal, AtLeast: true, set: true}
}

// Exactly bounds a figure from both sides.
func Exactly(n float64) Bound { return Bound{Budget: n, Goal: n, Exact: true, set: true} }

// Verdict says how a line compares with its bound.
type Verdict string

// The verdicts, from best to worst. Unbounded figures are informational.
const (
	Unbounded Verdict = ""
	Goal      Verdict = "goal met"
	Budget    Verdict = "budget met"
	Missed    Verdict = "missed"
)

// Value returns what the bound applies to, the median of the figures or of their
// ratios round by round, with the minimum and the maximum.
func (l Line) Value() (median, least, most float64) {
	values := l.Measured
	if l.Compared() {
		values = measure.Ratios(l.Measured, l.Baseline)
	}
	if len(values) == 0 {
		return 0, 0, 0
	}
	return measure.Median(values), slices.Min(values), slices.Max(values)
}

// Compared reports whether the line has a baseline.
func (l Line) Compared() bool { return l.Baseline != nil }

// Verdict judges the median.
func (l Line) Verdict() Verdict {
	v, _, _ := l.Value()
	b := l.Bound
	meets := func(bound float64) bool {
		switch {
		case b.Exact:
			return v == bound
		case b.AtLeast:
			return v >= bound
		default:
			return v <= bound
		}
	}
	switch {
	case !b.set:
		return Unbounded
	case meets(b.Goal):
		return Goal
	case meets(b.Budget):
		return Budget
	default:
		return Missed
	}
}

// Missed reports whether a line of the row misses its budget.
func (r Row) Missed() bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Verdict() == Missed })
}

// bound formats a bound in the unit of the line's value.
func (l Line) bound(v float64) string {
	b := l.Bound
	if !b.set {
		return ""
	}
	sign := "≤ "
	switch {
	case b.Exact:
		sign = ""
	case b.AtLeast:
		sign = "≥ "
	}
	if l.Compared() {
		return sign + fmt.Sprintf("%g ×", v)
	}
	return sign + withUnit(fmt.Sprintf("%g", v), l.Unit)
}

func withUnit(figure, unit string) string {
	if unit == "" {
		return figure
	}
	return figure + " " + unit
}

// round writes a figure with three significant digits.
func round(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0:
		return "-" + round(-v)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}
