package main

import (
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/gateway"
	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// scenario describes one variant of the demo.
type scenario struct {
	about string
	// rules, if set, are additional rules for the adapter.
	rules  string
	metric string        // that the autoscaler reads in the end
	window time.Duration // that the metric averages over
	// annotate, if set, is an additional annotation for the Deployment.
	annotate string
	scrape   time.Duration // scrape interval, unless the ServiceMonitor sets another
	perPod   bool          // every ready pod is one echo server
	capacity gateway.Capacity
	traffic  stack.Traffic
	// goal names the expected result of the traffic, and reached checks it.
	goal    string
	reached func(history []reading) error
	bound   time.Duration // for reaching the goal, from the first value of the metric on
}

// Bounds of the sample's HorizontalPodAutoscaler.
const (
	minReplicas = 1
	maxReplicas = 10
)

// scenarios by name.
var scenarios = map[string]scenario{
	"seed": {
		about:   "every request lasts 100 ms, whatever the replicas (as in Kong's guide)",
		metric:  stack.Metric,
		window:  time.Minute,
		scrape:  5 * time.Second,
		traffic: stack.Seed,
		goal:    "10 replicas",
		reached: atMaximum,
		bound:   time.Minute,
	},
	// A server handles requests one after the other, 19 ms each. Ten clients without
	// pauses have ten requests in flight, so with n servers each waits for about 10/n:
	// 190 ms with one server, 38 ms with five.
	"load": {
		about:    "each ready pod serves one request at a time, in 19 ms; ten clients never rest",
		rules:    stack.FastRule,
		metric:   stack.FastMetric,
		window:   5 * time.Second,
		annotate: "kong.latency/metric=" + stack.FastMetric,
		scrape:   time.Second,
		perPod:   true,
		capacity: gateway.Capacity{ServiceTime: 19 * time.Millisecond, Queue: 50},
		traffic:  stack.Traffic{Path: "/", Clients: 10},
		goal:     "settled near the target",
		reached:  settled,
		bound:    2 * time.Minute,
	},
}
