package faults

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/guide"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// measured installs all definitions and these parts of the guide.
func (c *cluster) measured(parts ...string) {
	c.t.Helper()
	c.Expect(controlplane.InstallCRDs(c.ctx, c.admin)).To(gomega.Succeed())
	c.Expect(guide.Apply(c.ctx, c.admin, parts...)).To(gomega.Succeed())
}

// monitor is a ServiceMonitor in the namespace of the test that selects Kong Operator.
func (c *cluster) monitor(name, regex string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
		"metadata": map[string]any{"namespace": c.namespace, "name": name, "labels": map[string]any{"release": "prometheus"}},
		"spec": map[string]any{
			"namespaceSelector": map[string]any{"any": true},
			"selector":          map[string]any{"matchLabels": map[string]any{"control-plane": "controller-manager"}},
			"endpoints": []any{map[string]any{"port": "http", "metricRelabelings": []any{
				map[string]any{"action": "drop", "regex": regex, "sourceLabels": []any{"__name__"}},
			}}},
		},
	}}
}

// route is an HTTPRoute in the namespace of the test.
func (c *cluster) route(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
		"metadata": map[string]any{"namespace": c.namespace, "name": name},
		"spec": map[string]any{
			"parentRefs": []any{map[string]any{"name": "kong", "namespace": "kong"}},
			"rules": []any{map[string]any{
				"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/" + name}}},
				"backendRefs": []any{map[string]any{"name": name, "port": int64(80)}},
			}},
		},
	}}
}

// stillAttaches expects that a workload is still admitted and attached.
func (c *cluster) stillAttaches(name string) {
	c.t.Helper()
	d, s := c.workload(name, testutil.Settings())
	c.create(s, d)
	c.attached(name)
}

// A regular expression of 3 KB that is compiled to gigabytes, in a ServiceMonitor that a
// tenant may create.
func TestATenantWritesARegularExpressionThatExplodes(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	c.measured(guide.Operator, guide.Prometheus)
	c.create(c.monitor("kong-operator", "("+strings.Repeat("a", 3000)+"){1000}"))
	webhook, controller := c.webhook(), c.controller()
	c.stillAttaches("echo")
	c.expectWithinLimit(webhook)
	c.Eventually(func() float64 { return c.gauge(controller, "kong_latency_findings", "hop", "service-monitor") }).Should(gomega.BeNumerically(">", 0))
	c.expectWithinLimit(controller)
	c.Expect(c.gauge(controller, "kong_latency_findings", "reason", "ServiceMonitorTooLarge")).To(gomega.BeEquivalentTo(1))
}

// Objects that are as large as the API server lets them be are not kept.
func TestATenantWritesHugeServiceMonitors(t *testing.T) {
	takesMinutes(t)
	c := newCluster(t, controlplane.Options{Bare: true})
	c.measured(guide.Operator, guide.Prometheus)
	for i := range 100 {
		m := c.monitor(fmt.Sprintf("huge-%03d", i), "x")
		list := make([]any, 8000)
		for k := range list {
			list[k] = map[string]any{"action": "drop", "regex": strings.Repeat("x", 60), "sourceLabels": []any{"job"}}
		}
		m.Object["spec"].(map[string]any)["endpoints"].([]any)[0].(map[string]any)["metricRelabelings"] = list
		c.create(m)
	}
	webhook, controller := c.webhook(), c.controller()
	c.stillAttaches("echo")
	c.Eventually(func() float64 {
		return c.gauge(controller, "kong_latency_snapshot_dropped", "kind", "servicemonitors.monitoring.coreos.com")
	}).Should(gomega.BeEquivalentTo(100))
	c.expectWithinLimit(webhook)
	c.expectWithinLimit(controller)
}

// 10,000 HTTPRoutes and as many ServiceMonitors fit into the memory of both processes, and
// admission still decides.
func TestTenThousandRoutesAndMonitors(t *testing.T) {
	takesMinutes(t)
	c := newCluster(t, controlplane.Options{Bare: true})
	c.measured(guide.Parts()...)
	const n, writers = 10_000, 16
	config := *c.cp.Config()
	config.QPS = -1
	admin, err := client.New(&config, client.Options{})
	c.Expect(err).NotTo(gomega.HaveOccurred())
	var running sync.WaitGroup
	failed := make(chan error, writers)
	for w := range writers {
		running.Go(func() {
			for i := w; i < n; i += writers {
				name := fmt.Sprintf("app-%05d", i)
				for _, o := range []client.Object{c.route(name), c.monitor(name, "x"+name)} {
					if err := admin.Create(c.ctx, o); err != nil {
						failed <- err
						return
					}
				}
			}
		})
	}
	running.Wait()
	close(failed)
	c.Expect(<-failed).NotTo(gomega.HaveOccurred())
	webhook, controller := c.webhook(), c.controller()
	c.stillAttaches("echo")
	c.expectWithinLimit(webhook)
	c.expectWithinLimit(controller)
}

// A tenant can give a Service the labels by which Kong Operator's is recognized, and so make
// it unknown for everybody which one has to be scraped. One behind which no Kong Operator
// runs does not count beside the one behind which it does.
func TestATenantWritesALookAlikeOfTheOperator(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	c.measured(slices.DeleteFunc(guide.Parts(), func(part string) bool { return part == guide.Monitor })...)
	operator, _ := c.workload("kong-operator-controller-manager", nil)
	operator.Namespace, operator.Spec.Replicas = guide.MetricsService.Namespace, ptr.To[int32](1)
	pods := map[string]string{"control-plane": "controller-manager", "app.kubernetes.io/name": "kong-operator"}
	operator.Spec.Selector.MatchLabels, operator.Spec.Template.Labels = pods, pods
	operator.Spec.Template.Spec.Containers[0].Image = "kong/kong-operator:2.0"
	c.create(operator)
	var theirs corev1.Service
	c.Expect(c.admin.Get(c.ctx, guide.MetricsService, &theirs)).To(gomega.Succeed())
	tenants := c.newNamespace(nil)
	lookAlike := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: tenants, Name: theirs.Name, Labels: theirs.Labels}}
	lookAlike.Spec.Ports, lookAlike.Spec.Selector = theirs.Spec.Ports, map[string]string{"app": "web"}
	web, _ := c.workload("web", nil)
	web.Namespace, web.Spec.Replicas = tenants, ptr.To[int32](1)
	c.create(lookAlike, web)

	c.webhook()
	d, s := c.workload("echo", testutil.Settings())
	c.create(s)
	enable := func() error { return c.admin.Create(c.ctx, d.DeepCopy(), client.DryRunAll) }
	c.Eventually(enable).Should(gomega.MatchError(gomega.And(
		gomega.ContainSubstring("no ServiceMonitor selects Service "+guide.MetricsService.String()),
		gomega.ContainSubstring("ignored: Service "+tenants+"/"+theirs.Name+", behind which no Kong Operator runs"),
	)))
	// Without the operator nothing shows which Service counts, and nothing is denied.
	c.Expect(c.admin.Delete(c.ctx, operator)).To(gomega.Succeed())
	c.Eventually(enable).Should(gomega.Succeed())
}
