package render

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/cluster/files"
	"github.com/kong-latency/kong-latency/internal/manifest"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// document is one thing to print.
type document struct {
	// note is a comment above it; empty for objects, which speak for themselves.
	note string
	yaml string
}

// text is everything that is to be printed.
func (o *Options) text(c *files.Cluster, plans []plan.Plan) (string, error) {
	var documents []document
	if len(plans) > 0 {
		for _, part := range o.chosen() {
			made, err := documentsOf(part, c, plans)
			if err != nil {
				return "", err
			}
			documents = append(documents, made...)
		}
	}
	if o.Output == "json" {
		return jsonOf(documents)
	}
	texts := make([]string, 0, len(documents))
	for _, d := range documents {
		texts = append(texts, d.note+d.yaml)
	}
	return strings.Join(texts, "---\n"), nil
}

func documentsOf(part string, c *files.Cluster, plans []plan.Plan) ([]document, error) {
	var out []document
	switch part {
	case partHPA:
		for _, p := range plans {
			for _, l := range p.Resolved.Loads() {
				if l.Auto { // without the controller nobody learns it
					p.Omitted = append(p.Omitted, l.Metric)
				}
			}
			out = append(out, document{yaml: manifest.YAML(generator.HPA(p))})
		}
	case partExtension:
		for _, namespace := range distinct(plans, func(p plan.Plan) string { return p.Namespace }) {
			services := distinct(plans, func(p plan.Plan) string {
				if p.Namespace != namespace {
					return ""
				}
				return p.Service
			})
			out = append(out, document{yaml: manifest.YAML(generator.MetricsExtension(namespace, "kong-latency", services...))})
		}
	case partMonitor:
		text, err := monitor(c.Snapshot, plans[0])
		return []document{{yaml: text}}, err
	case partRule:
		var b strings.Builder
		for _, metric := range metrics(plans) {
			b.WriteString(generator.AdapterRuleYAML(generator.Rule{Metric: metric}))
		}
		return []document{{note: "# For the list rules in prometheus-adapter's configuration.\n", yaml: b.String()}}, nil
	case partValues:
		all := metrics(plans)
		last := len(all) - 1
		var before []any
		for _, metric := range all[:last] {
			before = append(before, generator.AdapterRule(generator.Rule{Metric: metric}))
		}
		return []document{{
			note: "# Values of the Helm chart prometheus-adapter. Helm replaces lists: add the rules that are to stay.\n",
			yaml: generator.AdapterValues(generator.Rule{Metric: all[last]}, before...),
		}}, nil
	}
	return out, nil
}

// metrics are those by which the plans scale, sorted.
func metrics(plans []plan.Plan) []string {
	var out []string
	for _, p := range plans {
		out = append(out, p.Metric)
		for _, l := range p.Resolved.Loads() {
			out = append(out, l.Metric)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// distinct are the values of all plans, sorted, without the empty one.
func distinct(plans []plan.Plan, value func(plan.Plan) string) []string {
	var out []string
	for _, p := range plans {
		if v := value(p); v != "" {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// monitor is the ServiceMonitor to create if there were none, given the Service and the Prometheus in the files, or else those of Kong's guide.
func monitor(files *pipeline.Snapshot, p plan.Plan) (string, error) {
	s := *files
	s.ServiceMonitors = pipeline.KnownSet[*monitoringv1.ServiceMonitor]()
	if s.OperatorServices.State != pipeline.Known {
		s.OperatorServices = pipeline.KnownSet(guideService())
	}
	if s.Prometheuses.State != pipeline.Known {
		s.Prometheuses = pipeline.KnownSet(guidePrometheus())
	}
	if services, _ := s.Operators(); len(services) != 1 {
		return "", fmt.Errorf("which of the Services %s exposes Kong Operator's metrics is not known: name it in a LatencyPolicy, in spec.pipeline.operatorService",
			serviceNames(services))
	}
	subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	made, err := servicemonitor.Fresh(pipeline.NewCase(source.Default(), &s, subject))
	if err != nil {
		return "", fmt.Errorf("no ServiceMonitor would work: %w", err)
	}
	return manifest.YAML(made), nil
}

func serviceNames(services []pipeline.OperatorService) string {
	var names []string
	for _, s := range services {
		names = append(names, s.Namespace+"/"+s.Name)
	}
	return strings.Join(names, " and ")
}

// guideService is the Service of Kong Operator's metrics as its chart installs it.
func guideService() pipeline.OperatorService {
	return pipeline.OperatorService{
		Namespace: "kong-system", Name: "kong-operator-metrics",
		Labels: map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/component": "ko"},
		Ports:  []pipeline.ServicePort{{Name: "http", Port: 8080, TargetPort: "metrics"}},
	}
}

// guidePrometheus is that of the chart kube-prometheus-stack, as release prometheus.
func guidePrometheus() *monitoringv1.Prometheus {
	p := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "prometheus", Name: "prometheus-kube-prometheus-prometheus"}}
	p.Spec.ServiceMonitorSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"release": "prometheus"}}
	p.Spec.ServiceMonitorNamespaceSelector = &metav1.LabelSelector{}
	p.Spec.ScrapeInterval = "30s"
	return p
}

// jsonOf is one document, or a list of objects.
func jsonOf(documents []document) (string, error) {
	items := make([]json.RawMessage, 0, len(documents))
	for _, d := range documents {
		raw, err := yaml.YAMLToJSON([]byte(d.yaml))
		if err != nil {
			return "", fmt.Errorf("encode JSON: %w", err)
		}
		items = append(items, raw)
	}
	var value any
	switch {
	case len(items) == 0:
		return "", nil
	case len(items) == 1:
		value = items[0]
	default:
		value = map[string]any{"apiVersion": "v1", "kind": "List", "items": items}
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("encode JSON: %w", err)
	}
	return b.String(), nil
}
