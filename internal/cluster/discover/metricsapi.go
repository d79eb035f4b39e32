package discover

import "github.com/kong-latency/kong-latency/internal/pipeline"

// MetricsAPIName is the APIService that the autoscaler's requests go through.
const MetricsAPIName = "v1beta1.custom.metrics.k8s.io"

// MetricsAPI returns the APIService of custom metrics from the set of those that were
// read.
func MetricsAPI(set pipeline.Set[pipeline.MetricsAPI]) pipeline.MetricsAPI {
	if set.State == pipeline.Known && len(set.Items) > 0 {
		return set.Items[0]
	}
	return pipeline.MetricsAPI{State: set.State, Why: set.Why}
}
