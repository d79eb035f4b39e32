package main

import (
	"time"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/e2e/gateway"
	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// scenario describes one variant of the demo.
type scenario struct {
	about string
	// notes say what differs from a usual cluster.
	notes []string
	// sync is how often the autoscaler is synced; zero is more often than usual.
	sync time.Duration
	// rules, if set, are additional rules for the adapter.
	rules string
	// metrics are those that the autoscaler has in the end, the latency first, and scaleIn
	// is its stabilization window, which differs between the profiles.
	metrics []string
	scaleIn time.Duration
	// annotate, if set, is an additional annotation for the Deployment, and because says why.
	annotate, because string
	scrape            time.Duration // scrape interval, unless the ServiceMonitor sets another
	perPod            bool          // every ready pod is one echo server
	capacity          gateway.Capacity
	// traffic describes what send starts, and path is the part of the Service that it uses.
	traffic, path string
	send          func(s *stack.Stack, limit time.Duration) *stack.Load
	// goal names the expected result of the traffic, and reached checks it.
	goal    string
	reached func(history []reading) error
	bound   time.Duration // for reaching the goal, from the first value of the metric on
	// hold, if set, is how long the size must then stay and the latency be within the target,
	// while the traffic goes on. Without it, the traffic ends at the goal, and the replicas
	// have to go back to the minimum.
	hold time.Duration
	// result is the last line, before the sizes.
	result string
}

// Bounds of the sample's HorizontalPodAutoscaler.
const (
	minReplicas = 1
	maxReplicas = 10
)

// window is the time that the metrics of all scenarios average over.
const window = time.Minute

// target is the sample's.
const target = 40 * time.Millisecond

// The arrivals of scenario load, in requests a second: quiet for long enough that it shows
// what one pod bears, then a rise to six times as many, then constant. A pod serves 200 a
// second at most, so that at least four are needed.
const (
	few, many = 100.0, 600.0
	quiet     = 80 * time.Second
	rise      = 160 * time.Second
)

func arrivals(since time.Duration) float64 {
	risen := (since - quiet).Seconds() / rise.Seconds()
	return few + (many-few)*min(max(risen, 0), 1)
}

// scenarios by name.
var scenarios = map[string]scenario{
	"seed": {
		about:    "every request lasts 100 ms, whatever the replicas (as in Kong's guide)",
		metrics:  []string{stack.Metric},
		scaleIn:  time.Second,
		annotate: "kong.latency/behavior=responsive",
		because: "The default behavior, steady, follows the load as well and scales in slowly. This\n" +
			"annotation selects that of Kong's guide, which follows the latency within seconds:",
		scrape:  5 * time.Second,
		traffic: "1 client",
		path:    stack.Seed.Path,
		send:    func(s *stack.Stack, limit time.Duration) *stack.Load { return s.Send(stack.Seed, limit) },
		goal:    "10 replicas",
		reached: atMaximum,
		bound:   time.Minute,
		result:  "Annotations in, the autoscaler of Kong's guide out",
	},
	"load": {
		about: "each pod serves 4 requests at once, in 20 ms each; requests arrive whether earlier ones are answered or not",
		notes: []string{
			"Nothing but the target is set: metrics are averages over a minute, and the autoscaler is",
			"synced every 15 s, as everywhere. Only pods start faster than most: they are ready at once.",
		},
		sync:     15 * time.Second,
		rules:    generator.AdapterRuleYAML(generator.Rule{Metric: annotations.RequestsMetric}),
		metrics:  []string{stack.Metric, annotations.RequestsMetric},
		scaleIn:  5 * time.Minute,
		scrape:   5 * time.Second,
		perPod:   true,
		capacity: gateway.Capacity{ServiceTime: 20 * time.Millisecond, Slots: 4, Queue: stack.InFlight},
		traffic:  "100 requests a second, after 80 s more and more, after 4 minutes 600",
		path:     "/",
		send: func(s *stack.Stack, limit time.Duration) *stack.Load {
			return s.Arrive(stack.Arrivals{Path: "/", Rate: arrivals, Target: target}, limit)
		},
		goal:    "settled",
		reached: settledAfter(quiet + rise),
		bound:   quiet + rise + 4*time.Minute,
		hold:    4 * time.Minute,
		result:  "One annotation in, an autoscaler that holds the target out",
	},
}
