package stack

import (
	"testing"
	"time"

	"github.com/onsi/gomega"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/guide"
)

// Breaking the pipeline stops the metric, and restoring it brings the metric back.
func TestBreakAndRestore(t *testing.T) {
	g := gomega.NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	g.SetDefaultEventuallyPollingInterval(pollInterval)
	ctx := t.Context()
	s, err := Start(ctx, Options{})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: Echo.Namespace, Name: Echo.Name},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
	}
	g.Expect(s.Admin().Create(ctx, service)).To(gomega.Succeed())
	g.Expect(s.Flowing(ctx, s.Send(Seed, 10*time.Minute))).To(gomega.Succeed())

	monitor := &unstructured.Unstructured{}
	monitor.SetGroupVersionKind(monitoringv1.SchemeGroupVersion.WithKind(monitoringv1.ServiceMonitorsKind))
	g.Expect(s.Admin().DeleteAllOf(ctx, monitor, client.InNamespace(guide.MetricsService.Namespace))).To(gomega.Succeed())
	g.Eventually(func() error { return s.Targeted(ctx) }).Should(gomega.MatchError(gomega.ContainSubstring("no ServiceMonitor")))
	g.Expect(s.Restore(ctx, guide.Monitor)).To(gomega.Succeed())
	g.Eventually(func() error { return s.Targeted(ctx) }).Should(gomega.Succeed())

	rules := &corev1.ConfigMap{}
	rules.Namespace, rules.Name = guide.AdapterConfigMap.Namespace, guide.AdapterConfigMap.Name
	setRules := func(text string) {
		g.Expect(s.Admin().Get(ctx, guide.AdapterConfigMap, rules)).To(gomega.Succeed())
		rules.Data[guide.AdapterConfigKey] = text
		g.Expect(s.Admin().Update(ctx, rules)).To(gomega.Succeed())
	}
	setRules("rules: [")
	g.Expect(s.RestartAdapter(ctx)).To(gomega.MatchError(gomega.ContainSubstring(string(Rule))))
	g.Eventually(func() error { return s.Listed(ctx, Metric) }).ShouldNot(gomega.Succeed())
	g.Expect(s.Restore(ctx, guide.Adapter)).To(gomega.Succeed())
	g.Expect(s.RestartAdapter(ctx)).To(gomega.Succeed())
	g.Eventually(func() error { return s.Listed(ctx, Metric) }).Should(gomega.Succeed())
	g.Expect(s.Alive()).To(gomega.Succeed())
}
