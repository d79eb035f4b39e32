package main

import "testing"

func TestFigures(t *testing.T) {
	grew := then(readings(3, 100, 1), []reading{{desired: 5, ready: 1}}, readings(2, 20.6, 5))
	tests := map[string]struct {
		history  []reading
		counts   counts
		rescales int
		want     string
	}{
		"growing": {grew, counts{answered: 900, failed: 100, late: 250}, 2,
			"replicas 1 to 5, changed 2 times\nlatency 21 to 100 ms, averages over 60 s\nclients waited longer than 40 ms for 25.00 % of 1000 requests, of which 100 failed\n"},
		"settled": {readings(9, 21, 5), counts{answered: 30000, late: 3}.since(counts{answered: 10000, late: 1}), 0,
			"replicas 5, changed 0 times\nlatency 21 to 21 ms, averages over 60 s\nclients waited longer than 40 ms for 0.01 % of 20000 requests, of which 0 failed\n"},
		"nothing known": {[]reading{{desired: 1, ready: 1}}, counts{}, 0,
			"replicas 1, changed 0 times\nlatency –, averages over 60 s\nclients waited longer than 40 ms for 0.00 % of 0 requests, of which 0 failed\n"},
	}
	for name, tt := range tests {
		if got := figures(tt.history, tt.counts, tt.rescales); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, tt.want)
		}
	}
}
