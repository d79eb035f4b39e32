package scrape

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"k8s.io/utils/ptr"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// discovered is the target as Prometheus discovers it, with the labels that
// prometheus-operator's own relabelings give it, in their order.
func (q Job) discovered(endpoint int, port string) *sim.Labels {
	spec, ep := q.Monitor.Spec, q.Monitor.Spec.Endpoints[endpoint]
	set := sim.NewLabels(q.Histogram, q.meta(ep, endpoint, port))
	set.Guessed[model.AddressLabel] = true
	write := func(name, value string) {
		if value != "" {
			set.Set(name, value)
		}
	}
	guess := func(name, value string) {
		set.Set(name, value)
		set.Guess(name, "")
	}
	write("__tmp_prometheus_job_name", q.jobName(endpoint))
	guess("pod", usualPod(q.Service.Name))
	write("namespace", q.Service.Namespace)
	write("service", q.Service.Name)
	guess("container", usualContainer)
	for _, name := range spec.TargetLabels {
		value, _ := labelOf(q.Service, name)
		write(sanitize(name), value)
	}
	for _, name := range slices.Concat(spec.PodTargetLabels, q.General().PodTargetLabels) {
		set.Guess(sanitize(name), "podTargetLabels: "+name)
	}
	jobLabel, _ := labelOf(q.Service, spec.JobLabel)
	write("job", cmp.Or(jobLabel, q.Service.Name))
	write("endpoint", endpointLabel(ep))
	return set
}

// meta are the labels of the target before any relabeling.
func (q Job) meta(ep monitoringv1.Endpoint, endpoint int, port string) map[string]string {
	set := map[string]string{
		"__meta_kubernetes_namespace":    q.Service.Namespace,
		"__meta_kubernetes_service_name": q.Service.Name,
		"__meta_kubernetes_pod_phase":    "Running",
		model.AddressLabel:               usualAddress(q.Service),
		model.SchemeLabel:                cmp.Or(ep.Scheme.String(), "http"),
		model.MetricsPathLabel:           cmp.Or(ep.Path, MetricsPath),
		model.ScrapeIntervalLabel:        q.interval(endpoint),
	}
	for name := range q.Service.Labels {
		value, _ := labelOf(q.Service, name)
		set[sim.ServiceLabelMeta+sanitize(name)] = value
		set[sim.ServiceLabelPresentMeta+sanitize(name)] = "true"
	}
	// Only one role discovers it, which is not known of a Prometheus of which nothing is.
	role := cmp.Or(q.Monitor.Spec.ServiceDiscoveryRole, q.General().ServiceDiscoveryRole)
	bySlice := ptr.Deref(role, monitoringv1.EndpointsRole) == monitoringv1.EndpointSliceRole
	either := role == nil && q.Prometheus == nil
	if !bySlice || either {
		set["__meta_kubernetes_endpoint_port_name"] = port
		set["__meta_kubernetes_endpoint_ready"] = "true"
		set["__meta_kubernetes_endpoint_address_target_kind"] = "Pod"
	}
	if bySlice || either {
		set["__meta_kubernetes_endpointslice_port_name"] = port
		set["__meta_kubernetes_endpointslice_endpoint_conditions_ready"] = "true"
		set["__meta_kubernetes_endpointslice_address_target_kind"] = "Pod"
	}
	return set
}

// Values that only Prometheus knows, as the charts of Kong Operator usually make them.
const (
	usualContainer = "manager"
	usualReplica   = "https://10-0-0-9.dataplane.default.svc:8444"
)

// usualPod is the name of a pod of the Deployment that belongs to a metrics Service.
func usualPod(service string) string {
	base := strings.TrimSuffix(strings.TrimSuffix(service, "-service"), "-metrics")
	return base + "-controller-manager-5d9c7b8f64-x2k9q"
}

// usualAddress is that of the pod, on the port of the metrics.
func usualAddress(s pipeline.OperatorService) string {
	port, _ := MetricsPort(s)
	number := cmp.Or(port.Port, 8080)
	if n, err := strconv.ParseInt(port.TargetPort, 10, 32); err == nil {
		number = int32(n)
	}
	return fmt.Sprintf("10.0.0.8:%d", number)
}

func (q Job) jobName(endpoint int) string {
	return fmt.Sprintf("serviceMonitor/%s/%s/%d", q.Monitor.Namespace, q.Monitor.Name, endpoint)
}

// endpointLabel is what prometheus-operator writes into the label endpoint.
func endpointLabel(ep monitoringv1.Endpoint) string {
	if ep.Port == "" && ep.TargetPort != nil {
		return ep.TargetPort.String()
	}
	return ep.Port
}

// labelOf is a label of the Service, found as Prometheus does: characters that
// its label names cannot have are _ on both sides.
// Of several the first by name counts.
func labelOf(s pipeline.OperatorService, name string) (value string, has bool) {
	wanted, found := sanitize(name), ""
	for have := range s.Labels {
		if len(have) == len(wanted) && (found == "" || have < found) && sanitize(have) == wanted {
			found = have
		}
	}
	value, has = s.Labels[found]
	return value, has
}

// sanitize replaces what a label name of Prometheus cannot have.
func sanitize(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}

// scrapeClass is the scrape class of the monitor: the one that it names, or the
// Prometheus' default; the zero value if there is none.
func (q Job) scrapeClass() monitoringv1.ScrapeClass {
	name := ptr.Deref(q.Monitor.Spec.ScrapeClassName, "")
	for _, c := range q.General().ScrapeClasses {
		if name != "" && c.Name == name || name == "" && ptr.Deref(c.Default, false) {
			return c
		}
	}
	return monitoringv1.ScrapeClass{}
}
