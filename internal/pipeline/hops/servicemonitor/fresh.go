package servicemonitor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
)

// fresh is a new monitor for the Service, which the Prometheus selects and under
// which everything is as it should be. The error says what to do otherwise.
func (q question) fresh() (judgement, error) {
	port, ok := scrape.MetricsPort(q.Service)
	if !ok || port.Name == "" {
		return judgement{}, fmt.Errorf("give the port of the metrics of %s a name, such as http", q.Service.Object())
	}
	spec := generator.Monitor{
		Port:             port.Name,
		ServiceNamespace: q.Service.Namespace,
		ServiceLabels:    scrape.StableLabels(q.Service),
		Interval:         q.freshInterval(),
	}
	how := scrape.Serves(q.Service, port)
	if how.Scheme == "https" {
		spec.Scheme, spec.BearerToken, spec.InsecureTLS = how.Scheme, how.Token, true
	}
	spec.Namespace, ok = prometheus.NamespaceFor(q.c.Snapshot, q.Prometheus, q.Service.Namespace)
	if !ok {
		return judgement{}, fmt.Errorf("let %s select ServiceMonitors of namespace %s (spec.serviceMonitorNamespaceSelector)",
			pipeline.PrometheusObject(q.Prometheus), q.Service.Namespace)
	}
	if q.Prometheus != nil {
		if q.Prometheus.Spec.ServiceMonitorSelector == nil {
			return judgement{}, fmt.Errorf("set spec.serviceMonitorSelector of %s, to {} for all ServiceMonitors", pipeline.PrometheusObject(q.Prometheus))
		}
		if spec.Labels, ok = prometheus.LabelsFor(q.Prometheus.Spec.ServiceMonitorSelector, nil); !ok {
			return judgement{}, fmt.Errorf("correct spec.serviceMonitorSelector of %s, which no ServiceMonitor can satisfy", pipeline.PrometheusObject(q.Prometheus))
		}
	}
	spec.Name = q.freshName(spec.Namespace)
	q.Monitor = generator.ServiceMonitor(spec)
	j := q.judge()
	for _, f := range j.flaws {
		if f.finding.Severity == finding.Error {
			return judgement{}, fmt.Errorf("let Prometheus scrape Kong Operator: a new ServiceMonitor, too, %s", f.clause)
		}
	}
	return j, nil
}

// freshFor is the new monitor for the first Prometheus that one can be made for.
func (q question) freshFor(prometheuses []*monitoringv1.Prometheus) (judgement, error) {
	var failed error
	for _, p := range prometheuses {
		q.Prometheus = p
		j, err := q.fresh()
		if err == nil {
			return j, nil
		}
		failed = cmp.Or(failed, err)
	}
	return judgement{}, failed
}

// freshInterval is set only where the Prometheus' own is not known, or too long
// for the window of the rule.
func (q question) freshInterval() string {
	limit := max(window(q.c, q.ordinary())/2, time.Second)
	if every, known := q.Period(""); known && every <= limit {
		return ""
	}
	return model.Duration(limit).String()
}

// freshName is the Service's name, unless a monitor is called so.
func (q question) freshName(namespace string) string {
	name := q.Service.Name
	for slices.ContainsFunc(q.c.Snapshot.ServiceMonitors.Items, func(m *monitoringv1.ServiceMonitor) bool {
		return m.Namespace == namespace && m.Name == name
	}) {
		name += "-latency"
	}
	return name
}

// Fresh returns the ServiceMonitor to create for the case if there were none: the first
// that works, for a Service that may be Kong Operator's and a Prometheus that the adapter
// may query. The error says why there is none.
func Fresh(c *pipeline.Case) (*monitoringv1.ServiceMonitor, error) {
	services, _ := c.Snapshot.Operators()
	if len(services) != 1 {
		return nil, fmt.Errorf("decide which Service exposes Kong Operator's metrics: there are %d candidates", len(services))
	}
	fresh, err := newQuestion(c, services[0]).freshFor(prometheus.Choose(c.Snapshot).Any)
	return fresh.Monitor, err
}
