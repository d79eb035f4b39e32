package metrics

import "slices"

// The verdicts of admission, gravest first. An answer counts by the first that holds.
const (
	Errored = "errored"
	Denied  = "denied"
	Patched = "patched"
	Warned  = "warned"
	Allowed = "allowed"
)

// Verdicts are all values of the label verdict, gravest first.
func Verdicts() []string { return []string{Errored, Denied, Patched, Warned, Allowed} }

// The phases of admission.
const (
	Mutate   = "mutate"
	Validate = "validate"
)

// The states of a workload that asks for autoscaling. It is in one of them.
const (
	Attached = "attached"
	Paused   = "paused"
	Blocked  = "blocked"
)

// WorkloadStates are all values of the label state.
func WorkloadStates() []string { return []string{Attached, Paused, Blocked} }

// What Ours returns.
var (
	Admissions = Metric{
		Name: "kong_latency_admissions_total", Type: Counter,
		Help: "Admission calls that were answered. The API server makes two calls for a Deployment, one in each phase, and one for others.",
		Labels: []Label{
			{"kind", "`Deployment`, `Service` or `LatencyPolicy`"},
			{"phase", "`mutate` or `validate`"},
			{"operation", "`CREATE`, `UPDATE`, or `other`, for which the shipped webhooks are not called"},
			{"verdict", "`errored`: the call could not be understood; `denied`; `patched`: admitted, and changed; `warned`: admitted with warnings, which also tell what will be attached; `allowed`: admitted in silence. The first that holds"},
		},
		Processes: []Process{Webhook},
	}
	AdmissionDuration = Metric{
		Name: "kong_latency_admission_duration_seconds", Type: Histogram,
		Help: "Time to come to an answer, in seconds, without reading and writing it. Also a native histogram.",
		Labels: []Label{
			{"kind", "as above"},
			{"phase", "as above"},
		},
		// The API server waits three seconds at most.
		Buckets:   []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 3},
		Processes: []Process{Webhook},
	}
	CertificateExpiry = Metric{
		Name: "kong_latency_certificate_expiry_timestamp_seconds", Type: Gauge,
		Help:      "When the certificate ends, in seconds since 1970. The serving one is renewed at two thirds of its life.",
		Labels:    []Label{{"certificate", "`serving` or, where it is known, `authority`"}},
		Processes: []Process{Webhook},
	}
	Findings = Metric{
		Name: "kong_latency_findings", Type: Gauge,
		Help: "Workloads and Services that have a finding with this reason now. A reason that nothing has has no series.",
		Labels: []Label{
			{"reason", "one of [the findings](findings.md)"},
			{"severity", "`Error`, `Warning` or `Unknown`"},
			{"hop", "where on the metric's way; empty for settings, policies and pairing"},
		},
		Processes: []Process{Controller},
	}
	Workloads = Metric{
		Name: "kong_latency_workloads", Type: Gauge,
		Help:      "Workloads that ask for autoscaling, or get it from a policy, each in one state. Only the controller that holds the lease counts them; others tell 0.",
		Labels:    []Label{{"state", "`attached`; `paused`: attached and kept from scaling in one or both directions; `blocked`: a finding keeps it from being attached or brought up to date"}},
		Processes: []Process{Controller},
	}
	SnapshotUnread = Metric{
		Name: "kong_latency_snapshot_unread", Type: Gauge,
		Help:      "1 if objects of this kind could not be read, so that nothing is concluded about them; 0 if they were, or if the cluster does not have the kind.",
		Labels:    []Label{{"kind", "resource and group, as in `servicemonitors.monitoring.coreos.com`; `adapter-configuration` is that of prometheus-adapter"}},
		Processes: []Process{Webhook, Controller},
	}
	SnapshotChange = Metric{
		Name: "kong_latency_snapshot_change_timestamp_seconds", Type: Gauge,
		Help:      "When something on the metric's way was last seen to change, in seconds since 1970. That it is long ago is no sign of trouble.",
		Processes: []Process{Webhook, Controller},
	}
	SnapshotCheck = Metric{
		Name: "kong_latency_snapshot_check_timestamp_seconds", Type: Gauge,
		Help:      "When the metric's way was last looked over, in seconds since 1970; 0 before the first time. It should be seconds ago: what is not watched is looked at again and again.",
		Processes: []Process{Webhook, Controller},
	}
	BuildInfo = Metric{
		Name: "kong_latency_build_info", Type: Gauge,
		Help:      "Always 1.",
		Labels:    []Label{{"version", "version of the running program"}},
		Processes: []Process{Webhook, Controller},
	}
)

// Ours are the metrics that the product exposes by itself.
func Ours() []Metric {
	return []Metric{
		Admissions, AdmissionDuration, CertificateExpiry, Findings, Workloads,
		SnapshotUnread, SnapshotChange, SnapshotCheck, BuildInfo,
	}
}

const controllerRuntime = "controller-runtime"

// Others are metrics of libraries in our processes, and of the API server about
// our webhooks, that the alerts and the dashboard ask for.
func Others() []Metric {
	name := []Label{{"name", "name of the webhook; ours end in `.kong.latency`"}}
	return []Metric{
		{
			Name: "controller_runtime_reconcile_total", Type: Counter, Source: controllerRuntime,
			Help: "Reconciles of the controllers.",
			Labels: []Label{
				{"controller", "`workload` or `service`"},
				{"result", "`success`, `error`, `requeue` or `requeue_after`"},
			},
			Processes: []Process{Controller},
		},
		{
			Name: "workqueue_depth", Type: Gauge, Source: controllerRuntime,
			Help:      "Objects that wait to be reconciled.",
			Labels:    []Label{{"name", "`workload` or `service`"}, {"controller", "the same"}, {"priority", "priority in the queue"}},
			Processes: []Process{Controller},
		},
		{
			Name: "leader_election_master_status", Type: Gauge, Source: controllerRuntime,
			Help:      "1 if this controller holds the lease and works, 0 if it stands by.",
			Labels:    []Label{{"name", "name of the lease, `kong-latency-controller`"}},
			Processes: []Process{Controller},
		},
		{
			Name: "apiserver_admission_webhook_fail_open_count", Type: Counter, Source: "Kubernetes",
			Help:      "Objects that were admitted unchecked, because a webhook with `failurePolicy: Ignore` could not be asked.",
			Labels:    append(slices.Clone(name), Label{"type", "`admit` or `validating`"}),
			Processes: []Process{APIServer},
		},
		{
			Name: "apiserver_admission_webhook_rejection_count", Type: Counter, Source: "Kubernetes",
			Help: "Requests that were refused by a webhook, or because it could not be asked.",
			Labels: append(slices.Clone(name),
				Label{"type", "`admit` or `validating`"}, Label{"operation", "such as `CREATE`"},
				Label{"error_type", "`no_error` if the webhook refused, `calling_webhook_error` if it could not be asked"},
				Label{"rejection_code", "HTTP status of the refusal"}),
			Processes: []Process{APIServer},
		},
	}
}
