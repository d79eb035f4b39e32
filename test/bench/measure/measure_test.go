package measure_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kong-latency/kong-latency/test/bench/measure"
)

func TestInTurn(t *testing.T) {
	var order []string
	side := func(name string) measure.Side {
		return func(context.Context) (measure.Figures, error) {
			order = append(order, name)
			return measure.Figures{"calls": float64(len(order))}, nil
		}
	}
	got, err := measure.InTurn(t.Context(), 3, side("measured"), side("baseline"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"measured", "baseline", "baseline", "measured", "measured", "baseline"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
	measured, baseline := got.Of("calls")
	if d := cmp.Diff([][]float64{{1, 4, 5}, {2, 3, 6}}, [][]float64{measured, baseline}); d != "" {
		t.Errorf("figures (-want +got):\n%s", d)
	}
	broken := errors.New("broken")
	_, err = measure.InTurn(t.Context(), 1, side("measured"), func(context.Context) (measure.Figures, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestQuantile(t *testing.T) {
	tests := map[string]struct {
		values []float64
		q      float64
		want   float64
	}{
		"none":         {nil, 0.5, 0},
		"one":          {[]float64{7}, 0.99, 7},
		"odd median":   {[]float64{3, 1, 2}, 0.5, 2},
		"even median":  {[]float64{4, 1, 2, 3}, 0.5, 2.5},
		"the greatest": {[]float64{4, 1, 2, 3}, 1, 4},
	}
	for name, tt := range tests {
		if got := measure.Quantile(tt.values, tt.q); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestRatios(t *testing.T) {
	got := measure.Ratios([]float64{2, 3, 9}, []float64{1, 0, 3})
	if d := cmp.Diff([]float64{2, 3}, got); d != "" {
		t.Errorf("ratios (-want +got):\n%s", d)
	}
}

func TestOwnProcess(t *testing.T) {
	now, peak, err := measure.Resident(os.Getpid())
	if err != nil {
		t.Skip("only on Linux: ", err)
	}
	if now <= 0 || peak < now {
		t.Errorf("resident %v, at most %v", now, peak)
	}
	if used, err := measure.CPU(os.Getpid()); err != nil || used <= 0 {
		t.Errorf("processor time %v, %v", used, err)
	}
	if _, err := measure.CPU(-1); err == nil {
		t.Error("a process that does not exist has processor time")
	}
}
