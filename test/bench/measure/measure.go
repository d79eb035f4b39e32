// Package measure runs both sides of a comparison in turn and keeps the result of
// each round. Machines are noisy, so only ratios of figures from the same round count.
package measure

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Side does its work once and returns a figure for each thing measured.
type Side func(ctx context.Context) (Figures, error)

// Figures are the results of one round of one side, by what was measured.
type Figures map[string]float64

// Compared holds the figures of both sides, round by round.
type Compared struct{ Measured, Baseline []Figures }

// InTurn runs both sides in each round. The side that begins alternates, so that
// drift affects both alike.
func InTurn(ctx context.Context, rounds int, measured, baseline Side) (Compared, error) {
	var c Compared
	for round := range rounds {
		order := []func() error{
			func() error { return once(ctx, "kong-latency", measured, &c.Measured) },
			func() error { return once(ctx, "the baseline", baseline, &c.Baseline) },
		}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, side := range order {
			if err := side(); err != nil {
				return Compared{}, fmt.Errorf("round %d of %d: %w", round+1, rounds, err)
			}
		}
	}
	return c, nil
}

func once(ctx context.Context, name string, side Side, into *[]Figures) error {
	figures, err := side(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	*into = append(*into, figures)
	return nil
}

// Of returns the figures of one thing measured, one per round.
func (c Compared) Of(what string) (measured, baseline []float64) {
	return column(c.Measured, what), column(c.Baseline, what)
}

func column(rounds []Figures, what string) []float64 {
	out := make([]float64, 0, len(rounds))
	for _, f := range rounds {
		if v, ok := f[what]; ok {
			out = append(out, v)
		}
	}
	return out
}

// Median returns the middle of the values; 0 if there are none.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Quantile returns the value that a share q of the values, from 0 to 1, does not
// exceed; 0 if there are none. It interpolates linearly.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// Ratios divides round by round; it skips rounds whose baseline is not positive.
func Ratios(measured, baseline []float64) []float64 {
	var out []float64
	for i := range min(len(measured), len(baseline)) {
		if baseline[i] > 0 {
			out = append(out, measured[i]/baseline[i])
		}
	}
	return out
}

// Micros converts durations to microseconds.
func Micros(list []time.Duration) []float64 {
	out := make([]float64, len(list))
	for i, d := range list {
		out[i] = float64(d) / float64(time.Microsecond)
	}
	return out
}
