// Package report tells what was measured: on a terminal, and as a page with graphs.
package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kong-latency/kong-latency/test/bench/measure"
)

// Row is what one row of the benchmark came to.
type Row struct {
	// Name is what ROW= takes; Title says what is measured, and against what.
	Name, Title, Against string
	Lines                []Line
	Graphs               []Graph
	// Why says where the time or memory goes. It is told if a line misses its bound.
	Why string
	// Profiles say where the CPU time of a program went.
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

// String is the profile as a sentence.
func (p Profile) String() string {
	parts := make([]string, len(p.Shares))
	for i, s := range p.Shares {
		parts[i] = fmt.Sprintf("%s %.1f %%", s.Name, 100*s.Of)
	}
	return fmt.Sprintf("CPU time of %s: %s.", p.Of, strings.Join(parts, ", "))
}

// Line is one figure of a row, with what it must reach.
type Line struct {
	What string
	// Unit of the figures; empty for a count.
	Unit string
	// Ours and Floor hold a figure a round. Without Floor the bound is of the figure
	// itself, else of the ratio to it.
	Ours, Floor []float64
	Bound       Bound
}

// Bound is what a figure or ratio must not exceed, and should not. Of a count that
// must be exact both are the same, and Exact is true. The zero value bounds nothing.
type Bound struct {
	Must, Aim float64
	// AtLeast turns it round.
	AtLeast bool
	Exact   bool
	set     bool
}

// AtMost bounds a figure from above.
func AtMost(must, aim float64) Bound { return Bound{Must: must, Aim: aim, set: true} }

// AtLeast bounds a figure from below.
func AtLeast(must, aim float64) Bound { return Bound{Must: must, Aim: aim, AtLeast: true, set: true} }

// Exactly bounds a figure from both sides.
func Exactly(n float64) Bound { return Bound{Must: n, Aim: n, Exact: true, set: true} }

// Verdict is how a line stands to its bound.
type Verdict string

// The verdicts, from best to worst. Unbounded figures are there to be known.
const (
	Unbounded Verdict = ""
	Aim       Verdict = "aim met"
	Must      Verdict = "must met"
	Missed    Verdict = "missed"
)

// Value is what the bound is about: the median, of the figures or of their ratios
// round by round, and the least and the greatest.
func (l Line) Value() (median, least, most float64) {
	values := l.Ours
	if l.Compared() {
		values = measure.Ratios(l.Ours, l.Floor)
	}
	if len(values) == 0 {
		return 0, 0, 0
	}
	return measure.Median(values), slices.Min(values), slices.Max(values)
}

// Compared tells whether the line has a floor.
func (l Line) Compared() bool { return l.Floor != nil }

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
	case meets(b.Aim):
		return Aim
	case meets(b.Must):
		return Must
	default:
		return Missed
	}
}

// Missed tells whether a line of the row misses what it must reach.
func (r Row) Missed() bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Verdict() == Missed })
}

// bound is a bound as people write it, of a value like the line's.
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
