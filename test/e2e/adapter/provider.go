package adapter

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/model"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/klog/v2"
	custommetrics "k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider/helpers"

	rules "github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/test/testutil/adapterregistry"
)

// metrics serves the custom metrics API from Prometheus, by the rules of a
// prometheus-adapter configuration.
type metrics struct {
	config  *rules.Config
	kinds   rules.Resources
	source  source
	mapper  meta.RESTMapper
	objects dynamic.Interface
	maxAge  time.Duration
	known   atomic.Pointer[adapterregistry.Registry] // of the last relist that succeeded
}

var _ provider.CustomMetricsProvider = &metrics{}

func newMetrics(config *rules.Config, kinds rules.Resources, s source, mapper meta.RESTMapper, objects dynamic.Interface, maxAge time.Duration) *metrics {
	m := &metrics{config: config, kinds: kinds, source: s, mapper: mapper, objects: objects, maxAge: maxAge}
	m.known.Store(adapterregistry.New(config, kinds, nil))
	return m
}

// relist replaces the known series. If any query fails, nothing changes, as with
// prometheus-adapter.
func (m *metrics) relist(ctx context.Context) error {
	found := map[string][]rules.Series{}
	since := time.Now().Add(-m.maxAge)
	for _, query := range adapterregistry.SeriesQueries(m.config) {
		series, err := m.source.series(ctx, query, since)
		if err != nil {
			return fmt.Errorf("relist: %w", err)
		}
		found[query] = series
	}
	m.known.Store(adapterregistry.New(m.config, m.kinds, found))
	return nil
}

// ListAllMetrics implements provider.CustomMetricsProvider.
func (m *metrics) ListAllMetrics() []provider.CustomMetricInfo {
	var list []provider.CustomMetricInfo
	for _, k := range m.known.Load().Keys() {
		list = append(list, provider.CustomMetricInfo{GroupResource: k.Resource, Namespaced: k.Namespaced, Metric: k.Metric})
	}
	return list
}

// GetMetricByName implements provider.CustomMetricsProvider.
func (m *metrics) GetMetricByName(ctx context.Context, name types.NamespacedName, info provider.CustomMetricInfo, selector labels.Selector) (*custommetrics.MetricValue, error) {
	samples, err := m.query(ctx, name.Namespace, []string{name.Name}, info, selector)
	if err != nil {
		return nil, err
	}
	sample, ok := samples[name.Name]
	if !ok {
		return nil, provider.NewMetricNotFoundForError(info.GroupResource, info.Metric, name.Name)
	}
	return m.value(sample, name, info, selector)
}

// GetMetricBySelector implements provider.CustomMetricsProvider.
func (m *metrics) GetMetricBySelector(ctx context.Context, namespace string, selector labels.Selector, info provider.CustomMetricInfo, metricSelector labels.Selector) (*custommetrics.MetricValueList, error) {
	names, err := helpers.ListObjectNames(m.mapper, m.objects, namespace, selector, info)
	if err != nil {
		klog.ErrorS(err, "listing objects failed", "resource", info.GroupResource)
		return nil, apierrors.NewInternalError(errors.New("unable to list matching resources"))
	}
	samples, err := m.query(ctx, namespace, names, info, metricSelector)
	if err != nil {
		return nil, err
	}
	list := &custommetrics.MetricValueList{}
	for _, name := range names {
		sample, ok := samples[name]
		if !ok {
			continue
		}
		value, err := m.value(sample, types.NamespacedName{Namespace: namespace, Name: name}, info, metricSelector)
		if err != nil {
			return nil, err
		}
		list.Items = append(list.Items, *value)
	}
	return list, nil
}

// query returns the samples by the name of their object; of several with the same name
// the last is used. Its errors are the API's answers.
func (m *metrics) query(ctx context.Context, namespace string, names []string, info provider.CustomMetricInfo, selector labels.Selector) (map[string]model.SampleValue, error) {
	key := adapterregistry.Key{Resource: info.GroupResource, Namespaced: info.Namespaced, Metric: info.Metric}
	query, err := m.known.Load().Query(key, namespace, names, selector)
	if err != nil {
		klog.V(2).InfoS("metric not found", "metric", info, "reason", err)
		return nil, provider.NewMetricNotFoundError(info.GroupResource, info.Metric)
	}
	vector, err := m.source.vector(ctx, query.Expr)
	if err != nil {
		klog.ErrorS(err, "fetching metrics failed", "rule", query.Rule)
		return nil, apierrors.NewInternalError(errors.New("unable to fetch metrics"))
	}
	samples := map[string]model.SampleValue{}
	for _, sample := range vector {
		if name, ok := sample.Metric[model.LabelName(query.Label)]; ok {
			samples[string(name)] = sample.Value
		}
	}
	return samples, nil
}

func (m *metrics) value(sample model.SampleValue, name types.NamespacedName, info provider.CustomMetricInfo, selector labels.Selector) (*custommetrics.MetricValue, error) {
	object, err := helpers.ReferenceFor(m.mapper, name, info)
	if err != nil {
		return nil, err
	}
	value := &custommetrics.MetricValue{
		DescribedObject: object,
		Metric:          custommetrics.MetricIdentifier{Name: info.Metric},
		Timestamp:       metav1.Now(),
		Value:           adapterregistry.Value(float64(sample)),
	}
	if selector != nil && !selector.Empty() {
		if value.Metric.Selector, err = metav1.ParseToLabelSelector(selector.String()); err != nil {
			return nil, err
		}
	}
	return value, nil
}
