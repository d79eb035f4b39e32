package snapshot

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

// states returns the states of the kinds by the names of their definitions.
func states(s *pipeline.Snapshot) map[string]pipeline.State {
	return map[string]pipeline.State{
		"servicemonitors.monitoring.coreos.com":                  s.ServiceMonitors.State,
		"prometheuses.monitoring.coreos.com":                     s.Prometheuses.State,
		"dataplanemetricsextensions.gateway-operator.konghq.com": s.Extensions.State,
		"controlplanes.gateway-operator.konghq.com":              s.ControlPlanes.State,
		"gatewayconfigurations.gateway-operator.konghq.com":      s.GatewayConfigurations.State,
		"gatewayclasses.gateway.networking.k8s.io":               s.GatewayClasses.State,
		"gateways.gateway.networking.k8s.io":                     s.Gateways.State,
		"httproutes.gateway.networking.k8s.io":                   s.HTTPRoutes.State,
		"referencegrants.gateway.networking.k8s.io":              s.ReferenceGrants.State,
	}
}

func allAre(state pipeline.State) map[string]pipeline.State {
	out := states(&pipeline.Snapshot{})
	for name := range out {
		out[name] = state
	}
	return out
}

// removeCRDs removes all installed definitions, and waits until they are gone: the next
// test may install them again.
func (e *env) removeCRDs(names ...string) {
	e.t.Helper()
	for _, name := range names {
		crd := &unstructured.Unstructured{}
		crd.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
		crd.SetName(name)
		e.remove(crd)
	}
	ctx := context.WithoutCancel(e.t.Context())
	for _, name := range names {
		crd := &unstructured.Unstructured{}
		crd.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
		e.Eventually(func() bool {
			return apierrors.IsNotFound(admin.Get(ctx, client.ObjectKey{Name: name}, crd))
		}).WithTimeout(time.Minute).Should(gomega.BeTrue(), "%s is gone", name)
	}
}

func (e *env) installAll() {
	e.t.Helper()
	names, err := controlplane.CRDs()
	e.Expect(err).NotTo(gomega.HaveOccurred())
	e.Expect(controlplane.InstallCRDs(e.t.Context(), admin)).To(gomega.Succeed())
	e.t.Cleanup(func() { e.removeCRDs(names...) })
}

func TestKindsInstalledAndRemovedAtRunTime(t *testing.T) {
	e := newEnv(t)
	source := e.source(cp.Config(), watch.Options{})
	s := source.Snapshot()
	e.Expect(cmp.Diff(allAre(pipeline.NotInstalled), states(s))).To(gomega.BeEmpty())
	e.Expect(s.Namespaces.State).To(gomega.Equal(pipeline.Known))
	e.Expect(s.Namespaces.Items).To(gomega.ContainElement(pipeline.Namespace{
		Name: "kube-system", Labels: map[string]string{"kubernetes.io/metadata.name": "kube-system"},
	}))
	e.Expect(s.MetricsAPI).To(gomega.Equal(pipeline.MetricsAPI{State: pipeline.Known}))
	e.Expect(s.Adapter.State).To(gomega.Equal(pipeline.NotInstalled))
	e.Expect(s.OperatorServices.State).To(gomega.Equal(pipeline.Unreadable), "none is known by its looks, which proves nothing")

	e.installAll()
	e.Eventually(func() map[string]pipeline.State { return states(source.Snapshot()) }).Should(gomega.Equal(allAre(pipeline.Known)))

	const monitors = "servicemonitors.monitoring.coreos.com"
	without := allAre(pipeline.Known)
	without[monitors] = pipeline.NotInstalled
	e.removeCRDs(monitors)
	e.Eventually(func() map[string]pipeline.State { return states(source.Snapshot()) }).Should(gomega.Equal(without))
	e.Expect(controlplane.InstallCRDs(t.Context(), admin, monitors)).To(gomega.Succeed())
	e.Eventually(func() map[string]pipeline.State { return states(source.Snapshot()) }).Should(gomega.Equal(allAre(pipeline.Known)))
}

func TestObjectsOfEveryKind(t *testing.T) {
	e := newEnv(t)
	e.installAll()
	source := e.source(cp.Config(), watch.Options{})
	e.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a}}}`, `
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {namespace: shop, name: kong, labels: {release: prometheus}, annotations: {note: mine}}
spec:
  selector: {matchLabels: {control-plane: controller-manager}}
  endpoints:
  - port: http
    interval: 15s
    honorLabels: true
    metricRelabelings: [{action: drop, sourceLabels: [__name__], regex: go_.*}]
`, `
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {namespace: shop, name: main}
spec:
  scrapeInterval: 45s
  serviceMonitorSelector: {matchLabels: {release: prometheus}}
  serviceMonitorNamespaceSelector: {}
  resources: {requests: {memory: 400Mi}}
`, `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: kong}
spec:
  controllerName: konghq.com/gateway-operator
  parametersRef: {group: gateway-operator.konghq.com, kind: GatewayConfiguration, name: kong, namespace: shop}
`, `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {namespace: shop, name: kong}
spec: {gatewayClassName: kong, listeners: [{name: http, port: 80, protocol: HTTP}]}
`, `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {namespace: shop, name: echo}
spec:
  parentRefs: [{name: kong}]
  rules: [{backendRefs: [{name: echo, port: 80}]}]
`, `
apiVersion: gateway-operator.konghq.com/v1alpha1
kind: DataPlaneMetricsExtension
metadata: {namespace: shop, name: kong}
spec: {serviceSelector: {matchNames: [{name: echo}]}, config: {latency: true}}
`, `
apiVersion: gateway-operator.konghq.com/v2beta1
kind: GatewayConfiguration
metadata: {namespace: shop, name: kong}
spec: {extensions: [{group: gateway-operator.konghq.com, kind: DataPlaneMetricsExtension, name: kong}]}
`, `
apiVersion: gateway-operator.konghq.com/v2beta1
kind: ControlPlane
metadata:
  namespace: shop
  name: kong-x7z
  ownerReferences: [{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, name: kong, uid: "1"}]
spec: {extensions: [{group: gateway-operator.konghq.com, kind: DataPlaneMetricsExtension, name: kong}]}
status: {conditions: [{type: AcceptedExtensions, status: "True", message: ok}]}
`, `
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: ko-kong-operator-metrics, labels: {control-plane: controller-manager, app.kubernetes.io/component: ko}}
spec: {ports: [{name: http, port: 8080, targetPort: metrics}]}
`, `
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: other, labels: {control-plane: controller-manager}}
spec: {ports: [{name: http, port: 8080}]}
`)
	ref := []pipeline.ExtensionRef{{Group: "gateway-operator.konghq.com", Kind: "DataPlaneMetricsExtension", Name: "kong"}}
	e.Eventually(func(g gomega.Gomega) {
		s := source.Snapshot()
		g.Expect(s.Namespaces.Items).To(gomega.ContainElement(gomega.HaveField("Labels", gomega.HaveKeyWithValue("team", "a"))))
		g.Expect(s.OperatorServices.Items).To(gomega.Equal([]pipeline.OperatorService{{
			Namespace: "shop", Name: "ko-kong-operator-metrics",
			Labels: map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/component": "ko"},
			Ports:  []pipeline.ServicePort{{Name: "http", Port: 8080, TargetPort: "metrics"}},
		}}))
		g.Expect(s.ServiceMonitors.Items).To(gomega.HaveLen(1))
		monitor := s.ServiceMonitors.Items[0]
		g.Expect(monitor.Labels).To(gomega.Equal(map[string]string{"release": "prometheus"}))
		g.Expect(monitor.Annotations).To(gomega.Equal(map[string]string{"note": "mine"}))
		g.Expect(monitor.ManagedFields).To(gomega.BeEmpty())
		g.Expect(monitor.Spec.Endpoints).To(gomega.HaveLen(1))
		g.Expect(monitor.Spec.Endpoints[0].Interval).To(gomega.BeEquivalentTo("15s"))
		g.Expect(monitor.Spec.Endpoints[0].HonorLabels).To(gomega.BeTrue())
		g.Expect(monitor.Spec.Endpoints[0].MetricRelabelConfigs[0].Regex).To(gomega.Equal("go_.*"))
		g.Expect(s.Prometheuses.Items).To(gomega.HaveLen(1))
		g.Expect(s.Prometheuses.Items[0].Spec.ScrapeInterval).To(gomega.BeEquivalentTo("45s"))
		g.Expect(s.Prometheuses.Items[0].Spec.ServiceMonitorNamespaceSelector).NotTo(gomega.BeNil(), "an empty selector became none")
		g.Expect(s.GatewayClasses.Items).To(gomega.HaveLen(1))
		g.Expect(s.GatewayClasses.Items[0].Spec.ParametersRef.Name).To(gomega.Equal("kong"))
		g.Expect(s.Gateways.Items).To(gomega.HaveLen(1))
		g.Expect(s.Gateways.Items[0].Spec.Listeners[0].Port).To(gomega.BeEquivalentTo(80))
		g.Expect(s.HTTPRoutes.Items).To(gomega.HaveLen(1))
		g.Expect(s.HTTPRoutes.Items[0].Spec.Rules[0].BackendRefs[0].Name).To(gomega.BeEquivalentTo("echo"))
		g.Expect(s.Extensions.Items).To(gomega.HaveLen(1))
		g.Expect(s.Extensions.Items[0].Services).To(gomega.Equal([]string{"echo"}))
		g.Expect(s.Extensions.Items[0].Latency).To(gomega.BeTrue())
		g.Expect(s.GatewayConfigurations.Items).To(gomega.Equal([]pipeline.GatewayConfiguration{{Namespace: "shop", Name: "kong", Extensions: ref}}))
		g.Expect(s.ControlPlanes.Items).To(gomega.Equal([]pipeline.ControlPlane{{
			Namespace: "shop", Name: "kong-x7z", Gateway: "kong", Extensions: ref,
			AcceptedExtensions: "True", AcceptedMessage: "ok",
		}}))
	}).Should(gomega.Succeed())

	named := e.source(cp.Config(), watch.Options{OperatorService: types.NamespacedName{Namespace: "shop", Name: "other"}})
	e.Expect(named.Snapshot().OperatorServices).To(gomega.Equal(pipeline.KnownSet(pipeline.OperatorService{
		Namespace: "shop", Name: "other", Labels: map[string]string{"control-plane": "controller-manager"},
		Ports: []pipeline.ServicePort{{Name: "http", Port: 8080, TargetPort: "8080"}},
	})))
}
