package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/gateway"
)

// Traffic is a constant load on Service [Echo]: each client sends its next request when
// the last one is answered and its pause is over.
type Traffic struct {
	Path    string // under the gateway's route
	Clients int
	Pause   time.Duration
}

// Seed is the traffic of Kong's guide: each request sleeps for 100 ms, whatever the
// replicas, so that the autoscaler scales to its maximum.
var Seed = Traffic{Path: "/shell?cmd=sleep%200.1", Clients: 1, Pause: time.Second}

// Arrivals is an open load on Service [Echo]: requests arrive whether earlier ones have been
// answered or not.
type Arrivals struct {
	Path   string                            // under the gateway's route
	Rate   func(since time.Duration) float64 // requests a second
	Target time.Duration                     // how long a request should take at most
}

// How long clients wait for an answer, and how many do, before requests fail: less than
// would exhaust the memory or the sockets of this process.
const (
	patience = 10 * time.Second
	InFlight = 2000
)

// Load is running traffic. Stop it with Stop.
type Load = gateway.Load

// Send starts the traffic. It ends automatically after limit, or with the stack.
func (s *Stack) Send(t Traffic, limit time.Duration) *Load {
	return gateway.Traffic{URL: s.GatewayURL() + t.Path, Clients: t.Clients, Pause: t.Pause, Limit: limit}.Start(s.run)
}

// Arrive starts an open load. It ends automatically after limit, or with the stack.
func (s *Stack) Arrive(a Arrivals, limit time.Duration) *Load {
	return gateway.Arrivals{
		URL: s.GatewayURL() + a.Path, Rate: a.Rate, Target: a.Target,
		Patience: patience, InFlight: InFlight, Limit: limit,
	}.Start(s.run)
}

// Await repeats check until it succeeds, for at most bound, and not after something of
// the stack has died. The error names the hop.
func (s *Stack) Await(ctx context.Context, h Hop, bound time.Duration, check func(context.Context) error) error {
	return await(ctx, h, bound, func(ctx context.Context) error {
		if err := s.Alive(); err != nil {
			return err
		}
		return check(ctx)
	})
}

// Flowing waits until the metrics API serves the guide's metric of the traffic.
func (s *Stack) Flowing(ctx context.Context, load *Load) error {
	return s.Await(ctx, API, 2*time.Minute, func(ctx context.Context) error {
		if ok, failed := load.Counts(); ok == 0 {
			return fmt.Errorf("no request was answered with 200, %d failed", failed)
		}
		value, err := s.Value(ctx, Metric)
		if err == nil && value <= 0 {
			err = fmt.Errorf("%s is %v: no request was counted", Metric, value)
		}
		return err
	})
}
