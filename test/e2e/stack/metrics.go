package stack

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	custommetrics "k8s.io/metrics/pkg/apis/custom_metrics/v1beta1"
)

// Metric is the metric of the guide's rule: the average over a minute, in milliseconds.
const Metric = "kong_upstream_latency_ms_60s_average"

// FastMetric is the metric of FastRule, an additional rule for the adapter: the average
// over five seconds. Prometheus must scrape every second for it.
const FastMetric = "kong_upstream_latency_ms_5s_average"

// FastRule is a value of [Options.Rules].
//
//go:embed rules/five-seconds.yaml
var FastRule string

// The custom metrics API, and the path of the version that is registered.
const (
	metricsGroup = "custom.metrics.k8s.io"
	metricsAPI   = "/apis/" + metricsGroup + "/v1beta1"
)

// Listed returns nil if a rule makes the metric from series in Prometheus.
func (s *Stack) Listed(ctx context.Context, metric string) error {
	list, err := s.metrics(ctx)
	if err != nil {
		return err
	}
	for _, r := range list.APIResources {
		if r.Name == "services/"+metric && r.Namespaced {
			return nil
		}
	}
	return fmt.Errorf("no rule makes services/%s of the series that Prometheus has", metric)
}

// Value queries the metrics API for a metric of Service [Echo], like the autoscaler.
func (s *Stack) Value(ctx context.Context, metric string) (float64, error) {
	path := fmt.Sprintf("%s/namespaces/%s/services/%s/%s", metricsAPI, Echo.Namespace, Echo.Name, metric)
	var list custommetrics.MetricValueList
	if err := s.get(ctx, path, &list); err != nil {
		return 0, err
	}
	if len(list.Items) != 1 {
		return 0, fmt.Errorf("get %s: it has %d values, not one", path, len(list.Items))
	}
	return list.Items[0].Value.AsApproximateFloat64(), nil
}

// metrics lists the metrics of the custom metrics API.
func (s *Stack) metrics(ctx context.Context) (*metav1.APIResourceList, error) {
	var list metav1.APIResourceList
	return &list, s.get(ctx, metricsAPI, &list)
}

// get reads JSON from a path of the API server. If the server says what is
// wrong, the error does too.
func (s *Stack) get(ctx context.Context, path string, into any) error {
	result := s.core.Discovery().RESTClient().Get().AbsPath(path).Do(ctx)
	if err := result.Error(); err != nil {
		return fmt.Errorf("get %s: %w", path, err)
	}
	raw, err := result.Raw()
	if err != nil {
		return fmt.Errorf("get %s: %w", path, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("decode %s: %w", path, err)
	}
	return nil
}
