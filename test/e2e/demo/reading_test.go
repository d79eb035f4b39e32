package main

import (
	"errors"
	"testing"
	"time"
)

// at each second one reading of the given latency, and replicas that are both wanted
// and ready.
func readings(n int, latency float64, replicas int32) []reading {
	var list []reading
	for i := range n {
		list = append(list, reading{
			at: time.Unix(int64(i), 0), latency: new(latency), desired: replicas, ready: replicas,
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
	settled := settledAfter(100 * time.Second)
	unready := reading{desired: 10, ready: 9}
	silent := readings(1, 0, 5)
	silent[0].latency, silent[0].why = nil, errors.New("no value")
	begin := readings(100, 20, 1)
	tests := map[string]struct {
		goal    func([]reading) error
		history []reading
		want    bool
	}{
		"maximum: nothing seen yet":             {atMaximum, nil, false},
		"maximum: wanted, not ready":            {atMaximum, []reading{unready}, false},
		"maximum: one less":                     {atMaximum, readings(1, 100, 9), false},
		"maximum":                               {atMaximum, readings(1, 100, 10), true},
		"minimum: still two":                    {atMinimum, readings(1, 0, 2), false},
		"minimum: one of two is gone":           {atMinimum, []reading{{desired: 1, ready: 2}}, false},
		"minimum":                               {atMinimum, readings(1, 0, 1), true},
		"settled: nothing seen yet":             {settled, nil, false},
		"settled: traffic still rises":          {settled, readings(160, 20, 5), false},
		"settled":                               {settled, readings(161, 20, 5), true},
		"settled: at the target":                {settled, readings(161, 40, 5), true},
		"settled: at the maximum":               {settled, readings(161, 20, 10), false},
		"settled: at the minimum":               {settled, readings(161, 20, 1), false},
		"settled: changed lately":               {settled, then(begin, readings(60, 20, 6), readings(60, 20, 5)), false},
		"settled: changed long ago":             {settled, then(begin, readings(60, 20, 6), readings(61, 20, 5)), true},
		"settled: above the target for a while": {settled, then(begin, readings(40, 20, 5), readings(1, 41, 5), readings(40, 20, 5)), false},
		"settled: above the target before that": {settled, then(begin, readings(1, 41, 5), readings(61, 20, 5)), true},
		"settled: no value in between":          {settled, then(begin, readings(40, 20, 5), silent, readings(40, 20, 5)), false},
		"kept":                                  {kept, readings(100, 20, 5), true},
		"kept: a pod more for a while":          {kept, then(readings(50, 20, 5), readings(5, 20, 6), readings(50, 20, 5)), false},
		"kept: a pod was not ready":             {kept, then(readings(50, 20, 5), []reading{{latency: new(20.0), desired: 5, ready: 4}}, readings(50, 20, 5)), false},
		"kept: above the target for a moment":   {kept, then(readings(50, 20, 5), readings(1, 41, 5), readings(50, 20, 5)), false},
		"kept: no value for a moment":           {kept, then(readings(50, 20, 5), silent, readings(50, 20, 5)), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.goal(tt.history); (err == nil) != tt.want {
				t.Errorf("got %v, want reached: %v", err, tt.want)
			}
		})
	}
}

func TestArrivalsRiseAndStay(t *testing.T) {
	for since, want := range map[time.Duration]float64{
		0: 100, quiet: 100, quiet + rise/2: 350, quiet + rise: 600, time.Hour: 600,
	} {
		if got := arrivals(since); got != want {
			t.Errorf("after %s: %v a second, want %v", since, got, want)
		}
	}
}

func TestReadingLine(t *testing.T) {
	tests := map[string]reading{
		"latency     –      target 40 ms   replicas 1":                  {desired: 1, ready: 1},
		"latency   103 ms   target 40 ms   replicas 3 → 7":              {latency: new(102.7), desired: 7, ready: 3},
		"latency     0 ms   target 40 ms   replicas 10 → 1":             {latency: new(0.0), desired: 1, ready: 10},
		"latency    21 ms   target 40 ms   load 598/s   replicas 3 → 5": {latency: new(21.3), load: new(598.2), desired: 5, ready: 3},
	}
	for want, r := range tests {
		if got := r.line(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
