package cluster

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// metricsAPIName is the APIService that the autoscaler's requests go through.
const metricsAPIName = "v1beta1.custom.metrics.k8s.io"

// metricsAPIOf is the one APIService out of the set of those that were read.
func metricsAPIOf(set pipeline.Set[pipeline.MetricsAPI]) pipeline.MetricsAPI {
	if set.State == pipeline.Known && len(set.Items) > 0 {
		return set.Items[0]
	}
	return pipeline.MetricsAPI{State: set.State, Why: set.Why}
}

func metricsAPI(u *unstructured.Unstructured) (pipeline.MetricsAPI, error) {
	api := pipeline.MetricsAPI{State: pipeline.Known, Registered: true}
	n := nestedOf(u)
	api.ServiceNamespace = n.text("spec", "service", "namespace")
	api.ServiceName = n.text("spec", "service", "name")
	status, message := n.condition("Available")
	api.Available = status == "True"
	if !api.Available {
		api.Message = message
	}
	return api, n.err()
}
