package annotations

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Auto is the value of a load annotation that has the load per pod learned.
const Auto = "auto"

// Load is the value of a load annotation: a load per pod, that it is learned, or none. The
// zero value is none.
type Load struct {
	// Auto is true if the load per pod is learned.
	Auto bool
	// PerPod is the load that one pod is to get; nil if it is learned, or there is none.
	PerPod *resource.Quantity
}

// Off reports whether the load is not to count.
func (l Load) Off() bool { return !l.Auto && l.PerPod == nil }

// String is the load as a value of its annotation.
func (l Load) String() string {
	switch {
	case l.Auto:
		return Auto
	case l.PerPod != nil:
		return FormatTarget(*l.PerPod)
	default:
		return Off
	}
}

// ParseLoad reads the value of a load annotation; ok is false if it is not allowed.
func ParseLoad(value string) (l Load, ok bool) {
	switch value {
	case Off:
		return Load{}, true
	case Auto:
		return Load{Auto: true}, true
	}
	if !decimal.MatchString(value) {
		return Load{}, false
	}
	q, err := resource.ParseQuantity(value)
	if err != nil || q.Sign() <= 0 || q.Cmp(maxLoad) > 0 {
		return Load{}, false
	}
	return Load{PerPod: &q}, true
}

// LoadAllowed describes the values of a load annotation.
const LoadAllowed = "a decimal number greater than 0 and at most 1000000, with up to 3 decimals, such as 12 or 2.8; or auto, or off"

func parseLoad(value string, to **Load) bool {
	l, ok := ParseLoad(value)
	if ok {
		*to = &l
	}
	return ok
}

// LatencyStatistic says which latency of the requests counts.
type LatencyStatistic string

// The values of the statistic annotation.
const (
	Average LatencyStatistic = "average"
	P50     LatencyStatistic = "p50"
	P90     LatencyStatistic = "p90"
	P95     LatencyStatistic = "p95"
	P99     LatencyStatistic = "p99"
)

// Statistics lists the statistics, the default first.
func Statistics() []LatencyStatistic { return []LatencyStatistic{Average, P50, P90, P95, P99} }

// buckets are the upper bounds of Kong's histograms of the upstream latency, in milliseconds,
// as its Prometheus plugin has them since 3.0.
var buckets = []float64{25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10000, 30000, 60000}

// Buckets are the latencies in milliseconds at which a percentile is known exactly.
func Buckets() []float64 { return slices.Clone(buckets) }

// Metric is the metric of this statistic, as the product's own adapter rules name it.
func (s LatencyStatistic) Metric() string {
	if s == "" {
		s = Average
	}
	return metricFamily + string(s)
}

// Quantile is the part of the requests that are at least as fast, such as "0.95"; empty for
// the average.
func (s LatencyStatistic) Quantile() string {
	switch s {
	case P50:
		return "0.5"
	case P90:
		return "0.9"
	case P95:
		return "0.95"
	case P99:
		return "0.99"
	default:
		return ""
	}
}

// NoEffect says what happens when further pods do not lower the latency.
type NoEffect string

// The values of the annotation on-no-effect.
const (
	NoEffectHold     NoEffect = "hold"     // stop adding pods
	NoEffectContinue NoEffect = "continue" // go on up to the most replicas
)

func parseStatistic(value string, p *Parsed) bool {
	switch s := LatencyStatistic(value); s {
	case Average, P50, P90, P95, P99:
		p.Settings.Statistic = s
		return true
	default:
		return false
	}
}

func parseNoEffect(value string, p *Parsed) bool {
	switch n := NoEffect(value); n {
	case NoEffectHold, NoEffectContinue:
		p.Settings.OnNoEffect = n
		return true
	default:
		return false
	}
}
