// Package compressed is time that passes faster than the clock: what a cluster does in 15
// seconds happens within 2.
package compressed

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/autoscale"
)

// Factor is how many times faster. The HPA controller reads every 15 seconds by default,
// and every 2 seconds here.
const Factor = 7.5

// Clock measures the compressed time since a start.
type Clock struct{ start time.Time }

// NewClock returns a clock that starts now.
func NewClock() Clock { return Clock{start: time.Now()} }

// Since returns how much compressed time has passed.
func (c Clock) Since() time.Duration { return time.Duration(float64(time.Since(c.start)) * Factor) }

// Real returns how long a compressed duration lasts.
func Real(d time.Duration) time.Duration { return time.Duration(float64(d) / Factor) }

// Options returns the options of the HPA controller, which are its defaults in compressed
// time.
func Options() autoscale.Options {
	o := autoscale.DefaultOptions()
	for _, d := range []*time.Duration{&o.SyncPeriod, &o.DownscaleStabilization, &o.CPUInitializationPeriod, &o.InitialReadinessDelay} {
		*d = Real(*d)
	}
	return o
}

// Behavior returns a behavior in compressed time. Periods are at least a second, the
// smallest that there is: less than the time between two reads, as what it stands for.
func Behavior(b autoscalingv2.HorizontalPodAutoscalerBehavior) autoscalingv2.HorizontalPodAutoscalerBehavior {
	out := *b.DeepCopy()
	for _, rules := range []*autoscalingv2.HPAScalingRules{out.ScaleUp, out.ScaleDown} {
		if rules == nil {
			continue
		}
		if w := rules.StabilizationWindowSeconds; w != nil {
			rules.StabilizationWindowSeconds = ptr.To(seconds(*w))
		}
		for i := range rules.Policies {
			rules.Policies[i].PeriodSeconds = max(seconds(rules.Policies[i].PeriodSeconds), 1)
		}
	}
	return out
}

func seconds(n int32) int32 { return int32(math.Round(float64(n) / Factor)) }
