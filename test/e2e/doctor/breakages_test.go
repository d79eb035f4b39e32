package doctor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/cli/doctor"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/adapterrule"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/extension"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/metricsapi"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/prometheus"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/route"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/servicemonitor"
	"github.com/kong-latency/kong-latency/test/e2e/stack"
	"github.com/kong-latency/kong-latency/test/guide"
)

// breakage breaks one hop in one way.
type breakage struct {
	name string
	// hop is then reported as the first broken one, with the reason.
	hop    *finding.Hop
	reason string
	broken func(*env)
	// after is done after the fix was applied; nil for nothing.
	after func(*env)
	// restored is the manifest that undoes a breakage in spite of which the metric
	// arrives: the simulated gateway does not look at the object. What is inferred is then
	// a warning.
	restored string
}

var breakages = []breakage{
	{
		name: "the extension does not name the Service", hop: extension.Hop, reason: "ExtensionServiceNotListed", restored: "test/guide/extension.yaml",
		broken: func(e *env) {
			e.kubectl("patch", "dataplanemetricsextension", "kong", "--type=merge", "-p", `{"spec":{"serviceSelector":{"matchNames":[{"name":"other"}]}}}`)
		},
	},
	{
		name: "the route has an idle backend", hop: route.Hop, reason: "RouteSeveralBackends", restored: "test/guide/gateway.yaml",
		broken: func(e *env) {
			e.kubectl("patch", "httproute", "echo", "--type=json", "-p",
				`[{"op":"add","path":"/spec/rules/0/backendRefs/-","value":{"name":"canary","kind":"Service","port":80,"weight":0}}]`)
		},
	},
	{
		name: "no ServiceMonitor", hop: servicemonitor.Hop, reason: "ServiceMonitorNotFound",
		broken: func(e *env) { e.kubectl("delete", "servicemonitor", "gateway-operator", "-n", "kong-system") },
	},
	{
		name: "the Prometheus selects another label", hop: servicemonitor.Hop, reason: "ServiceMonitorNotSelected",
		broken: func(e *env) {
			e.kubectl("patch", "prometheus", guide.PrometheusServer.Name, "-n", guide.PrometheusServer.Namespace, "--type=merge",
				"-p", `{"spec":{"serviceMonitorSelector":{"matchLabels":{"release":"kps"}}}}`)
		},
	},
	{
		name: "the Prometheus selects no ServiceMonitors", hop: prometheus.Hop, reason: "PrometheusSelectsNoServiceMonitors",
		broken: func(e *env) {
			e.kubectl("patch", "prometheus", guide.PrometheusServer.Name, "-n", guide.PrometheusServer.Namespace, "--type=json",
				"-p", `[{"op":"remove","path":"/spec/serviceMonitorSelector"}]`)
		},
	},
	{
		name: "the adapter's rule has another name", hop: adapterrule.Hop, reason: "AdapterRuleNameDiffers",
		broken: func(e *env) {
			config := e.kubectl("get", "configmap", guide.AdapterConfigMap.Name, "-n", guide.AdapterConfigMap.Namespace, "-o", "yaml")
			e.kubectlReading(strings.ReplaceAll(config, "as: "+stack.Metric, "as: latency"), "replace", "-f", "-")
			restartAdapter(e)
		},
		after: restartAdapter,
	},
	{
		name: "no APIService", hop: metricsapi.Hop, reason: "MetricsAPINotRegistered",
		broken: func(e *env) { e.kubectl("delete", "apiservice", "v1beta1.custom.metrics.k8s.io") },
	},
	{
		name: "the controller may not attach", hop: hpa.Hop, reason: "AutoscalerMissing",
		broken: func(e *env) {
			const account = "--as=system:serviceaccount:kong-latency-system:kong-latency-controller"
			binding := e.kubectl("get", "clusterrolebinding", "kong-latency-controller", "-o", "yaml")
			e.t.Cleanup(func() { e.kubectlReading(binding, "apply", "-f", "-") })
			e.kubectl("delete", "clusterrolebinding", "kong-latency-controller")
			e.Eventually(func() string {
				out, _ := cluster.Kubectl(e.context(), "", "auth", "can-i", "create", "hpa", account)
				return strings.TrimSpace(out)
			}).Should(gomega.Equal("no"))
			e.kubectl("delete", "hpa", "echo")
		},
	},
}

// restartAdapter restarts the adapter with its current configuration, and waits for its pods.
func restartAdapter(e *env) {
	e.t.Helper()
	e.Expect(cluster.RestartAdapter(e.context())).To(gomega.Succeed())
	e.kubectl("rollout", "status", "deployment/prometheus-adapter", "-n", guide.AdapterConfigMap.Namespace, "--timeout=60s")
}

// TestDoctor breaks every hop in turn. The doctor reports it as the first broken one,
// kubectl applies the fix that it prints, and then the doctor finds nothing and the
// autoscaler has a value.
func TestDoctor(t *testing.T) {
	e := newEnv(t)
	e.kubectl("apply", "-f", "config/samples/echo.yaml")
	e.Eventually(func() []string { return reasonsAt(e.report(), series.Hop.Name) }).Should(gomega.Equal([]string{"SeriesMissing"}), "once it is scraped")
	e.Expect(e.report().Broken).To(gomega.Equal(series.Hop.Name), "without traffic")
	e.Expect(e.doctor("--fix").out).To(gomega.ContainSubstring("# Send traffic to Service echo"))

	load := cluster.Send(stack.Seed, 20*time.Minute)
	t.Cleanup(func() { load.Stop() })
	e.healthy()
	for _, b := range breakages {
		t.Run(b.name, func(t *testing.T) {
			e := newEnv(t)
			b.broken(e)
			if b.restored != "" {
				e.warned(b)
				e.kubectl("apply", "-f", b.restored)
				e.healthy()
				return
			}
			// While a value that was stored before still counts, nothing before it is broken.
			var r doctor.Report
			e.Eventually(func() string {
				r = e.report()
				return r.Broken
			}).WithTimeout(3 * time.Minute).Should(gomega.Equal(b.hop.Name))
			e.Expect(reasonsAt(r, b.hop.Name)).To(gomega.ContainElement(b.reason))
			text := e.doctor()
			e.Expect(text.code).To(gomega.Equal(1))
			e.Expect(text.out).To(gomega.ContainSubstring("First broken hop: " + b.hop.Name))

			fix := e.doctor("--fix")
			e.Expect(fix.code).To(gomega.Equal(1), "what is broken is told by the exit code, too")
			e.kubectlReading(fix.out, "apply", "-f", "-")
			if b.after != nil {
				b.after(e)
			}
			e.healthy()
		})
	}
}

// warned expects that the doctor warns of a hop and finds nothing broken.
func (e *env) warned(b breakage) {
	e.t.Helper()
	r := e.report()
	e.Expect(r.Broken).To(gomega.BeEmpty())
	e.Expect(reasonsAt(r, b.hop.Name)).To(gomega.ContainElement(b.reason))
	i := slices.IndexFunc(r.Hops, func(h doctor.Hop) bool { return h.Hop == b.hop.Name })
	e.Expect(r.Hops[i].State).To(gomega.Equal(doctor.Warning))
	e.Expect(e.doctor().code).To(gomega.Equal(0))
}

func reasonsAt(r doctor.Report, hop string) []string {
	var out []string
	for _, h := range r.Hops {
		for _, f := range h.Findings {
			if h.Hop == hop {
				out = append(out, f.Reason)
			}
		}
	}
	return out
}

// healthy waits until the doctor finds nothing, not even a warning, and the autoscaler
// has a value.
func (e *env) healthy() {
	e.t.Helper()
	e.Eventually(func() error {
		r := e.report()
		for _, h := range r.Hops {
			if h.State != doctor.OK {
				return fmt.Errorf("%s is %s: %v %v", h.Hop, h.State, h.Findings, h.Evidence)
			}
		}
		return nil
	}).Should(gomega.Succeed())
	e.Eventually(func() error {
		var h autoscalingv2.HorizontalPodAutoscaler
		if err := cluster.Admin().Get(e.context(), client.ObjectKey{Namespace: "default", Name: "echo"}, &h); err != nil {
			return err
		}
		active := slices.ContainsFunc(h.Status.Conditions, func(c autoscalingv2.HorizontalPodAutoscalerCondition) bool {
			return c.Type == autoscalingv2.ScalingActive && c.Status == corev1.ConditionTrue
		})
		if !active || len(h.Status.CurrentMetrics) == 0 || h.Status.CurrentMetrics[0].Object == nil || h.Status.CurrentMetrics[0].Object.Current.Value.Sign() <= 0 {
			return fmt.Errorf("the autoscaler has no value: %+v", h.Status)
		}
		return nil
	}).Should(gomega.Succeed())
}
