package metrics

// The verdicts of admission, most severe first. A call counts under the first that
// applies.
const (
	Errored = "errored"
	Denied  = "denied"
	Patched = "patched"
	Warned  = "warned"
	Allowed = "allowed"
)

// Verdicts returns all values of the label verdict, most severe first.
func Verdicts() []string { return []string{Errored, Denied, Patched, Warned, Allowed} }

// The phases of admission.
const (
	Mutate   = "mutate"
	Validate = "validate"
)

// The servers whose callers are bounded.
const (
	AdmissionServer = "admission"
	MetricsServer   = "metrics"
)

// Why a server refused a connection or a request.
const (
	TooManyConnections = "too_many_connections"
	TooManyBodies      = "too_many_bodies"
	SlowBody           = "slow_body"
	BodyTooLarge       = "body_too_large"
	NoLength           = "no_length"
	NoRequest          = "no_request"
)

// Refusals returns the values of the label reason of Refused for a server.
func Refusals(server string) []string {
	out := []string{TooManyConnections, NoRequest}
	if server == AdmissionServer {
		out = append(out, TooManyBodies, SlowBody, BodyTooLarge, NoLength)
	}
	return out
}

// The states of an enabled workload. It is in one of them.
const (
	Attached = "attached"
	Paused   = "paused"
	Blocked  = "blocked"
)

// WorkloadStates returns all values of the label state.
func WorkloadStates() []string { return []string{Attached, Paused, Blocked} }

// Whether the metric reaches a workload.
const (
	PipelineWorking = "working"
	PipelineBroken  = "broken"
	PipelineUnknown = "unknown"
)

// The labels of the metrics of single workloads.
var (
	namespaceLabel  = Label{"namespace", "namespace of the workload"}
	deploymentLabel = Label{"deployment", "name of the workload"}
	serviceLabel    = Label{"service", "Service whose latency counts; empty while there is none"}
	reasonLabel     = Label{"reason", "one of [the findings](findings.md)"}
	severityLabel   = Label{"severity", "`Error`, `Warning` or `Unknown`"}
	hopLabel        = Label{"hop", "hop of the metric pipeline; empty for settings, policies and pairing"}
)

// The product's metrics, which Product returns.
var (
	Admissions = Metric{
		Name: "kong_latency_admissions_total", Type: Counter,
		Help: "Answered admission calls. The API server makes two calls for a Deployment, one in each phase, and one for other kinds.",
		Labels: []Label{
			{"kind", "`Deployment`, `Service` or `LatencyPolicy`"},
			{"phase", "`mutate` or `validate`"},
			{"operation", "`CREATE`, `UPDATE`, or `other`, for which the shipped webhooks are not called"},
			{"verdict", "The first that applies of `errored`: the call could not be processed; `denied`; `patched`: admitted and changed; `warned`: admitted with warnings, which also say what will be attached; `allowed`: admitted without warnings"},
		},
		Processes: []Process{Webhook},
	}
	AdmissionDuration = Metric{
		Name: "kong_latency_admission_duration_seconds", Type: Histogram,
		Help: "Time to decide an admission call, in seconds, without reading the request and writing the response. Also a native histogram.",
		Labels: []Label{
			{"kind", "as above"},
			{"phase", "as above"},
		},
		// The API server waits three seconds at most.
		Buckets:   []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 3},
		Processes: []Process{Webhook},
	}
	Refused = Metric{
		Name: "kong_latency_refused_total", Type: Counter,
		Help: "Connections and requests that a server refused, or gave up before a request was complete. The API server and Prometheus cause none of them in a healthy cluster.",
		Labels: []Label{
			{"server", "`admission`, which webhooks have, or `metrics`"},
			{"reason", "`too_many_connections`: closed for a new connection; `no_request`: a connection that ended without a request, such as a failed handshake or a port probe; and for admission `too_many_bodies`: answered 503, or closed for another request; `slow_body`: not received in time; `body_too_large`; `no_length`: without Content-Length"},
		},
		Processes: []Process{Webhook, Controller},
	}
	CertificateExpiry = Metric{
		Name: "kong_latency_certificate_expiry_timestamp_seconds", Type: Gauge,
		Help:      "Expiry of the certificate, in seconds since 1970. The serving certificate is renewed after two thirds of its validity.",
		Labels:    []Label{{"certificate", "`serving` or, if known, `authority`"}},
		Processes: []Process{Webhook},
	}
	Findings = Metric{
		Name: "kong_latency_findings", Type: Gauge,
		Help: "Workloads and Services that currently have a finding with this reason. A reason without findings has no series.",
		Labels: []Label{
			reasonLabel, severityLabel, hopLabel,
		},
		Processes: []Process{Controller},
	}
	Workloads = Metric{
		Name: "kong_latency_workloads", Type: Gauge,
		Help:      "Enabled workloads, each in one state. Only the leading controller counts them; the others report 0.",
		Labels:    []Label{{"state", "`attached`; `paused`: attached and kept from scaling in one or both directions; `blocked`: a finding keeps it from being attached or brought up to date"}},
		Processes: []Process{Controller},
	}
	WorkloadInfo = Metric{
		Name: "kong_latency_workload_info", Type: Gauge,
		Help: "Always 1, for each enabled workload. Only the leading controller has them.",
		Labels: []Label{
			namespaceLabel, deploymentLabel, serviceLabel,
			{"horizontalpodautoscaler", "name of its HorizontalPodAutoscaler, as kube-state-metrics has it; empty while there is none"},
			{"output", "kind of the object that scales it; empty while there is none"},
			{"policy", "effective LatencyPolicy; empty without one"},
			{"state", "as in `kong_latency_workloads`"},
			{"pipeline", "`working`; `broken`: an error at a hop, so that the metric does not arrive; `unknown`: something could not be read, or the workload is blocked. What its policy ignores does not count"},
		},
		Processes: []Process{Controller},
	}
	WorkloadTarget = Metric{
		Name: "kong_latency_workload_target_seconds", Type: Gauge,
		Help:      "Target of the latency, in seconds, for each enabled workload that has a plan. Only the leading controller has them.",
		Labels:    []Label{namespaceLabel, deploymentLabel, serviceLabel},
		Processes: []Process{Controller},
	}
	WorkloadFindings = Metric{
		Name: "kong_latency_workload_findings", Type: Gauge,
		Help:      "Findings of this reason that a workload currently has. Only with `--workload-findings-limit`, which bounds the number of series; errors come first.",
		Labels:    []Label{namespaceLabel, deploymentLabel, reasonLabel, severityLabel, hopLabel},
		Processes: []Process{Controller},
	}
	WorkloadFindingsDropped = Metric{
		Name: "kong_latency_workload_findings_dropped", Type: Gauge,
		Help:      "Series of `kong_latency_workload_findings` beyond `--workload-findings-limit`, which are not exposed.",
		Processes: []Process{Controller},
	}
	SnapshotUnread = Metric{
		Name: "kong_latency_snapshot_unread", Type: Gauge,
		Help:      "1 if objects of this kind could not be read, so that findings about them are unknown; 0 if they were read, or if the cluster does not have the kind. LatencyPolicies without their definition are unread.",
		Labels:    []Label{{"kind", "resource and group, as in `servicemonitors.monitoring.coreos.com`; `adapter-configuration` is prometheus-adapter's. While it is 1 for `deployments.apps`, `services`, `horizontalpodautoscalers.autoscaling` or `latencypolicies.kong.latency`, existing autoscalers stay as they are"}},
		Processes: []Process{Webhook, Controller},
	}
	SnapshotDropped = Metric{
		Name: "kong_latency_snapshot_dropped", Type: Gauge,
		Help:      "Objects of this kind that were not read because they are too large, or too many, so that findings about the kind are unknown.",
		Labels:    []Label{{"kind", "resource and group, as in `servicemonitors.monitoring.coreos.com`"}},
		Processes: []Process{Webhook, Controller},
	}
	SnapshotChange = Metric{
		Name: "kong_latency_snapshot_change_timestamp_seconds", Type: Gauge,
		Help:      "Last observed change of an object of the metric pipeline, in seconds since 1970. An old value is not a problem.",
		Processes: []Process{Webhook, Controller},
	}
	SnapshotCheck = Metric{
		Name: "kong_latency_snapshot_check_timestamp_seconds", Type: Gauge,
		Help:      "Last check of the metric pipeline, in seconds since 1970; 0 before the first. It should be seconds ago: what is not watched is checked periodically.",
		Processes: []Process{Webhook, Controller},
	}
	BuildInfo = Metric{
		Name: "kong_latency_build_info", Type: Gauge,
		Help:      "Always 1.",
		Labels:    []Label{{"version", "version of the running program"}},
		Processes: []Process{Webhook, Controller},
	}
)

// Product returns the metrics that the product defines.
func Product() []Metric {
	return []Metric{
		Admissions, AdmissionDuration, Refused, CertificateExpiry, Findings, Workloads,
		WorkloadInfo, WorkloadTarget, WorkloadFindings, WorkloadFindingsDropped,
		SnapshotUnread, SnapshotDropped, SnapshotChange, SnapshotCheck, BuildInfo,
	}
}
