package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/e2e/adapter"
	"github.com/kong-latency/kong-latency/test/guide"
)

// TestPipeline builds the guide's cluster piece by piece, and breaks it again. The
// steps depend on each other; all of them run against the same processes.
func TestPipeline(t *testing.T) {
	p := &pipelineTest{newEnvIn(t, piped)}
	p.namespace = "default"
	steps := []struct {
		name string
		run  func(*pipelineTest)
	}{
		{"kinds that are not installed are unknown and deny nothing", (*pipelineTest).notInstalled},
		{"a missing service monitor is denied once the kinds are there", (*pipelineTest).monitorMissing},
		{"an image rollback is admitted with a warning", (*pipelineTest).imageOnly},
		{"the fix in the denial resolves it", (*pipelineTest).fixFromDenial},
		{"with a complete pipeline kubectl apply prints no warning about it", (*pipelineTest).complete},
		{"a load metric is attached once a rule serves it", (*pipelineTest).loadMetric},
		{"what one leader learned the next goes on with", (*pipelineTest).learned},
		{"findings come and go as events", (*pipelineTest).events},
		{"a monitor that no Prometheus selects is denied, and its fix resolves it", (*pipelineTest).notSelected},
		{"somebody with the role view sees which hop is broken, and kubectl waits for the metric", (*pipelineTest).viewed},
		{"an autoscaler that reads the metric keeps others from being denied", (*pipelineTest).readByAutoscaler},
		{"a rule that maps the wrong label is denied", (*pipelineTest).wrongLabel},
		{"a malformed neighbour is denied", (*pipelineTest).malformedNeighbour},
		{"a missing rule is denied, and its fix resolves it", (*pipelineTest).ruleMissing},
		{"a policy names the components", (*pipelineTest).places},
		{"a configuration newer than the adapter's pods is unknown", (*pipelineTest).pending},
	}
	for _, s := range steps {
		ok := t.Run(s.name, func(t *testing.T) {
			// Failures belong to the step.
			step := &pipelineTest{&env{WithT: gomega.NewWithT(t), t: t, stack: p.stack, ctx: t.Context(), namespace: p.namespace, client: p.client, warnings: p.warnings}}
			step.SetDefaultEventuallyTimeout(time.Minute)
			step.SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
			s.run(step)
		})
		if !ok {
			t.Fatal("the steps after this one build on it")
		}
	}
}

type pipelineTest struct{ *env }

// prometheusLabel is the label by which the guide's Prometheus selects monitors.
const prometheusLabel = "release: prometheus"

// tracked is a Deployment behind Service echo. Its selector matches no pods of another one:
// two autoscalers of the same pods would be denied.
func (p *pipelineTest) tracked(name string, settings map[string]string) *appsv1.Deployment {
	d := p.deployment(name, settings)
	labels := map[string]string{"app": "echo", "track": name}
	d.Spec.Selector.MatchLabels, d.Spec.Template.Labels = labels, labels
	return d
}

// try creates a new annotated Deployment as a dry run, and returns warnings and error. It is
// about the latency alone: the guide's adapter has no rule for the load.
func (p *pipelineTest) try() (warnings []string, err error) {
	p.warnings.take()
	err = p.client.Create(p.ctx, p.tracked("echo-new", enabled("kong.latency/service", "echo", annotations.RequestsPerSecondPerPod, "off")), client.DryRunAll)
	return p.warnings.take(), err
}

// denied waits until try is denied for this reason, and returns the message.
func (p *pipelineTest) denied(reason string) string {
	p.t.Helper()
	var text string
	p.Eventually(func() string {
		warnings, err := p.try()
		if err == nil {
			return fmt.Sprintf("admitted with %q", warnings)
		}
		text = err.Error()
		return text
	}).Should(gomega.And(gomega.ContainSubstring("denied the request"), gomega.ContainSubstring(reason)))
	return text
}

// admitted waits until try only announces what will be attached.
func (p *pipelineTest) admitted() {
	p.t.Helper()
	p.Eventually(func(g gomega.Gomega) {
		warnings, err := p.try()
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(warnings).To(gomega.ConsistOf(gomega.ContainSubstring("will attach HPA echo-new")))
	}).Should(gomega.Succeed())
}

// fix applies the YAML at the end of a denial, as a user would.
func (p *pipelineTest) fix(message string) {
	p.t.Helper()
	_, manifests, ok := strings.Cut(message, "\n---\n")
	p.Expect(ok).To(gomega.BeTrue(), "no YAML in %s", message)
	objects, err := guide.Decode([]byte(manifests))
	p.Expect(err).NotTo(gomega.HaveOccurred(), manifests)
	p.Expect(objects).NotTo(gomega.BeEmpty())
	for _, o := range objects {
		p.Expect(p.client.Apply(p.ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"), client.ForceOwnership)).To(gomega.Succeed())
	}
}

func (p *pipelineTest) apply(parts ...string) {
	p.t.Helper()
	p.Expect(guide.Apply(p.ctx, p.client, parts...)).To(gomega.Succeed())
}

func (p *pipelineTest) notInstalled() {
	p.create(p.service("echo", nil))
	p.Eventually(func() []string { // until the webhook has seen the Service
		p.warnings.take()
		p.Expect(p.client.Create(p.ctx, p.tracked("echo", enabled()), client.DryRunAll)).To(gomega.Succeed())
		return p.warnings.take()
	}).Should(gomega.ContainElement(gomega.ContainSubstring("not checked: extension")))
	p.create(p.tracked("echo", enabled()))
	lines := p.warnings.take()
	p.Expect(containing(lines, "not checked: extension")).To(gomega.BeTrue(), "%q", lines)
	p.attached("echo")
}

func (p *pipelineTest) monitorMissing() {
	p.Expect(controlplane.InstallCRDs(p.ctx, p.client)).To(gomega.Succeed())
	p.apply(guide.Operator, guide.Gateway, guide.ControlPlane, guide.Extension, guide.Prometheus, guide.Adapter)
	p.startAdapter()
	p.restartAdapter() // a pod as old as its configuration may run another one
	text := p.denied("ServiceMonitorNotFound")
	p.Expect(text).To(gomega.ContainSubstring("kind: ServiceMonitor"))
	// Kinds are discovered one after the other; with the Prometheus its label is known.
	p.denied(prometheusLabel)
	// A Service with the annotation is refused in the same way.
	p.create(p.service("other", nil), p.deployment("other", nil))
	p.Eventually(func() error {
		s := p.service("other", nil)
		return p.client.Patch(p.ctx, s, client.RawPatch("application/merge-patch+json", mergePatch(enabled())), client.DryRunAll)
	}).Should(gomega.MatchError(gomega.ContainSubstring("ServiceMonitorNotFound")))
}

func (p *pipelineTest) imageOnly() {
	d := p.deployment("echo", nil)
	p.warnings.take()
	edit(p.env, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "echo:0" })
	lines := p.warnings.take()
	p.Expect(containing(lines, "ServiceMonitorNotFound")).To(gomega.BeTrue(), "%q", lines)
	p.Expect(p.eventOf("Deployment", "echo", "ServiceMonitorNotFound")).To(gomega.HaveSuffix("; 'kubectl latency doctor --fix' prints the fix"))
}

func (p *pipelineTest) fixFromDenial() {
	p.fix(p.denied(prometheusLabel))
	p.admitted()
	// The controller has a separate snapshot.
	p.Eventually(func() []string {
		_, notes := p.env.events("Deployment", "echo")
		return notes
	}).Should(gomega.ContainElement("ServiceMonitorNotFound is resolved"))
}

func (p *pipelineTest) complete() {
	for _, o := range []client.Object{p.deployment("echo", nil), p.service("echo", nil)} {
		p.Expect(p.client.Delete(p.ctx, o, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(gomega.Succeed())
	}
	p.gone("echo")
	kubectl := exec.CommandContext(p.ctx, p.stack.cp.Binary("kubectl"), "--kubeconfig", p.stack.cp.Kubeconfig(),
		"apply", "-f", filepath.Join(controlplane.RepoRoot(), "config", "samples", "echo.yaml"))
	out, err := kubectl.CombinedOutput()
	p.Expect(err).NotTo(gomega.HaveOccurred(), string(out))
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(out)), "\n"), func(line string) bool {
		return strings.Contains(line, "LoadMetricMissing") // it is about what the guide does not have
	})
	p.Expect(lines).To(gomega.ConsistOf(
		"service/echo created",
		"deployment.apps/echo created",
		gomega.SatisfyAny( // whether the webhook has seen the Service yet
			gomega.Equal("Warning: kong-latency: will attach "+echoPlan),
			gomega.ContainSubstring("NoServiceSelectsPods"),
		),
	))
	p.attached("echo")
	// Its selector is that of its Service, so that no other one could be behind it.
	p.Expect(p.client.Delete(p.ctx, p.deployment("echo", nil), client.PropagationPolicy(metav1.DeletePropagationBackground))).To(gomega.Succeed())
	p.gone("echo")
	p.create(p.tracked("echo", enabled()))
	p.attached("echo")
}

func (p *pipelineTest) events() {
	monitors := &unstructured.UnstructuredList{}
	monitors.SetGroupVersionKind(schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitorList"})
	p.Expect(p.client.List(p.ctx, monitors)).To(gomega.Succeed())
	p.Expect(monitors.Items).NotTo(gomega.BeEmpty())
	for i := range monitors.Items {
		p.Expect(p.client.Delete(p.ctx, &monitors.Items[i])).To(gomega.Succeed())
	}
	count := func(reason string) func() int {
		return func() (n int) {
			reasons, _ := p.env.events("Deployment", "echo")
			for _, r := range reasons {
				if r == reason {
					n++
				}
			}
			return n
		}
	}
	missing, resolved := count("ServiceMonitorNotFound")(), count("Resolved")()
	p.Eventually(count("ServiceMonitorNotFound")).Should(gomega.Equal(missing + 1))
	p.apply(guide.Monitor)
	p.Eventually(count("Resolved")).Should(gomega.Equal(resolved + 1))
	p.admitted()
}

func (p *pipelineTest) notSelected() {
	monitor := &unstructured.Unstructured{}
	monitor.SetGroupVersionKind(schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"})
	monitor.SetNamespace("kong-system")
	monitor.SetName("gateway-operator")
	edit(p.env, monitor, func(m *unstructured.Unstructured) { m.SetLabels(nil) })
	p.fix(p.denied("ServiceMonitorNotSelected"))
	p.admitted()
}

func (p *pipelineTest) wrongLabel() {
	p.configure(func(text string) string {
		return strings.Replace(text, "exported_service:", "service:", 1)
	})
	p.denied("AdapterRule")
}

func (p *pipelineTest) malformedNeighbour() {
	p.configure(func(text string) string { return text + "- seriesQuery: '{up=\"1\"}'\n  name: {matches: '(['}\n" })
	p.denied("AdapterConfigInvalid")
}

func (p *pipelineTest) ruleMissing() {
	p.configure(func(string) string {
		return "rules:\n- seriesQuery: up\n  resources: {template: <<.Resource>>}\n  metricsQuery: up\n"
	})
	text := p.denied("AdapterRule")
	p.fix(text)
	p.restartAdapter()
	p.admitted()
}

func (p *pipelineTest) places() {
	c := p.policies()
	named := p.policy(c, "-places", func(s *v1alpha1.LatencyPolicySpec) {
		s.Pipeline = &v1alpha1.Pipeline{OperatorService: &v1alpha1.ObjectName{Namespace: "kong-system", Name: "gone"}}
	})
	p.denied("OperatorServiceNotFound")
	p.Expect(c.Delete(p.ctx, named)).To(gomega.Succeed())
	p.admitted()
}

func (p *pipelineTest) pending() {
	p.restartAdapter()
	p.change(func(string) string { return "rules: []\n" })
	p.Eventually(func(g gomega.Gomega) {
		warnings, err := p.try()
		g.Expect(err).NotTo(gomega.HaveOccurred(), "the running configuration may differ from the ConfigMap")
		g.Expect(strings.Join(warnings, "\n")).To(gomega.ContainSubstring("adapter"))
	}).Should(gomega.Succeed())
	p.restartAdapter()
	p.denied("AdapterRule")
}

// configure changes the guide's configuration of the adapter, and restarts the adapter.
func (p *pipelineTest) configure(change func(string) string) {
	p.t.Helper()
	p.apply(guide.Adapter)
	p.change(change)
	p.restartAdapter()
}

func (p *pipelineTest) change(change func(string) string) {
	p.t.Helper()
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "prometheus", Name: "prometheus-adapter"}}
	edit(p.env, m, func(m *corev1.ConfigMap) {
		before := m.Data["config.yaml"]
		m.Data["config.yaml"] = change(before)
		p.Expect(m.Data["config.yaml"]).NotTo(gomega.Equal(before))
	})
}

// restartAdapter replaces the adapter's pods.
func (p *pipelineTest) restartAdapter() {
	p.t.Helper()
	p.nextSecond()
	defer p.nextSecond()
	labels := client.MatchingLabels{"app.kubernetes.io/name": "prometheus-adapter"}
	var before corev1.PodList
	p.Expect(p.client.List(p.ctx, &before, client.InNamespace("prometheus"), labels)).To(gomega.Succeed())
	old := map[string]bool{}
	for _, pod := range before.Items {
		old[pod.Name] = true
	}
	p.Expect(p.client.DeleteAllOf(p.ctx, &corev1.Pod{}, client.InNamespace("prometheus"), labels, client.GracePeriodSeconds(0))).To(gomega.Succeed())
	p.Eventually(func() int {
		var pods corev1.PodList
		p.Expect(p.client.List(p.ctx, &pods, client.InNamespace("prometheus"), labels)).To(gomega.Succeed())
		running := 0
		for _, pod := range pods.Items {
			if old[pod.Name] {
				return 0
			}
			if pod.Status.Phase == corev1.PodRunning {
				running++
			}
		}
		return running
	}).Should(gomega.Equal(1))
}

// nextSecond waits until new objects get a later creation time.
func (p *pipelineTest) nextSecond() {
	select {
	case <-time.After(1100 * time.Millisecond):
	case <-p.ctx.Done():
	}
}

// startAdapter serves the custom metrics API, so that the aggregator finds it. Admission
// does not query it; it has a value only while latencies flow.
func (p *pipelineTest) startAdapter() {
	p.t.Helper()
	objects, err := guide.Objects(guide.Adapter)
	p.Expect(err).NotTo(gomega.HaveOccurred())
	text, _, err := unstructured.NestedString(objects[0].Object, "data", "config.yaml")
	p.Expect(err).NotTo(gomega.HaveOccurred())
	file := filepath.Join(p.stack.cp.Dir(), "adapter.yaml")
	p.Expect(os.WriteFile(file, []byte(text), 0o600)).To(gomega.Succeed())
	ctx, stop := context.WithCancel(context.WithoutCancel(p.ctx))
	p.stack.beforeStop = append(p.stack.beforeStop, stop)
	server := p.stack.latencies.serve()
	p.stack.beforeStop = append(p.stack.beforeStop, server.Close)
	a, err := adapter.Start(ctx, adapter.Options{
		ConfigFile: file, Prometheus: server.URL, Kubeconfig: p.stack.cp.Kubeconfig(), RelistInterval: time.Hour,
	})
	p.Expect(err).NotTo(gomega.HaveOccurred())
	p.Expect(adapter.Register(p.ctx, p.stack.cp.Config(), "prometheus", a.Port())).To(gomega.Succeed())
}
