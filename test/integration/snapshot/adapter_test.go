package snapshot

import (
	"fmt"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// configuration returns a ConfigMap with a rule for a resource.
func configuration(resource string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: ConfigMap
metadata:
  namespace: prometheus
  name: prometheus-adapter
  labels: {app.kubernetes.io/managed-by: Helm}
  annotations: {meta.helm.sh/release-name: adapter}
data:
  config.yaml: |
    rules:
    - seriesQuery: kong_upstream_latency_ms_sum
      resources: {overrides: {exported_service: {resource: %s}}}
      metricsQuery: sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)
`, resource)
}

// adapterPod returns a pod of the adapter whose container started at a given time.
func adapterPod(started time.Time) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {namespace: prometheus, name: prometheus-adapter-1, labels: {app: prometheus-adapter}}
spec:
  automountServiceAccountToken: false
  containers:
  - name: adapter
    image: prometheus-adapter
    args: [--config=/etc/adapter/config.yaml, --prometheus-url=http://prometheus:9090]
    volumeMounts: [{name: config, mountPath: /etc/adapter}]
  volumes: [{name: config, configMap: {name: prometheus-adapter}}]
status:
  phase: Running
  containerStatuses:
  - {name: adapter, ready: true, restartCount: 0, image: x, imageID: x, state: {running: {startedAt: %q}}}
`, started.UTC().Format(time.RFC3339))
}

func TestAdapterConfigurationIsFoundAndWatched(t *testing.T) {
	e := newEnv(t)
	source := e.source(cp.Config(), watch.Options{})
	adapter := func() pipeline.Adapter { return source.Snapshot().Adapter }
	e.Expect(adapter().State).To(gomega.Equal(pipeline.NotInstalled))

	e.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: prometheus}}`, `
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.custom.metrics.k8s.io}
spec:
  group: custom.metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {namespace: prometheus, name: prometheus-adapter}
`)
	e.Eventually(func() string { return adapter().Why }).Should(gomega.ContainSubstring("does not exist"))
	e.Eventually(func() bool { return source.Snapshot().MetricsAPI.Registered }).Should(gomega.BeTrue())
	e.Expect(source.Snapshot().MetricsAPI.Available).To(gomega.BeFalse())

	e.apply(`
apiVersion: v1
kind: Service
metadata: {namespace: prometheus, name: prometheus-adapter}
spec: {selector: {app: prometheus-adapter}, ports: [{port: 443}]}
`)
	e.Eventually(func() string { return adapter().Why }).Should(gomega.ContainSubstring("has no pods"))
	e.apply(adapterPod(time.Now().Add(time.Hour)))
	e.Eventually(func() string { return adapter().Why }).Should(gomega.Equal("ConfigMap prometheus/prometheus-adapter does not exist"))

	e.apply(configuration("service"))
	e.Eventually(func() pipeline.State { return adapter().State }).Should(gomega.Equal(pipeline.Known))
	found := adapter()
	e.Expect(found.ParseError).NotTo(gomega.HaveOccurred())
	e.Expect(found.Config.Len()).To(gomega.Equal(1))
	e.Expect(found.Deployment.String()).To(gomega.Equal("Pod prometheus/prometheus-adapter-1"))
	e.Expect(found.HelmRelease).To(gomega.Equal("adapter"))
	e.Expect(found.Key).To(gomega.Equal("config.yaml"))
	e.Expect(found.PrometheusURL).To(gomega.Equal("http://prometheus:9090"))
	e.Expect(found.Pending).To(gomega.BeFalse())

	e.apply(adapterPod(time.Now().Add(-time.Minute)))
	e.Eventually(func() bool { return adapter().Pending }).Should(gomega.BeTrue(), "it was written after the pod started")

	e.apply(configuration("svc"))
	e.Eventually(func() error { return adapter().ParseError }).Should(gomega.MatchError(gomega.ContainSubstring("svc")))
	e.Expect(adapter().Config).To(gomega.BeNil())
}
