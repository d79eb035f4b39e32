// Package metricsapi serves the metrics of played workloads as custom.metrics.k8s.io, and
// the CPU usage of their pods as metrics.k8s.io.
package metricsapi

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	custommetrics "k8s.io/metrics/pkg/apis/custom_metrics"
	resourcemetrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/kong-latency/kong-latency/test/control/settings"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

// Metrics are those of workloads by the name of their Service, which is that of the
// workload.
type Metrics map[string]*workload.Workload

var _ provider.CustomMetricsProvider = Metrics{}

var services = schema.GroupResource{Resource: "services"}

// ListAllMetrics implements provider.CustomMetricsProvider.
func (m Metrics) ListAllMetrics() []provider.CustomMetricInfo {
	var out []provider.CustomMetricInfo
	for _, name := range slices.Sorted(maps.Keys(settings.Signals())) {
		out = append(out, provider.CustomMetricInfo{GroupResource: services, Namespaced: true, Metric: name})
	}
	return out
}

// GetMetricByName implements provider.CustomMetricsProvider.
func (m Metrics) GetMetricByName(_ context.Context, name types.NamespacedName, info provider.CustomMetricInfo, _ labels.Selector) (*custommetrics.MetricValue, error) {
	w, ok := m[name.Name]
	if !ok || info.GroupResource != services {
		return nil, provider.NewMetricNotFoundForError(info.GroupResource, info.Metric, name.Name)
	}
	value, ok := w.Value(info.Metric)
	if !ok {
		return nil, provider.NewMetricNotFoundForError(info.GroupResource, info.Metric, name.Name)
	}
	return &custommetrics.MetricValue{
		DescribedObject: custommetrics.ObjectReference{APIVersion: "v1", Kind: "Service", Namespace: name.Namespace, Name: name.Name},
		Metric:          custommetrics.MetricIdentifier{Name: info.Metric},
		Timestamp:       metav1.Now(),
		Value:           *resource.NewMilliQuantity(value, resource.DecimalSI),
	}, nil
}

// GetMetricBySelector implements provider.CustomMetricsProvider. Nothing lists the metrics
// of several Services.
func (m Metrics) GetMetricBySelector(_ context.Context, _ string, _ labels.Selector, info provider.CustomMetricInfo, _ labels.Selector) (*custommetrics.MetricValueList, error) {
	return nil, provider.NewMetricNotFoundError(info.GroupResource, info.Metric)
}

// ResourcePrefix is the prefix of the paths of the resource metrics API.
const ResourcePrefix = "/apis/metrics.k8s.io/"

// Resource serves the resource metrics API, as far as HorizontalPodAutoscalers need it.
func (m Metrics) Resource() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any
		if strings.HasSuffix(r.URL.Path, "/pods") {
			selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			answer = m.list(selector)
		} else {
			answer = discovery()
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the client has gone
	})
}

func (m Metrics) list(selector labels.Selector) *resourcemetrics.PodMetricsList {
	out := &resourcemetrics.PodMetricsList{TypeMeta: metav1.TypeMeta{APIVersion: resourcemetrics.SchemeGroupVersion.String(), Kind: "PodMetricsList"}}
	name, _ := selector.RequiresExactMatch(workload.Label)
	w, ok := m[name]
	if !ok {
		return out
	}
	for _, u := range w.Usages() {
		out.Items = append(out.Items, resourcemetrics.PodMetrics{
			ObjectMeta: metav1.ObjectMeta{Name: u.Pod, Labels: map[string]string{workload.Label: name}},
			Timestamp:  metav1.NewTime(u.Time), Window: metav1.Duration{Duration: u.Window},
			Containers: []resourcemetrics.ContainerMetrics{{
				Name: Container, Usage: corev1.ResourceList{corev1.ResourceCPU: *resource.NewMilliQuantity(u.Usage, resource.DecimalSI)},
			}},
		})
	}
	return out
}

// Container is the name of the only container of a workload's pods.
const Container = "app"

func discovery() *metav1.APIResourceList {
	return &metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: resourcemetrics.SchemeGroupVersion.String(),
		APIResources: []metav1.APIResource{{Name: "pods", Namespaced: true, Kind: "PodMetrics", Verbs: metav1.Verbs{"get", "list"}}},
	}
}
