package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/adapterconfig"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
)

// askTimeout bounds each question.
const askTimeout = 10 * time.Second

// meter reads values.
type meter struct {
	// prometheus is nil if it cannot be queried, for the reason why.
	prometheus *backend
	why        string
	api        rest.Interface
	// version is that of the custom metrics API.
	version string
}

func newMeter(config *rest.Config, address string, s *pipeline.Snapshot) (*meter, error) {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make client of the metrics API: %w", err)
	}
	m := &meter{api: client.RESTClient(), version: cmp.Or(s.MetricsAPI.Version, "v1beta1")}
	if address != "" {
		m.prometheus, err = directly(address)
		return m, err
	}
	if m.prometheus, err = proxied(config, s.Adapter); err != nil {
		m.why = err.Error()
	}
	return m, nil
}

// measure reads everything about a subject.
func (m *meter) measure(ctx context.Context, subject pipeline.Subject, report pipeline.Report) series.Measured {
	return series.Measured{
		Query:   m.ask(ctx, report.Query, subject.Service),
		Targets: m.targets(ctx, report.Scraped),
		API:     m.metric(ctx, subject),
	}
}

// ask queries Prometheus as the adapter does. Of several samples the one counts that
// carries the Service's name.
func (m *meter) ask(ctx context.Context, q adapterconfig.Query, service string) series.Reading {
	if q.Expr == "" {
		return series.Reading{State: pipeline.Unreadable, From: m.name(), Why: "no rule makes the metric, so there is no query"}
	}
	r, samples := m.query(ctx, q.Expr)
	for _, s := range samples {
		if string(s.Metric[model.LabelName(q.Label)]) == service {
			value := float64(s.Value)
			r.Value = &value
		}
	}
	if r.State == pipeline.Known && r.Value == nil && r.Says == "" {
		r.Says = "the query gives no sample"
	}
	return r
}

// targets reads how many targets of a Service Prometheus reaches.
func (m *meter) targets(ctx context.Context, service finding.Object) series.Reading {
	if service.Name == "" {
		return series.Reading{State: pipeline.Unreadable, From: m.name(), Why: "no Service is known to be scraped"}
	}
	r, samples := m.query(ctx, fmt.Sprintf("sum(up{namespace=%q,service=%q})", service.Namespace, service.Name))
	if len(samples) > 0 {
		value := float64(samples[0].Value)
		r.Value = &value
	}
	return r
}

func (m *meter) name() string {
	if m.prometheus == nil {
		return "Prometheus"
	}
	return m.prometheus.name
}

func (m *meter) query(ctx context.Context, expr string) (series.Reading, model.Vector) {
	r := series.Reading{State: pipeline.Unreadable, From: m.name(), Why: m.why}
	if m.prometheus == nil {
		return r, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	samples, err := m.prometheus.query(ctx, expr)
	var unreachable *unreachableError
	switch {
	case errors.As(err, &unreachable):
		r.Why = err.Error()
	case err != nil:
		r.State, r.Says = pipeline.Known, err.Error()
	default:
		r.State = pipeline.Known
	}
	return r, samples
}

// metric queries the custom metrics API as an autoscaler does. What is refused for lack
// of rights, or does not come, is no answer; everything else is the one that an
// autoscaler gets.
func (m *meter) metric(ctx context.Context, subject pipeline.Subject) series.Reading {
	r := series.Reading{From: "the custom metrics API"}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var list v1beta2.MetricValueList // in v1beta1 the value is in the same field
	raw, err := m.api.Get().AbsPath("apis", v1beta2.SchemeGroupVersion.Group, m.version,
		"namespaces", subject.Namespace, "services", subject.Service, subject.Metric).DoRaw(ctx)
	if err == nil {
		err = decode(raw, &list)
	}
	var status apierrors.APIStatus
	switch {
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err), err != nil && !errors.As(err, &status):
		r.State, r.Why = pipeline.Unreadable, err.Error()
	case err != nil:
		r.State, r.Says = pipeline.Known, err.Error()
	case len(list.Items) != 1:
		r.State, r.Says = pipeline.Known, fmt.Sprintf("it has %d values, not one", len(list.Items))
	default:
		value := math.Round(list.Items[0].Value.AsApproximateFloat64()*1000) / 1000
		r.State, r.Value = pipeline.Known, &value
	}
	return r
}

func decode(raw []byte, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	return nil
}
