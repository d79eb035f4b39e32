package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"k8s.io/utils/ptr"
)

// discovered is the target as Prometheus discovers it, with the labels that
// prometheus-operator's own relabelings give it.
func (q scrape) discovered(endpoint int, port string) *labelSet {
	spec, ep := q.monitor.Spec, q.monitor.Spec.Endpoints[endpoint]
	set := newLabelSet()
	for name := range q.service.Labels {
		set.Set(serviceLabelMeta+sanitizeLabel(name), q.service.labelOf(name))
		set.Set(serviceLabelPresentMeta+sanitizeLabel(name), "true")
	}
	for name, value := range map[string]string{
		"__meta_kubernetes_namespace":                         q.service.Namespace,
		"__meta_kubernetes_service_name":                      q.service.Name,
		"__meta_kubernetes_endpoint_port_name":                port,
		"__meta_kubernetes_endpointslice_port_name":           port,
		"__meta_kubernetes_endpoint_ready":                    "true",
		"__meta_kubernetes_endpointslice_endpoint_ready":      "true",
		"__meta_kubernetes_endpoint_address_target_kind":      "Pod",
		"__meta_kubernetes_endpointslice_address_target_kind": "Pod",
		"__meta_kubernetes_pod_phase":                         "Running",
		"__tmp_prometheus_job_name":                           q.jobName(endpoint),
		model.SchemeLabel:                                     cmp.Or(ep.Scheme.String(), "http"),
		model.MetricsPathLabel:                                cmp.Or(ep.Path, "/metrics"),
		model.ScrapeIntervalLabel:                             q.interval(endpoint),
		"namespace":                                           q.service.Namespace,
		"service":                                             q.service.Name,
		"job":                                                 cmp.Or(q.service.labelOf(spec.JobLabel), q.service.Name),
		"endpoint":                                            endpointLabel(ep),
	} {
		if value != "" {
			set.Set(name, value)
		}
	}
	for _, name := range []string{"pod", "container"} {
		set.guess(name, "")
	}
	set.Set(model.AddressLabel, placeholder)
	set.guessed[model.AddressLabel] = true
	for _, name := range spec.TargetLabels {
		if value := q.service.labelOf(name); value != "" {
			set.Set(sanitizeLabel(name), value)
		}
	}
	pod := slices.Clone(spec.PodTargetLabels)
	if q.prometheus != nil {
		pod = append(pod, q.prometheus.Spec.PodTargetLabels...)
	}
	for _, name := range pod {
		set.guess(sanitizeLabel(name), "podTargetLabels: "+name)
	}
	return set
}

func (q scrape) jobName(endpoint int) string {
	return fmt.Sprintf("serviceMonitor/%s/%s/%d", q.monitor.Namespace, q.monitor.Name, endpoint)
}

// endpointLabel is what prometheus-operator writes into the label endpoint.
func endpointLabel(ep monitoringv1.Endpoint) string {
	if ep.Port == "" && ep.TargetPort != nil && ep.TargetPort.String() != "0" {
		return ep.TargetPort.String()
	}
	return ep.Port
}

// labelOf is a label of the Service, found as Prometheus does: characters that
// its label names cannot have are _ on both sides.
func (s OperatorService) labelOf(name string) string {
	if name == "" {
		return ""
	}
	wanted := sanitizeLabel(name)
	for _, have := range slices.Sorted(maps.Keys(s.Labels)) {
		if sanitizeLabel(have) == wanted {
			return s.Labels[have]
		}
	}
	return ""
}

// sanitizeLabel replaces what a label name of Prometheus cannot have.
func sanitizeLabel(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}

// scrapeClass is the scrape class of a monitor: the one that it names, or the
// Prometheus' default; the zero value if there is none.
func scrapeClass(p *monitoringv1.Prometheus, m *monitoringv1.ServiceMonitor) monitoringv1.ScrapeClass {
	if p == nil {
		return monitoringv1.ScrapeClass{}
	}
	name := ptr.Deref(m.Spec.ScrapeClassName, "")
	for _, c := range p.Spec.ScrapeClasses {
		if name != "" && c.Name == name || name == "" && ptr.Deref(c.Default, false) {
			return c
		}
	}
	return monitoringv1.ScrapeClass{}
}
