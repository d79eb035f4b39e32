package discover

import (
	"cmp"
	"slices"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// MetricsAPINames are the APIServices that an autoscaler's requests can go through: those
// of the versions that its client knows.
// Source: k8s.io/metrics/pkg/client/custom_metrics, MetricVersions.
func MetricsAPINames() []string {
	return []string{"v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"}
}

// MetricsAPI returns the APIService of custom metrics that an autoscaler uses: of those that
// are registered the one that discovery lists first. What is registered counts even if
// another version could not be read.
func MetricsAPI(sets ...pipeline.Set[pipeline.MetricsAPI]) pipeline.MetricsAPI {
	var registered []pipeline.MetricsAPI
	none := pipeline.MetricsAPI{State: pipeline.Known}
	for _, set := range sets {
		registered = append(registered, set.Items...)
		if set.State != pipeline.Known && none.State == pipeline.Known {
			none = pipeline.MetricsAPI{State: set.State, Why: set.Why}
		}
	}
	if len(registered) == 0 {
		return none
	}
	return slices.MaxFunc(registered, func(a, b pipeline.MetricsAPI) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Version, b.Version))
	})
}
