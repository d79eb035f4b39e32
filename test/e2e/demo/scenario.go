package main

import (
	_ "embed"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/gateway"
	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// loadRule is a further rule for the adapter.
//
//go:embed rules/load.yaml
var loadRule string

// scenario is what differs between one demo and another.
type scenario struct {
	about string
	// rules, if set, are further rules for the adapter.
	rules  string
	metric string        // that the autoscaler reads at last
	window time.Duration // that the metric averages over
	// annotate, if set, is a further annotation for the Deployment.
	annotate string
	scrape   time.Duration // interval of Prometheus, where no ServiceMonitor says another
	perPod   bool          // every ready pod is one echo server
	capacity gateway.Capacity
	traffic  stack.Traffic
	// goal names what the traffic leads to, and reached tells when it has.
	goal    string
	reached func(history []reading) error
	bound   time.Duration // for reaching the goal, from the first value of the metric on
}

// Of the HorizontalPodAutoscaler that the sample's one annotation makes.
const (
	minReplicas = 1
	maxReplicas = 10
)

// scenarios by name.
var scenarios = map[string]scenario{
	"seed": {
		about:   "every request takes 100 ms, whatever the replicas (as in Kong's guide)",
		metric:  stack.Metric,
		window:  time.Minute,
		scrape:  5 * time.Second,
		traffic: stack.Seed,
		goal:    "10 replicas",
		reached: atMaximum,
		bound:   time.Minute,
	},
	// One server answers a request in 19 ms, one after the other. Ten clients
	// that never rest have ten requests under way, so with n servers each waits
	// for about 10/n: 190 ms for one server, 38 ms for five.
	"load": {
		about:    "each ready pod serves one request at a time, in 19 ms; ten clients never rest",
		rules:    loadRule,
		metric:   "kong_upstream_latency_ms_5s_average",
		window:   5 * time.Second,
		annotate: "kong.latency/metric=kong_upstream_latency_ms_5s_average",
		scrape:   time.Second,
		perPod:   true,
		capacity: gateway.Capacity{ServiceTime: 19 * time.Millisecond, Queue: 50},
		traffic:  stack.Traffic{Path: "/", Clients: 10},
		goal:     "settled near the target",
		reached:  settled,
		bound:    2 * time.Minute,
	},
}
