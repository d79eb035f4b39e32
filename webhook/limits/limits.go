// Package limits bounds what the callers of the admission server can cost it. Only the
// API server is meant to call, but whoever reaches the port can connect, and nothing is
// known of a caller but its address, unless client certificates are required.
//
// Connections and bodies in flight are budgets. Where one is used up, the caller that
// has the most of it loses what it keeps waiting the longest, so that somebody who opens
// thousands of connections, or withholds thousands of bodies, displaces himself and not
// the API server.
package limits

import (
	"time"

	"golang.org/x/sync/semaphore"
)

// Sizes are the bounds.
type Sizes struct {
	// Connections is how many may be open. In addition, the one that is displaced by a
	// new one may still be closing.
	Connections int64
	// BodyBytes is the size of the largest body that is read.
	BodyBytes int64
	// SmallBytes is the size up to which a body is small. Small and large bodies have
	// separate budgets: large ones are rare, and must not be in the way of the others.
	SmallBytes int64
	// Small and Large are the budgets of bodies.
	Small, Large BodySizes
	// Patience is how long a client may keep the server waiting before somebody else can
	// displace it who does not have less of the budget.
	Patience time.Duration
	// BodyTime is the time in which every body must have been received; large ones have
	// more in proportion to BodyBytes, up to three times that.
	BodyTime time.Duration
}

// BodySizes bound the bodies of one class.
type BodySizes struct {
	// Read is how many bytes may be in flight, counted by Content-Length from before a
	// body is read until its review is answered.
	Read int64
	// Decoded is how many bytes of complete bodies are processed at the same time. What
	// is made of a body can have many times its size.
	Decoded int64
}

// Default returns the bounds of the shipped webhook, which fit its memory limit of
// 512 MiB beside the caches. test/faults measures them under attack.
func Default() Sizes {
	return Sizes{
		// An API server keeps 25 idle connections and opens one more for every call that
		// it makes at the same time, at most a few hundred. A connection costs about
		// 40 KiB, so that all cost 40 MiB.
		Connections: 1024,
		// A review contains an object and its old state, each of which the API server
		// bounds at 3 MiB, and a little more.
		BodyBytes: 8 << 20,
		// A Deployment has 10 KiB; annotations may have 256 KiB.
		SmallBytes: 256 << 10,
		// Three thousand usual reviews; a hundred of them at a time keep every core busy.
		Small: BodySizes{Read: 32 << 20, Decoded: 1 << 20},
		// Four of the largest reviews, one at a time.
		Large: BodySizes{Read: 32 << 20, Decoded: 8 << 20},
		// A handshake or a body needs milliseconds.
		Patience: 250 * time.Millisecond,
		// The largest body has 3 seconds, after which the API server gives up the call.
		BodyTime: time.Second,
	}
}

// Limits enforces Sizes for one server.
type Limits struct {
	*Connections
	sizes        Sizes
	small, large class
}

// class is the budgets of small or of large bodies.
type class struct {
	read    *budget
	decoded *semaphore.Weighted
}

// New returns limits of these sizes. The function refuse is called with the reason for
// everything that is refused, one of metrics.Refusals.
func New(s Sizes, refuse func(reason string)) *Limits {
	return &Limits{
		Connections: NewConnections(s.Connections, s.Patience, refuse),
		sizes:       s,
		small:       newClass(s.Small, s.Patience),
		large:       newClass(s.Large, s.Patience),
	}
}

func newClass(s BodySizes, patience time.Duration) class {
	return class{newBudget(s.Read, patience), semaphore.NewWeighted(s.Decoded)}
}
