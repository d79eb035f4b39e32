package main

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// rule says how the objects of a kind are derived.
type rule struct {
	// file is the template that they go into; if empty, they are not derived.
	file string
	// condition says when they are part of a release; if empty, always.
	condition string
	// byMode means that they differ, or are absent, with cert-manager.
	byMode bool
	// change inserts what depends on the chart's values.
	change func(*unstructured.Unstructured, *blocks) error
}

var rules = map[string]rule{
	"Deployment": {}, // a template written by hand
	"Namespace":  {}, // the user's, see helm install --create-namespace

	"CustomResourceDefinition": {file: "crd.yaml", condition: ".Values.crds.install", change: definition},

	"ServiceAccount":     {file: "rbac.yaml", change: account},
	"ClusterRole":        {file: "rbac.yaml"},
	"Role":               {file: "rbac.yaml", byMode: true},
	"ClusterRoleBinding": {file: "rbac.yaml", change: binding},
	"RoleBinding":        {file: "rbac.yaml", change: binding},

	"MutatingWebhookConfiguration":   {file: "webhooks.yaml", change: webhooks},
	"ValidatingWebhookConfiguration": {file: "webhooks.yaml", change: webhooks},

	"Lease":               {file: "objects.yaml"},
	"NetworkPolicy":       {file: "objects.yaml", condition: ".Values.networkPolicy.enabled", change: networkPolicy},
	"PodDisruptionBudget": {file: "objects.yaml"},
	"ResourceQuota":       {file: "objects.yaml", condition: `hasPrefix "system-" .Values.webhook.priorityClassName`, change: quota},
	"Secret":              {file: "objects.yaml", byMode: true},
	"Service":             {file: "objects.yaml", change: service},

	"Issuer":      {file: "certmanager.yaml"},
	"Certificate": {file: "certmanager.yaml"},

	"ConfigMap":      {file: "monitoring.yaml", condition: ".Values.grafanaDashboard.enabled", change: dashboard},
	"ServiceMonitor": {file: "monitoring.yaml", condition: ".Values.serviceMonitor.enabled", change: serviceMonitor},
	"PrometheusRule": {file: "monitoring.yaml", condition: ".Values.prometheusRule.enabled", change: prometheusRule},
}

// definition makes the definition, and with it every LatencyPolicy, outlive the
// release if crds.keep is set.
func definition(o *unstructured.Unstructured, b *blocks) error {
	annotations, err := field[map[string]any](o.Object, "metadata", "annotations")
	if err != nil {
		return err
	}
	lines := []string{"{{- if .Values.crds.keep }}", "helm.sh/resource-policy: keep", "{{- end }}"}
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		lines = append(lines, fmt.Sprintf("%s: %q", key, annotations[key]))
	}
	return unstructured.SetNestedField(o.Object, b.add(lines...), "metadata", "annotations")
}

const controllerName = "kong-latency-controller"

// account renders one account if both run in one process.
func account(o *unstructured.Unstructured, b *blocks) error {
	if o.GetName() == controllerName {
		b.condition = "not .Values.allInOne"
	}
	return nil
}

func binding(o *unstructured.Unstructured, _ *blocks) error {
	subjects, err := field[[]any](o.Object, "subjects")
	if err != nil {
		return err
	}
	for _, s := range subjects {
		if subject, ok := s.(map[string]any); ok && subject["name"] == controllerName {
			subject["name"] = controllerAccount
		}
	}
	return nil
}

// barriers are the webhooks that can be configured to refuse while the webhook is
// unavailable, see docs/decisions/0003-failure-policy-ignore.md.
var barriers = []string{"deployments.validate.kong.latency", "services.validate.kong.latency"}

func webhooks(o *unstructured.Unstructured, b *blocks) error {
	err := unstructured.SetNestedField(o.Object, b.instead(
		`{{- if eq .Values.certs.mode "cert-manager" }}`,
		"annotations:",
		"  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/kong-latency-webhook",
		"{{- end }}",
	), "metadata", "annotations")
	if err != nil {
		return err
	}
	list, err := field[[]any](o.Object, "webhooks")
	if err != nil {
		return err
	}
	for _, w := range list {
		webhook, ok := w.(map[string]any)
		if !ok {
			return fmt.Errorf("a webhook is %T", w)
		}
		if name, _ := webhook["name"].(string); slices.Contains(barriers, name) {
			webhook["failurePolicy"] = "{{ .Values.webhook.failurePolicy }}"
		}
		if err := excluded(webhook, b); err != nil {
			return fmt.Errorf("webhook %v: %w", webhook["name"], err)
		}
	}
	return nil
}

// excluded reads the namespaces that the webhook is not called for from the values.
// Webhooks of cluster-scoped objects have no selector.
func excluded(webhook map[string]any, b *blocks) error {
	if webhook["namespaceSelector"] == nil {
		return nil
	}
	expressions, err := field[[]any](webhook, "namespaceSelector", "matchExpressions")
	if err != nil {
		return err
	}
	for _, e := range expressions {
		if expression, ok := e.(map[string]any); ok && expression["key"] == "kubernetes.io/metadata.name" {
			expression["values"] = []any{releaseNamespace, b.add(
				"{{- range .Values.webhook.excludedNamespaces }}", "- {{ . | quote }}", "{{- end }}",
			)}
			return nil
		}
	}
	return fmt.Errorf("no namespace is excluded by its name")
}

// networkPolicy reads the API server's ports and addresses, and the namespaces of
// Prometheus, from the values.
func networkPolicy(o *unstructured.Unstructured, b *blocks) error {
	ingress, err := field[[]any](o.Object, "spec", "ingress")
	if err != nil {
		return err
	}
	if o.GetName() == "kong-latency-webhook" {
		ingress[0] = b.add(
			"- ports:", "  - port: webhook", "    protocol: TCP",
			"  {{- with .Values.networkPolicy.apiServerCIDRs }}", "  from:", "  {{- range . }}",
			"  - ipBlock:", "      cidr: {{ . | quote }}", "  {{- end }}", "  {{- end }}",
		)
		return nil
	}
	first, ok := ingress[0].(map[string]any)
	if !ok {
		return fmt.Errorf("the first rule of ingress is %T", ingress[0])
	}
	first["from"] = []any{b.add(
		"{{- range .Values.networkPolicy.metricsNamespaces }}",
		"- namespaceSelector:", "    matchLabels:", "      kubernetes.io/metadata.name: {{ . | quote }}",
		"{{- else }}", "- namespaceSelector: {}", "{{- end }}",
	)}
	egress, err := field[[]any](o.Object, "spec", "egress")
	if err != nil {
		return err
	}
	first, ok = egress[0].(map[string]any)
	if !ok {
		return fmt.Errorf("the first rule of egress is %T", egress[0])
	}
	first["ports"] = []any{b.add(
		"{{- range .Values.networkPolicy.apiServerPorts }}", "- port: {{ . }}", "  protocol: TCP", "{{- end }}",
	)}
	return nil
}

func quota(o *unstructured.Unstructured, _ *blocks) error {
	expressions, err := field[[]any](o.Object, "spec", "scopeSelector", "matchExpressions")
	if err != nil {
		return err
	}
	for _, e := range expressions {
		if expression, ok := e.(map[string]any); ok {
			expression["values"] = []any{"{{ .Values.webhook.priorityClassName }}"}
		}
	}
	return nil
}

// service renders the metrics Service with the ServiceMonitor only.
func service(o *unstructured.Unstructured, b *blocks) error {
	if o.GetName() == "kong-latency-metrics" {
		b.condition = ".Values.serviceMonitor.enabled"
	}
	return nil
}

func serviceMonitor(o *unstructured.Unstructured, b *blocks) error {
	endpoints, err := field[[]any](o.Object, "spec", "endpoints")
	if err != nil {
		return err
	}
	for _, e := range endpoints {
		if endpoint, ok := e.(map[string]any); ok {
			endpoint["interval"] = "{{ .Values.serviceMonitor.interval }}"
		}
	}
	return moreLabels(o, b, "serviceMonitor")
}

func prometheusRule(o *unstructured.Unstructured, b *blocks) error {
	return moreLabels(o, b, "prometheusRule")
}

// dashboard reads the label for Grafana's sidecar from the values.
func dashboard(o *unstructured.Unstructured, b *blocks) error {
	return moreLabels(o, b, "grafanaDashboard")
}

// moreLabels adds labels from the values, by which a Prometheus or Grafana may select.
func moreLabels(o *unstructured.Unstructured, b *blocks, value string) error {
	metadata, err := field[map[string]any](o.Object, "metadata")
	if err != nil {
		return err
	}
	metadata["labels"] = b.add(
		`{{- include "kong-latency.labels" . | nindent 4 }}`,
		"app.kubernetes.io/component: metrics",
		"{{- with .Values."+value+".labels }}", "{{- toYaml . | nindent 4 }}", "{{- end }}",
	)
	return nil
}
