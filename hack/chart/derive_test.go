package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func object(kind string, more map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"kind": kind, "metadata": map[string]any{
		"name": "kong-latency", "namespace": namespace,
		"labels": map[string]any{"app.kubernetes.io/component": "webhook"},
	}}}
	for k, v := range more {
		o.Object[k] = v
	}
	return o
}

func TestTemplate(t *testing.T) {
	webhook := func(name string) map[string]any {
		return map[string]any{
			"name": name, "failurePolicy": "Ignore",
			"namespaceSelector": map[string]any{"matchExpressions": []any{map[string]any{
				"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": []any{namespace, "kube-system"},
			}}},
		}
	}
	tests := map[string]struct {
		object    *unstructured.Unstructured
		condition string
		want      string
	}{
		"namespace and labels": {object: object("Lease", nil), want: `---
kind: Lease
metadata:
  labels:
    {{- include "kong-latency.labels" . | nindent 4 }}
    app.kubernetes.io/component: webhook
  name: kong-latency
  namespace: '{{ .Release.Namespace }}'
`},
		"a condition, and braces that are not for Helm": {
			object: object("Lease", map[string]any{"text": "of {{ $labels.pod }}"}), condition: ".Values.x", want: `{{- if .Values.x }}
---
kind: Lease
metadata:
  labels:
    {{- include "kong-latency.labels" . | nindent 4 }}
    app.kubernetes.io/component: webhook
  name: kong-latency
  namespace: '{{ .Release.Namespace }}'
text: of {{ "{{" }} $labels.pod }}
{{- end }}
`},
		"a webhook with a configurable failurePolicy": {
			object: object("ValidatingWebhookConfiguration", map[string]any{"webhooks": []any{webhook(barriers[0])}}), want: `---
kind: ValidatingWebhookConfiguration
metadata:
  {{- if eq .Values.certs.mode "cert-manager" }}
  annotations:
    cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/kong-latency-webhook
  {{- end }}
  labels:
    {{- include "kong-latency.labels" . | nindent 4 }}
    app.kubernetes.io/component: webhook
  name: kong-latency
  namespace: '{{ .Release.Namespace }}'
webhooks:
- failurePolicy: '{{ .Values.webhook.failurePolicy }}'
  name: deployments.validate.kong.latency
  namespaceSelector:
    matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values:
      - '{{ .Release.Namespace }}'
      {{- range .Values.webhook.excludedNamespaces }}
      - {{ . | quote }}
      {{- end }}
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, got, err := template(tt.object, tt.condition)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("template (-want +got):\n%s", d)
			}
		})
	}
}

func TestOtherWebhooksHaveAFixedFailurePolicy(t *testing.T) {
	o := object("ValidatingWebhookConfiguration", map[string]any{"webhooks": []any{
		map[string]any{"name": "auto-attach.deployments.validate.kong.latency", "failurePolicy": "Ignore"},
	}})
	_, text, err := template(o, "")
	if err != nil || !strings.Contains(text, "failurePolicy: Ignore") {
		t.Errorf("template %s, error %v", text, err)
	}
}

func TestNewKindsNeedARule(t *testing.T) {
	if _, _, err := template(object("CronJob", nil), ""); err == nil || !strings.Contains(err.Error(), "add one") {
		t.Errorf("error %v", err)
	}
	webhook := map[string]any{"name": "w", "namespaceSelector": map[string]any{"matchExpressions": []any{}}}
	_, _, err := template(object("MutatingWebhookConfiguration", map[string]any{"webhooks": []any{webhook}}), "")
	if err == nil || !strings.Contains(err.Error(), "webhook w: no namespace is excluded") {
		t.Errorf("error %v", err)
	}
}

func TestObsoleteTemplatesAreRemoved(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "derived")
	stale := filepath.Join(folder, "stale.yaml")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"../../config", folder}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", stale, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "webhooks.yaml")); err != nil {
		t.Error(err)
	}
}
