package snapshot

import (
	"fmt"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"k8s.io/client-go/rest"

	"github.com/kong-latency/kong-latency/internal/cluster/watch"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/test/controlplane"
)

// as returns a configuration with the rights of a user of this name.
func as(user string) *rest.Config {
	config := cp.Config()
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	return config
}

func bind(user, role string) string {
	return `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ` + user + "-" + role + `}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ` + role + `}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ` + user + `}]
`
}

// readOnce reads once, with these rights, what a source watches with them.
func (e *env) readOnce(config *rest.Config, watched *pipeline.Snapshot) {
	e.t.Helper()
	picture, err := watch.Read(e.t.Context(), config, watch.Options{})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	plain := func(s *pipeline.Snapshot) pipeline.Snapshot {
		out := *s
		out.Adapter.Config = nil // made anew of Document each time
		return out
	}
	e.Expect(plain(picture.Snapshot)).To(gomega.Equal(plain(watched)))
}

func TestForbiddenKindsAreUnreadableUntilAllowed(t *testing.T) {
	e := newEnv(t)
	e.installAll()
	e.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: workloads}
rules:
- {apiGroups: [apps], resources: [deployments], verbs: [list, watch]}
- {apiGroups: [""], resources: [services], verbs: [list, watch]}
- {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list, watch]}
`, bind("poor", "workloads"))
	source := e.source(as("poor"), watch.Options{})
	s := source.Snapshot()
	e.Expect(states(s)).To(gomega.Equal(allAre(pipeline.Unreadable)))
	e.Expect(s.ServiceMonitors.Why).To(gomega.Equal("listing servicemonitors.monitoring.coreos.com is forbidden"))
	e.Expect(s.Namespaces.State).To(gomega.Equal(pipeline.Unreadable))
	e.Expect(s.MetricsAPI.State).To(gomega.Equal(pipeline.Unreadable))
	e.Expect(s.Adapter.State).To(gomega.Equal(pipeline.Unreadable))
	e.Expect(s.OperatorServices.Why).To(gomega.HavePrefix("no Service looks like"), "Services can be listed")
	e.readOnce(as("poor"), s)

	e.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: monitors}
rules: [{apiGroups: [monitoring.coreos.com], resources: [servicemonitors], verbs: [list, watch]}]
`, bind("poor", "monitors"))
	e.Eventually(func() pipeline.State { return source.Snapshot().ServiceMonitors.State }).Should(gomega.Equal(pipeline.Known))
	e.Expect(source.Snapshot().Prometheuses.State).To(gomega.Equal(pipeline.Unreadable))
}

// TestTheShippedRolesSuffice reads everything with the rights that each of the
// product's processes has.
func TestTheShippedRolesSuffice(t *testing.T) {
	e := newEnv(t)
	e.installAll()
	e.shippedRoles()
	e.adapterBehind("v1beta1")
	for _, role := range []string{"kong-latency-webhook", "kong-latency-controller"} {
		t.Run(role, func(t *testing.T) {
			e := newEnv(t)
			e.apply(bind("shipped", role))
			source := e.source(as("shipped"), watch.Options{})
			e.Eventually(func(g gomega.Gomega) { // rights take effect a moment after they are granted
				s := source.Snapshot()
				g.Expect(states(s)).To(gomega.Equal(allAre(pipeline.Known)))
				g.Expect(s.Namespaces.State).To(gomega.Equal(pipeline.Known))
				g.Expect(s.MetricsAPI.State).To(gomega.Equal(pipeline.Known))
				g.Expect(s.Adapter.State).To(gomega.Equal(pipeline.Known), s.Adapter.Why)
				near := source.Neighbors().Sets()
				for _, set := range []pipeline.Set[model.PodOwner]{near.StatefulSets, near.DaemonSets, near.ReplicaSets, near.Rollouts} {
					g.Expect(set.State).To(gomega.Equal(pipeline.Known), set.Why)
				}
				for _, set := range []pipeline.Set[model.Autoscaler]{near.ScaledObjects, near.HTTPScaledObjects, near.DatadogPodAutoscalers, near.WatermarkPodAutoscalers} {
					g.Expect(set.State).To(gomega.Equal(pipeline.Known), set.Why)
				}
				g.Expect(near.Canaries.State).To(gomega.Equal(pipeline.Known), near.Canaries.Why)
				g.Expect(near.LimitRanges.State).To(gomega.Equal(pipeline.Known), near.LimitRanges.Why)
			}).Should(gomega.Succeed())
			e.readOnce(as("shipped"), source.Snapshot())
		})
	}
}

// TestTheMetricsAPIIsFoundByItsNewerVersionAlone registers only v1beta2, as the walkthrough
// of prometheus-adapter does, and reads it with the rights of each process.
func TestTheMetricsAPIIsFoundByItsNewerVersionAlone(t *testing.T) {
	e := newEnv(t)
	e.shippedRoles()
	e.adapterBehind("v1beta2")
	for _, role := range []string{"kong-latency-webhook", "kong-latency-controller"} {
		t.Run(role, func(t *testing.T) {
			e := newEnv(t)
			e.apply(bind("newer", role))
			source := e.source(as("newer"), watch.Options{})
			e.Eventually(func(g gomega.Gomega) { // rights take effect a moment after they are granted
				api, adapter := source.Snapshot().MetricsAPI, source.Snapshot().Adapter
				g.Expect(api.State).To(gomega.Equal(pipeline.Known), api.Why)
				g.Expect(api.Registered).To(gomega.BeTrue())
				g.Expect(api.Version).To(gomega.Equal("v1beta2"))
				g.Expect(adapter.State).To(gomega.Equal(pipeline.Known), adapter.Why)
			}).Should(gomega.Succeed())
			e.readOnce(as("newer"), source.Snapshot())
		})
	}
}

// TestReadersAreEvidenceOnlyIfTheyMayBeListed reads which metrics autoscalers read, by a
// source and at once.
func TestReadersAreEvidenceOnlyIfTheyMayBeListed(t *testing.T) {
	e := newEnv(t)
	e.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: shop}}`)
	for _, name := range []string{"web", "api"} {
		e.apply(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {namespace: shop, name: ` + name + `}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: ` + name + `}}
status:
  desiredReplicas: 1
  conditions: [{type: ScalingActive, status: "True", reason: ValidMetricFound, lastTransitionTime: "2026-01-01T00:00:00Z"}]
  currentMetrics:
  - type: Object
    object: {metric: {name: latency}, describedObject: {apiVersion: v1, kind: Service, name: ` + name + `}, current: {value: "40"}}
`)
	}
	source := e.source(cp.Config(), watch.Options{})
	e.Eventually(func() map[string]finding.Object { return source.Snapshot().Reads }).Should(gomega.Equal(
		map[string]finding.Object{"latency": {Kind: "HorizontalPodAutoscaler", Namespace: "shop", Name: "api"}}))
	picture, err := watch.Read(t.Context(), cp.Config(), watch.Options{})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	e.Expect(picture.Snapshot.Reads).To(gomega.Equal(source.Snapshot().Reads))
	picture, err = watch.Read(t.Context(), as("nobody"), watch.Options{})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	e.Expect(picture.Snapshot.Reads).To(gomega.BeEmpty())
}

// shippedRoles creates the ClusterRoles of the shipped manifests.
func (e *env) shippedRoles() {
	e.t.Helper()
	objects, err := controlplane.Render("config/rbac")
	e.Expect(err).NotTo(gomega.HaveOccurred())
	for _, o := range objects {
		if o.GetKind() == "ClusterRole" {
			raw, err := o.MarshalJSON()
			e.Expect(err).NotTo(gomega.HaveOccurred())
			e.apply(string(raw))
		}
	}
}

// adapterBehind creates a prometheus-adapter behind one version of the custom metrics API.
func (e *env) adapterBehind(version string) {
	e.t.Helper()
	e.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: prometheus}}`, fmt.Sprintf(`
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: %[1]s.custom.metrics.k8s.io}
spec: {group: custom.metrics.k8s.io, version: %[1]s, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: {namespace: prometheus, name: prometheus-adapter}}
`, version), `
apiVersion: v1
kind: Service
metadata: {namespace: prometheus, name: prometheus-adapter}
spec: {selector: {app: prometheus-adapter}, ports: [{port: 443}]}
`, configuration("service"), adapterPod(time.Now()))
}
