package main

import (
	"testing"
	"time"
)

// at each second one reading of the given latency, and replicas that are both wanted
// and ready.
func readings(n int, latency float64, replicas int32) []reading {
	var list []reading
	for i := range n {
		list = append(list, reading{
			at: time.Unix(int64(i), 0), latency: new(latency), target: 40, desired: replicas, ready: replicas,
		})
	}
	return list
}

// then appends later readings to a history.
func then(history []reading, more ...[]reading) []reading {
	for _, list := range more {
		for _, r := range list {
			r.at = history[len(history)-1].at.Add(time.Second)
			history = append(history, r)
		}
	}
	return history
}

func TestGoals(t *testing.T) {
	unready := reading{target: 40, desired: 10, ready: 9}
	silent := readings(1, 0, 5)
	silent[0].latency = nil
	tests := map[string]struct {
		goal    func([]reading) error
		history []reading
		want    bool
	}{
		"maximum: nothing seen yet":          {atMaximum, nil, false},
		"maximum: wanted, not ready":         {atMaximum, []reading{unready}, false},
		"maximum: one less":                  {atMaximum, readings(1, 100, 9), false},
		"maximum":                            {atMaximum, readings(1, 100, 10), true},
		"minimum: still two":                 {atMinimum, readings(1, 0, 2), false},
		"minimum: one of two is gone":        {atMinimum, []reading{{desired: 1, ready: 2}}, false},
		"minimum":                            {atMinimum, readings(1, 0, 1), true},
		"settled: nothing seen yet":          {settled, nil, false},
		"settled: too early":                 {settled, readings(15, 40, 5), false},
		"settled":                            {settled, readings(17, 40, 5), true},
		"settled: a little above the target": {settled, readings(17, 49, 5), true},
		"settled: far above the target":      {settled, readings(17, 51, 5), false},
		"settled: far below the target":      {settled, readings(17, 29, 5), false},
		"settled: at the maximum":            {settled, readings(17, 40, 10), false},
		"settled: at the minimum":            {settled, readings(17, 40, 1), false},
		"settled: changed lately":            {settled, then(readings(20, 40, 6), readings(10, 40, 5)), false},
		"settled: changed long ago":          {settled, then(readings(20, 90, 6), readings(17, 40, 5)), true},
		"settled: no value in between":       {settled, then(readings(20, 40, 5), silent, readings(5, 40, 5)), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.goal(tt.history); (err == nil) != tt.want {
				t.Errorf("got %v, want reached: %v", err, tt.want)
			}
		})
	}
}

func TestReadingLine(t *testing.T) {
	tests := map[string]reading{
		"latency     –      target 40 ms   replicas 1":      {target: 40, desired: 1, ready: 1},
		"latency   103 ms   target 40 ms   replicas 3 → 7":  {target: 40, latency: new(102.7), desired: 7, ready: 3},
		"latency     0 ms   target 40 ms   replicas 10 → 1": {target: 40, latency: new(0.0), desired: 1, ready: 10},
	}
	for want, r := range tests {
		if got := r.line(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
