// Package annotations is the product's user interface: the annotation keys,
// their documentation, and the parser that turns them into settings.
package annotations

import (
	"slices"
	"strings"
)

// Prefix begins every key of the product. The admission webhooks' matchConditions
// look for it, so that objects without such a key never cause a call.
const Prefix = "kong.latency/"

// The keys. Documentation is in Keys.
const (
	TargetMS                = Prefix + "target-ms"
	Statistic               = Prefix + "statistic"
	RequestsPerSecondPerPod = Prefix + "requests-per-second-per-pod"
	ConcurrencyPerPod       = Prefix + "concurrency-per-pod"
	MinReplicas             = Prefix + "min-replicas"
	MaxReplicas             = Prefix + "max-replicas"
	Service                 = Prefix + "service"
	Deployment              = Prefix + "deployment"
	Metric                  = Prefix + "metric"
	Behavior                = Prefix + "behavior"
	CPUUtilization          = Prefix + "cpu-utilization"
	OnNoEffect              = Prefix + "on-no-effect"
	Paused                  = Prefix + "paused"
	PreserveReplicas        = Prefix + "preserve-replicas"
	Adopt                   = Prefix + "adopt"
	AttachedBy              = Prefix + "attached-by"
)

// EscapePointer escapes a key as a part of a JSON pointer, see RFC 6901 section 3.
func EscapePointer(key string) string { return pointer.Replace(key) }

var pointer = strings.NewReplacer("~", "~0", "/", "~1")

// Off is the value of TargetMS that declines autoscaling where a policy would
// enable it.
const Off = "off"

// Kind is the kind of object that carries annotations.
type Kind string

// The two kinds that can be annotated.
const (
	OnDeployment Kind = "Deployment"
	OnService    Kind = "Service"
)

// Key is the documentation of one annotation key.
type Key struct {
	// Name is the whole key.
	Name string
	// Kinds lists the kinds of objects that may carry it.
	Kinds []Kind
	// Value describes the allowed values; error messages quote it.
	Value string
	// Default describes what applies if the key is absent.
	Default string
	// Doc describes the effect.
	Doc string
	// Written is true for a key that only the product writes.
	Written bool

	// parse stores the value, and reports whether it is allowed.
	parse func(value string, p *Parsed) bool
}

var both = []Kind{OnDeployment, OnService}

// Keys lists every key in the order of the reference page.
func Keys() []Key {
	return slices.Concat(measuredKeys(), pairingKeys(), scalingKeys())
}

// measuredKeys are about what is measured, and between which sizes it scales.
func measuredKeys() []Key {
	return []Key{
		{
			Name: TargetMS, Kinds: both,
			Value:   "a decimal number of milliseconds greater than 0 and at most 3600000, with up to 3 decimals and no unit, such as 40 or 0.5; or off",
			Default: "no autoscaling, unless a policy attaches it",
			Doc:     "The upstream latency to hold. Putting it on a Deployment or on its Service attaches a HorizontalPodAutoscaler; taking it away detaches it. `off` declines autoscaling in a namespace where a policy attaches it to every Deployment.",
			parse:   parseTarget,
		},
		{
			Name: Statistic, Kinds: both,
			Value:   "one of average, p50, p90, p95, p99",
			Default: "the policy's default, else average",
			Doc:     "Which latency of the requests counts: their average, or the one that this percentage of them stays below. It decides by which metric the workload is scaled, where `kong.latency/metric` does not: `" + metricFamily + "p95` for `p95`. A percentile is known only as exactly as the bounds of the histogram's buckets, so its target should be one of them: 25, 50, 80, 100, 250, 400, 700 or 1000 ms, or more.",
			parse:   parseStatistic,
		},
		{
			Name: RequestsPerSecondPerPod, Kinds: both, Value: LoadAllowed, Default: "the policy's default, else auto with the behavior steady and off with another, or if concurrency-per-pod is set",
			Doc:   "Adds the request rate to the latency: there are enough pods that none gets more requests per second than this. The HorizontalPodAutoscaler follows the metric that needs more replicas, so that it does not scale in below what the load needs while the latency is low. `auto` learns the rate at which the target holds. The metric is `" + RequestsMetric + "`.",
			parse: func(v string, p *Parsed) bool { return parseLoad(v, &p.Settings.RequestsPerSecondPerPod) },
		},
		{
			Name: ConcurrencyPerPod, Kinds: both, Value: LoadAllowed, Default: "the policy's default, else off",
			Doc:   "Adds the number of requests in flight to the latency, as `kong.latency/requests-per-second-per-pod` adds their rate. The metric is `" + ConcurrencyMetric + "`.",
			parse: func(v string, p *Parsed) bool { return parseLoad(v, &p.Settings.ConcurrencyPerPod) },
		},
		{
			Name: MinReplicas, Kinds: both, Value: replicasAllowed, Default: "the policy's default, else 1",
			Doc:   "The fewest replicas. 0 is not allowed: without pods there is no latency to wake them.",
			parse: func(v string, p *Parsed) bool { return parseReplicas(v, &p.Settings.MinReplicas) },
		},
		{
			Name: MaxReplicas, Kinds: both, Value: replicasAllowed, Default: "the policy's default, else 10",
			Doc:   "The most replicas.",
			parse: func(v string, p *Parsed) bool { return parseReplicas(v, &p.Settings.MaxReplicas) },
		},
	}
}

// pairingKeys are about where it is measured.
func pairingKeys() []Key {
	return []Key{
		{
			Name: Service, Kinds: []Kind{OnDeployment},
			Value:   "the name of a Service in the same namespace",
			Default: "the one Service that selects the Deployment's pods",
			Doc:     "The Service whose latency scales this Deployment. Needed when several Services select its pods.",
			parse:   func(v string, p *Parsed) bool { return parseName(v, &p.Settings.Service) },
		},
		{
			Name: Deployment, Kinds: []Kind{OnService},
			Value:   "the name of a Deployment in the same namespace",
			Default: "the one Deployment whose pods the Service selects",
			Doc:     "The Deployment that this Service's latency scales. Needed when the Service selects the pods of several Deployments.",
			parse:   func(v string, p *Parsed) bool { return parseName(v, &p.Settings.Deployment) },
		},
		{
			Name: Metric, Kinds: both,
			Value:   "a metric name of letters, digits, '_', ':', '.' and '-', at most 253 characters",
			Default: "the one of the statistic, else the policy's default, else " + DefaultMetric,
			Doc:     "The metric of the Service, as the custom metrics API names it.",
			parse:   parseMetric,
		},
	}
}

// scalingKeys are about how it scales.
func scalingKeys() []Key {
	return []Key{
		{
			Name: Behavior, Kinds: both,
			Value:   "the name of a behavior profile: steady, responsive, stable, or one of the policy's own",
			Default: "the policy's default, else steady",
			Doc:     "How fast to scale. `responsive` follows the latency within seconds in both directions; `stable` is Kubernetes' own default, which waits 300 s before it scales in; `steady` doubles at most once a minute, and scales in by a tenth per minute after 300 s.",
			parse:   parseBehavior,
		},
		{
			Name: CPUUtilization, Kinds: both,
			Value:   "an integer from 1 to 100, in percent of the CPU request",
			Default: "the policy's default, else none",
			Doc:     "Adds a CPU metric to the latency metric; the HorizontalPodAutoscaler follows the one that needs more replicas.",
			parse:   parseCPU,
		},
		{
			Name: OnNoEffect, Kinds: both,
			Value:   "hold or continue",
			Default: "the policy's default, else hold",
			Doc:     "What to do when more pods do not lower the latency, as when a dependency is slow: `hold` stops scaling out for the latency, `continue` goes on up to the most replicas. It has an effect only where a load per pod is learned.",
			parse:   parseNoEffect,
		},
		{
			Name: Paused, Kinds: both,
			Value:   "one of true, false, scale-in, scale-out",
			Default: "false",
			Doc:     "Stops scaling while the HorizontalPodAutoscaler stays: in both directions (`true`), or in one of them.",
			parse:   parsePaused,
		},
		{
			Name: PreserveReplicas, Kinds: both,
			Value: "true or false", Default: "true",
			Doc:   "Whether applying a manifest again keeps the live number of replicas, as the HorizontalPodAutoscaler set it, instead of the one in the manifest. 0 is always allowed, and so is `kubectl scale`.",
			parse: parsePreserve,
		},
		{
			Name: Adopt, Kinds: both,
			Value: "the name of a HorizontalPodAutoscaler in the same namespace", Default: "none",
			Doc:   "An existing HorizontalPodAutoscaler of this Deployment to adopt in place, instead of creating one. Its previous spec is kept in an annotation and restored on detach.",
			parse: func(v string, p *Parsed) bool { return parseName(v, &p.Settings.Adopt) },
		},
		{
			Name: AttachedBy, Kinds: []Kind{OnDeployment}, Written: true,
			Value:   "the name of a LatencyPolicy, =, and the target that it gave, such as frame=40",
			Default: "the Deployment was not attached by a policy",
			Doc:     "Written by the product, never needed from you: which policy enabled autoscaling of the Deployment where no annotation did, and at which target. As long as `kong.latency/target-ms` has that target it is the policy's, and follows the policy; with any other it is yours.",
			parse:   parseStamp,
		},
	}
}

// metricFamily begins the names of the metrics of the latency, before the statistic.
const metricFamily = "kong_upstream_latency_ms_60s_"

// The metrics that the product's adapter rules make, all of a Service over the last 60
// seconds.
const (
	// DefaultMetric is the one that the adapter rule of Kong's guide makes: the average
	// upstream latency, in milliseconds.
	DefaultMetric = metricFamily + "average"
	// RequestsMetric is the number of requests per second.
	RequestsMetric = "kong_upstream_requests_per_second_60s_average"
	// ConcurrencyMetric is the number of requests that are in flight at a time.
	ConcurrencyMetric = "kong_upstream_concurrency_60s_average"
)
