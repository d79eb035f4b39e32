// Package measure runs both sides of a comparison in turn and keeps what each round
// came to. Machines are noisy: only ratios of figures from the same round decide.
package measure

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Side does its work once and returns a figure for each thing measured.
type Side func(ctx context.Context) (Figures, error)

// Figures is what one round of one side came to, by what was measured.
type Figures map[string]float64

// Compared is the figures of both sides, round by round.
type Compared struct{ Ours, Floor []Figures }

// InTurn runs both sides in each of so many rounds. Who begins changes from round
// to round, so that what drifts hits both alike.
func InTurn(ctx context.Context, rounds int, ours, floor Side) (Compared, error) {
	var c Compared
	for round := range rounds {
		order := []func() error{
			func() error { return once(ctx, "kong-latency", ours, &c.Ours) },
			func() error { return once(ctx, "what it is compared with", floor, &c.Floor) },
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

// Of returns the figures of one thing measured, a round each.
func (c Compared) Of(what string) (ours, floor []float64) {
	return column(c.Ours, what), column(c.Floor, what)
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

// Median is the middle of the values; 0 of none.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Quantile is the value that a share q of the values, from 0 to 1, does not exceed;
// 0 of none. Between two values it lies on the line.
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

// Ratios divides round by round; rounds in which the floor is not positive have none.
func Ratios(ours, floor []float64) []float64 {
	var out []float64
	for i := range min(len(ours), len(floor)) {
		if floor[i] > 0 {
			out = append(out, ours[i]/floor[i])
		}
	}
	return out
}

// Micros are durations in microseconds.
func Micros(list []time.Duration) []float64 {
	out := make([]float64, len(list))
	for i, d := range list {
		out[i] = float64(d) / float64(time.Microsecond)
	}
	return out
}
