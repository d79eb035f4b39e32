package metrics

import "slices"

const (
	controllerRuntime = "controller-runtime"
	kubernetes        = "Kubernetes"
)

// Others returns the metrics that the product does not define and the alerts and the
// dashboard query: of libraries in its processes, of the API server about its webhooks, of
// Kong, and of kube-state-metrics about autoscalers. Those of Kong have more labels.
func Others() []Metric {
	name := []Label{{"name", "name of the webhook; those of kong-latency end in `.kong.latency`"}}
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
			Help:      "1 if this controller is the leader, 0 if it is on standby.",
			Labels:    []Label{{"name", "name of the lease, `kong-latency-controller`"}},
			Processes: []Process{Controller},
		},
		{
			Name: "apiserver_admission_webhook_fail_open_count", Type: Counter, Source: kubernetes,
			Help:      "Objects that were admitted unchecked, because a webhook with `failurePolicy: Ignore` could not be called.",
			Labels:    append(slices.Clone(name), Label{"type", "`admit` or `validating`"}),
			Processes: []Process{APIServer},
		},
		{
			Name: "apiserver_admission_webhook_rejection_count", Type: Counter, Source: kubernetes,
			Help: "Requests that were refused by a webhook, or because it could not be called.",
			Labels: append(slices.Clone(name),
				Label{"type", "`admit` or `validating`"}, Label{"operation", "such as `CREATE`"},
				Label{"error_type", "`no_error` if the webhook refused, `calling_webhook_error` if it could not be called"},
				Label{"rejection_code", "HTTP status of the refusal"}),
			Processes: []Process{APIServer},
		},
		{
			Name: "kong_upstream_latency_ms", Type: Histogram, Source: "Kong",
			Help: "Time from a request to the response headers of the Service, in milliseconds.",
			Labels: []Label{
				{"kubernetes_namespace", "namespace of the Service"},
				{"kubernetes_name", "name of the Service"},
				{"kubernetes_kind", "`service`"},
			},
			Processes: []Process{KongOperator},
		},
		replicas("status_current_replicas", "Replicas that there are, when the autoscaler last looked."),
		replicas("status_desired_replicas", "Replicas that the autoscaler wants."),
		replicas("spec_min_replicas", "Lower bound of the replicas."),
		replicas("spec_max_replicas", "Upper bound of the replicas."),
		{
			Name: "kube_horizontalpodautoscaler_status_condition", Type: Gauge, Source: kubernetes,
			Help: "1 if the condition has the status.",
			Labels: append(autoscalerLabels(),
				Label{"condition", "`ScalingActive`, `AbleToScale` or `ScalingLimited`"},
				Label{"status", "`true`, `false` or `unknown`"}),
			Processes: []Process{KubeStateMetrics},
		},
	}
}

// replicas is a number of replicas of each HorizontalPodAutoscaler.
func replicas(name, help string) Metric {
	return Metric{
		Name: "kube_horizontalpodautoscaler_" + name, Type: Gauge, Source: kubernetes,
		Help: help, Labels: autoscalerLabels(), Processes: []Process{KubeStateMetrics},
	}
}

func autoscalerLabels() []Label {
	return []Label{
		{"namespace", "namespace of the HorizontalPodAutoscaler"},
		{"horizontalpodautoscaler", "its name"},
	}
}
