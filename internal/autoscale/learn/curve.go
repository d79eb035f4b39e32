package learn

import "math"

// Curve is what is known about the latency over the load per pod, in milliseconds and
// requests a second per pod. Zeros are unknown.
type Curve struct {
	// Unloaded is the latency without waiting.
	Unloaded float64 `json:"u,omitempty"`
	// Met is the highest load at which the target was met, Failed the lowest at which
	// it was missed.
	Met    float64 `json:"h,omitempty"`
	Failed float64 `json:"f,omitempty"`
	// Fitted is the load at which the latency reaches the target by the fitted curve, and
	// Waiting the waiting time that it was fitted at, as a share of the unloaded latency.
	Fitted  float64 `json:"e,omitempty"`
	Waiting float64 `json:"w,omitempty"`
}

func (c Curve) rounded() Curve {
	return Curve{rounded(c.Unloaded), rounded(c.Met), rounded(c.Failed), rounded(c.Fitted), rounded(c.Waiting)}
}

// Limit returns the load per pod that is taken for the highest at which the target holds, in
// requests a second; 0 if it is not known.
func (c Curve) Limit() float64 {
	if c.Met == 0 || c.Fitted == 0 && c.Failed == 0 {
		return 0
	}
	limit := c.Fitted
	if limit == 0 {
		limit = c.Met + between*(c.Failed-c.Met)
	}
	if c.Failed > 0 {
		limit = min(limit, c.Failed*0.98)
	}
	return min(limit, c.Met*extrapolate)
}

// fit finds the load at which the latency reaches the target, if requests wait visibly.
func (c *Curve) fit(x Sample, m measurement, target, scatter float64) {
	waiting := m.latency/c.Unloaded - 1
	if waiting < visible+visibleScatter*scatter || waiting < c.Waiting/2 {
		return
	}
	work := m.load * c.Unloaded / 1000
	k := servers(work, waiting)
	fitted := capacity(k, target/c.Unloaded-1) / (c.Unloaded / 1000) / float64(x.Replicas)
	if fitted < plausible*c.Met {
		return // it is not the load that makes it slow
	}
	c.Fitted, c.Waiting = fitted, waiting
}

// wait is the mean waiting time in a queue before k servers, as a multiple of the service
// time, by Sakasegawa's approximation. work is the load in servers: requests a second times
// seconds of service. It is infinite from full utilization on.
func wait(work, k float64) float64 {
	if work >= k {
		return math.Inf(1)
	}
	u := work / k
	return math.Pow(u, math.Sqrt(2*(k+1))-1) / (k * (1 - u))
}

// servers is the number of servers at which work waits that long. It need not be whole.
func servers(work, waiting float64) float64 {
	low, high := work, 2*work+2
	for wait(work, high) > waiting {
		high *= 2
	}
	for range 50 {
		if mid := (low + high) / 2; wait(work, mid) > waiting {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// capacity is the work at which k servers have that waiting time.
func capacity(k, waiting float64) float64 {
	low, high := 0.0, k
	for range 50 {
		if mid := (low + high) / 2; wait(mid, k) > waiting {
			high = mid
		} else {
			low = mid
		}
	}
	return low
}
