{{- /* Labels of every object. */}}
{{- define "kong-latency.labels" -}}
app.kubernetes.io/name: kong-latency
app.kubernetes.io/part-of: kong-latency
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "kong-latency.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* One process for both needs one account with the rights of both. */}}
{{- define "kong-latency.controllerAccount" -}}
{{- if .Values.allInOne }}kong-latency-webhook{{ else }}kong-latency-controller{{ end }}
{{- end }}

{{- /* Flags that both processes have. */}}
{{- define "kong-latency.commonArgs" -}}
{{- if ne .Values.logLevel "info" }}
- --log-level={{ .Values.logLevel }}
{{- end }}
{{- with .Values.pipeline.operatorService }}
- --operator-service={{ . }}
{{- end }}
{{- with .Values.pipeline.adapterConfigMap }}
- --adapter-configmap={{ . }}
{{- end }}
{{- end }}

{{- /* Labels of pods. Called with a list of the component and the root. */}}
{{- define "kong-latency.podMetadata" -}}
{{- $component := index . 0 }}{{ $root := index . 1 }}{{ $values := index $root.Values $component -}}
labels:
  app.kubernetes.io/name: kong-latency
  app.kubernetes.io/part-of: kong-latency
  app.kubernetes.io/component: {{ $component }}
annotations:
  kubectl.kubernetes.io/default-container: kong-latency
  {{- with $values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- /* Spread over one topology, counted among replicas of one revision, otherwise a
       rolling update would spread badly. Called with a list of the component and
       the topology key. */}}
{{- define "kong-latency.spread" -}}
- maxSkew: 1
  topologyKey: {{ index . 1 }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      app.kubernetes.io/name: kong-latency
      app.kubernetes.io/component: {{ index . 0 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}

{{- /* Pod spec of both. Called with a list of the component and the root. */}}
{{- define "kong-latency.podSpec" -}}
{{- $component := index . 0 }}{{ $root := index . 1 }}{{ $values := index $root.Values $component -}}
automountServiceAccountToken: true
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- /* Container of both. Called like podSpec. */}}
{{- define "kong-latency.container" -}}
{{- $component := index . 0 }}{{ $root := index . 1 }}{{ $values := index $root.Values $component -}}
name: kong-latency
image: {{ include "kong-latency.image" $root }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
env:
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: GOMEMLIMIT # the collector works harder before the kernel kills
  valueFrom:
    resourceFieldRef:
      resource: limits.memory
livenessProbe:
  httpGet:
    path: /healthz
    port: probes
  initialDelaySeconds: 15
  periodSeconds: 20
readinessProbe:
  httpGet:
    path: /readyz
    port: probes
  periodSeconds: 5
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}
