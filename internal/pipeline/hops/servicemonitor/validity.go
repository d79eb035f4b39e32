package servicemonitor

import (
	"regexp"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline/bound"
	"github.com/kong-latency/kong-latency/internal/pipeline/scrape"
)

// judgeValidity finds why prometheus-operator or Prometheus would refuse the monitor.
func (j *judgement) judgeValidity() {
	if m := j.Rejection(); m != nil {
		j.add(Rejected, m.Field, j.unreject, "is refused by prometheus-operator: %s", m)
		return
	}
	if m := j.Refusal(); m != nil {
		j.add(ConfigRefused, m.Field, unrefuse, "makes Prometheus refuse its entire configuration, so that no scrape changes any more: %s", m)
	}
}

// unrefuse removes what Prometheus refuses. Of two ways to authenticate the one
// stays that is not deprecated; a port becomes the name that it must have meant; a
// comparison of labels stays without its regular expression.
func unrefuse(m *monitoringv1.ServiceMonitor) {
	for i := range m.Spec.Endpoints {
		ep := &m.Spec.Endpoints[i]
		if scrape.BesideTokenFile(ep) != "" {
			ep.BearerTokenFile = "" //nolint:staticcheck // deprecated, and what most monitors have
		}
		if _, _, err := (*bound.Regexps)(nil).Compile(ep.Port); err != nil {
			ep.Port = regexp.QuoteMeta(ep.Port)
		}
		for _, list := range []*[]monitoringv1.RelabelConfig{&ep.RelabelConfigs, &ep.MetricRelabelConfigs} {
			*list = slices.Clone(*list)
			for k, c := range *list {
				if scrape.ComparesByRegex(c) {
					(*list)[k].Regex = ""
				}
			}
		}
	}
}

// unreject removes what prometheus-operator refuses and the operator's metrics
// can do without. What else is wrong remains.
func (j *judgement) unreject(m *monitoringv1.ServiceMonitor) {
	q := j.Job
	q.Monitor = m
	for i := range m.Spec.Endpoints {
		ep := &m.Spec.Endpoints[i]
		if q.General().ArbitraryFSAccessThroughSMs.Deny {
			ep.BearerTokenFile = "" //nolint:staticcheck // deprecated, and what most monitors have
			if ep.TLSConfig != nil {
				ep.TLSConfig.TLSFilesConfig = monitoringv1.TLSFilesConfig{}
			}
		}
		if q.TimeoutRejection(ep) != nil {
			ep.ScrapeTimeout = ""
		}
	}
}
