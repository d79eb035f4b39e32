package main

import (
	"math"
	"strconv"
)

// format is a value with its unit, as Grafana names units, rounded to three digits.
func format(v float64, unit string) string {
	switch unit {
	case "s":
		return duration(v)
	case "reqps":
		return number(v) + " req/s"
	case "ops":
		return number(v) + " ops/s"
	default:
		return number(v)
	}
}

// number rounds to three digits, and to no less than a thousandth.
func number(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := int(math.Floor(math.Log10(math.Abs(v)))) + 1
	unit := math.Pow10(min(max(3-digits, 0), 3))
	return strconv.FormatFloat(math.Round(v*unit)/unit, 'f', -1, 64)
}

// duration is in the largest unit of which there is at least one.
func duration(seconds float64) string {
	for _, u := range []struct {
		name string
		size float64
	}{{"days", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}} {
		if math.Abs(seconds) >= u.size {
			return number(seconds/u.size) + " " + u.name
		}
	}
	if seconds == 0 {
		return "0 s"
	}
	return number(seconds*1000) + " ms"
}
