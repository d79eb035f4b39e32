package convert

import (
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/sim"
)

// Namespace keeps a namespace's name and labels.
func Namespace(u *unstructured.Unstructured) (pipeline.Namespace, error) {
	return pipeline.Namespace{Name: u.GetName(), Labels: u.GetLabels()}, nil
}

// ServiceMonitor keeps what users write of a ServiceMonitor.
func ServiceMonitor(u *unstructured.Unstructured) (*monitoringv1.ServiceMonitor, error) {
	var full monitoringv1.ServiceMonitor
	err := Typed(u, &full)
	return &monitoringv1.ServiceMonitor{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}, err
}

// Prometheus keeps what users write of a Prometheus.
func Prometheus(u *unstructured.Unstructured) (*monitoringv1.Prometheus, error) {
	var full monitoringv1.Prometheus
	err := Typed(u, &full)
	return &monitoringv1.Prometheus{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}, err
}

// PodMonitor keeps what a PodMonitor selects.
func PodMonitor(u *unstructured.Unstructured) (pipeline.PodMonitor, error) {
	var full monitoringv1.PodMonitor
	err := Typed(u, &full)
	return pipeline.PodMonitor{
		Namespace: full.Namespace, Name: full.Name, Labels: full.Labels,
		Namespaces: full.Spec.NamespaceSelector, Selector: full.Spec.Selector,
	}, err
}

// ScrapeConfig keeps the labels of a ScrapeConfig.
func ScrapeConfig(u *unstructured.Unstructured) (pipeline.ScrapeConfig, error) {
	return pipeline.ScrapeConfig{Namespace: u.GetNamespace(), Name: u.GetName(), Labels: u.GetLabels()}, nil
}

// RecordingRules keeps what a PrometheusRule records.
func RecordingRules(u *unstructured.Unstructured) (pipeline.RecordingRules, error) {
	out := pipeline.RecordingRules{Namespace: u.GetNamespace(), Name: u.GetName(), Labels: u.GetLabels()}
	n := nestedOf(u)
	for _, group := range n.list("spec", "groups") {
		for _, rule := range group.list("rules") {
			if record := rule.text("record"); record != "" {
				out.Records = append(out.Records, sim.Record{Name: record, Expr: expression(rule), Labels: rule.texts("labels")})
			}
		}
	}
	return out, n.err()
}

// maxExpression is the longest expression of a rule that is kept, in bytes.
const maxExpression = 4 << 10

// expression is that of a rule, which may be written as a number; empty if it is too long.
func expression(rule nested) string {
	text := fmt.Sprint(rule.object["expr"])
	if len(text) > maxExpression {
		return ""
	}
	return text
}

// GatewayClass keeps what users write of a GatewayClass.
func GatewayClass(u *unstructured.Unstructured) (*gatewayv1.GatewayClass, error) {
	var full gatewayv1.GatewayClass
	err := Typed(u, &full)
	return &gatewayv1.GatewayClass{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}, err
}

// Gateway keeps what users write of a Gateway.
func Gateway(u *unstructured.Unstructured) (*gatewayv1.Gateway, error) {
	var full gatewayv1.Gateway
	err := Typed(u, &full)
	return &gatewayv1.Gateway{TypeMeta: full.TypeMeta, ObjectMeta: plainMeta(full.ObjectMeta), Spec: full.Spec}, err
}

// MetricsAPI reads an APIService of a metrics API.
func MetricsAPI(u *unstructured.Unstructured) (pipeline.MetricsAPI, error) {
	api := pipeline.MetricsAPI{State: pipeline.Known, Registered: true}
	n := nestedOf(u)
	api.Version, api.Priority = n.text("spec", "version"), n.number("spec", "versionPriority")
	api.ServiceNamespace = n.text("spec", "service", "namespace")
	api.ServiceName = n.text("spec", "service", "name")
	status, message := n.condition("Available")
	api.Available = status == "True"
	if !api.Available {
		api.Message = message
	}
	return api, n.err()
}
