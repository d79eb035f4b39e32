// Package scenario holds what control is measured with: workloads, what happens to them,
// and how well that was answered. The pure model and the real controller play the same.
package scenario

import (
	"time"

	"github.com/kong-latency/kong-latency/internal/autoscale/plant"
)

// Plant is a workload.
type Plant struct {
	Name, Title string
	plant.Config
	// Times is how many times the load it has; zero is once.
	Times float64
	// MaxReplicas is the largest size, enough for the largest of the loads.
	MaxReplicas int32
}

// Under returns a load as this plant has it.
func (p Plant) Under(l Load) Load {
	if p.Times == 0 {
		return l
	}
	once := l.Conditions
	l.Conditions = func(at time.Duration) plant.Conditions {
		c := once(at)
		c.Load *= p.Times
		return c
	}
	return l
}

// The plants. All average their metrics over a minute, without the delays of scrapes.
var (
	// FourSlots is a pod of a few workers, the plant of most rows.
	FourSlots = Plant{Name: "slots4", Title: "4 slots of 20 ms", Config: config(4, 20, 20), MaxReplicas: 20}
	// OneSlot is a pod that serves one request at a time: many small pods.
	OneSlot = Plant{Name: "slots1", Title: "1 slot of 20 ms", Config: config(1, 20, 20), MaxReplicas: 70}
	// SixteenSlots is a pod of many workers: few large pods, in which hardly anything waits
	// before all of them are busy.
	SixteenSlots = Plant{Name: "slots16", Title: "16 slots of 30 ms, four times the load", Config: config(16, 30, 20), Times: 4, MaxReplicas: 25}
	// SlowStart is FourSlots with pods that need long until they are ready.
	SlowStart = Plant{Name: "slowstart", Title: "4 slots of 20 ms, pods ready after 90 s", Config: config(4, 20, 90), MaxReplicas: 20}
)

func config(slots int, milliseconds, start time.Duration) plant.Config {
	return plant.Config{
		Slots: slots, Service: milliseconds * time.Millisecond, Start: start * time.Second, Window: time.Minute,
	}
}

// Smallest returns the size of the smallest fleet that holds the target under conditions
// that last, at least 1. Where none can, because a request needs longer without waiting,
// it is the smallest in which requests need at most twice that time.
func Smallest(c plant.Config, under plant.Conditions, target time.Duration) int32 {
	idle, _ := c.Latency(1, plant.Conditions{Slowdown: under.Slowdown})
	if idle >= target {
		target = 2 * idle
	}
	for n := int32(1); ; n++ {
		if latency, ok := c.Latency(n, under); ok && latency <= target {
			return n
		}
	}
}
