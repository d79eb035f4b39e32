package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// policies returns a client that supports LatencyPolicy.
func (e *env) policies() client.Client {
	e.t.Helper()
	scheme := runtime.NewScheme()
	e.Expect(clientgoscheme.AddToScheme(scheme)).To(gomega.Succeed())
	e.Expect(v1alpha1.AddToScheme(scheme)).To(gomega.Succeed())
	config := e.stack.cp.Config()
	config.WarningHandlerWithContext = e.warnings
	c, err := client.New(config, client.Options{Scheme: scheme})
	e.Expect(err).NotTo(gomega.HaveOccurred())
	return c
}

// policy creates a LatencyPolicy for the test's namespace, and deletes it at the end.
func (e *env) policy(c client.Client, suffix string, change func(*v1alpha1.LatencyPolicySpec)) *v1alpha1.LatencyPolicy {
	e.t.Helper()
	p := &v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: e.namespace + suffix}}
	p.Spec.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": e.namespace}}
	change(&p.Spec)
	e.Expect(c.Create(e.ctx, p)).To(gomega.Succeed())
	e.t.Cleanup(func() { _ = c.Delete(context.WithoutCancel(e.ctx), p) })
	return p
}

func bounds(minimum, maximum int32) func(*autoscalingv2.HorizontalPodAutoscaler) bool {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		return *h.Spec.MinReplicas == minimum && h.Spec.MaxReplicas == maximum
	}
}

func TestPolicyDefaultsApplyToExistingWorkloads(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	e.create(e.service("echo", nil), e.deployment("echo", enabled()))
	e.attached("echo", bounds(1, 10))
	p := e.policy(c, "", func(s *v1alpha1.LatencyPolicySpec) {
		s.Defaults = &v1alpha1.Defaults{MinReplicas: ptr.To[int32](2), MaxReplicas: ptr.To[int32](20), Behavior: "stable"}
	})
	h := e.attached("echo", bounds(2, 20))
	e.Expect(*h.Spec.Behavior.ScaleDown.StabilizationWindowSeconds).To(gomega.BeEquivalentTo(300))
	// One with a higher priority replaces it as a whole; policies are not merged.
	above := e.policy(c, "-above", func(s *v1alpha1.LatencyPolicySpec) {
		s.Priority = 10
		s.Defaults = &v1alpha1.Defaults{MaxReplicas: ptr.To[int32](30)}
	})
	e.attached("echo", bounds(1, 30))
	e.Expect(c.Delete(e.ctx, above)).To(gomega.Succeed())
	e.attached("echo", bounds(2, 20))
	e.Expect(c.Delete(e.ctx, p)).To(gomega.Succeed())
	e.attached("echo", bounds(1, 10))
}

func TestNamespaceLabelsSelectThePolicy(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	e.policy(c, "", func(s *v1alpha1.LatencyPolicySpec) {
		s.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": e.namespace}}
		s.Defaults = &v1alpha1.Defaults{MaxReplicas: ptr.To[int32](5)}
	})
	e.create(e.service("echo", nil), e.deployment("echo", enabled()))
	e.attached("echo", bounds(1, 10))
	e.label("tier", e.namespace)
	e.attached("echo", bounds(1, 5))
	e.label("tier", "other")
	e.attached("echo", bounds(1, 10))
}

// label sets a label of the test's namespace.
func (e *env) label(key, value string) {
	e.t.Helper()
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(metav1.SchemeGroupVersion.WithKind("Namespace"))
	ns.APIVersion = "v1"
	ns.Name = e.namespace
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:%q}}}`, key, value)
	e.Expect(e.client.Patch(e.ctx, ns, client.RawPatch("application/merge-patch+json", patch))).To(gomega.Succeed())
}

func TestLimitsRefuseNewSettingsAndClampRunningOnes(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	d := e.deployment("echo", enabled(annotations.MaxReplicas, "50"))
	e.create(e.service("echo", nil), d)
	e.attached("echo", bounds(1, 50))
	p := e.policy(c, "-limits", func(s *v1alpha1.LatencyPolicySpec) {
		s.Limits = &v1alpha1.Limits{MaxReplicas: &v1alpha1.Int32Range{Max: ptr.To[int32](20)}}
	})
	// Running workloads keep their autoscaler, clamped to the limit, with an event.
	e.attached("echo", bounds(1, 20))
	e.Expect(e.eventOf("Deployment", "echo", "LimitClamped")).To(gomega.ContainSubstring(p.Name))
	// An image can still be rolled back; the next change of settings is refused.
	edit(e, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "echo:0" })
	e.Eventually(func() error { // until the webhook knows the policy, too
		return e.client.Create(e.ctx, e.deployment("new", enabled(annotations.MaxReplicas, "21")), client.DryRunAll)
	}).Should(gomega.MatchError(gomega.ContainSubstring("LimitExceeded")))
	err := e.client.Patch(e.ctx, d.DeepCopy(), client.RawPatch("application/merge-patch+json", mergePatch(enabled(annotations.MaxReplicas, "40"))))
	e.Expect(err).To(gomega.MatchError(gomega.And(gomega.ContainSubstring("LimitExceeded"), gomega.ContainSubstring(p.Name), gomega.ContainSubstring("20"))))
	annotate(e, d, enabled(annotations.MaxReplicas, "20"))
	e.attached("echo", bounds(1, 20))
}

func TestBehaviorsOfAPolicy(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	e.policy(c, "", func(s *v1alpha1.LatencyPolicySpec) {
		b := v1alpha1.NamedBehavior{Name: "calm"}
		b.ScaleDown = &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](900)}
		s.Behaviors = []v1alpha1.NamedBehavior{b}
	})
	e.create(e.service("echo", nil))
	e.Eventually(func() error { // once the webhook knows the policy
		return e.client.Create(e.ctx, e.deployment("echo", enabled(annotations.Behavior, "calm")))
	}).Should(gomega.Succeed())
	h := e.attached("echo")
	e.Expect(*h.Spec.Behavior.ScaleDown.StabilizationWindowSeconds).To(gomega.BeEquivalentTo(900))
	err := e.client.Create(e.ctx, e.deployment("other", enabled(annotations.Behavior, "wild")))
	e.Expect(err).To(gomega.MatchError(gomega.And(gomega.ContainSubstring("UnknownBehavior"), gomega.ContainSubstring("calm"))))
}

func TestEnforcementOfAPolicy(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	// The plain cluster has no metrics API, which is a warning by default.
	e.policy(c, "", func(s *v1alpha1.LatencyPolicySpec) {
		s.Pipeline = &v1alpha1.Pipeline{Enforcement: []v1alpha1.HopEnforcement{{Hop: "metrics-api", Action: v1alpha1.Deny}}}
	})
	e.create(e.service("echo", nil))
	e.Eventually(func() error {
		return e.client.Create(e.ctx, e.deployment("echo", enabled()), client.DryRunAll)
	}).Should(gomega.MatchError(gomega.ContainSubstring(noMetricsAPI)))
}

func TestAChangeOfDefaultsWritesEachAutoscalerOnce(t *testing.T) {
	const workloads = 1000
	e := newEnv(t)
	c := e.policies()
	p := e.policy(c, "", func(s *v1alpha1.LatencyPolicySpec) {
		s.Defaults = &v1alpha1.Defaults{MaxReplicas: ptr.To[int32](5)}
	})
	for i := range workloads {
		name := fmt.Sprintf("echo-%04d", i)
		d := e.deployment(name, enabled())
		d.Spec.Replicas = ptr.To[int32](0) // pods would only cost
		e.create(e.service(name, nil), d)
	}
	with := func(maximum int32) func() int {
		return func() (n int) {
			var list autoscalingv2.HorizontalPodAutoscalerList
			e.Expect(e.client.List(e.ctx, &list, client.InNamespace(e.namespace))).To(gomega.Succeed())
			for _, h := range list.Items {
				if h.Spec.MaxReplicas == maximum {
					n++
				}
			}
			return n
		}
	}
	e.Eventually(with(5)).WithTimeout(waitLong).WithPolling(time.Second).Should(gomega.Equal(workloads))
	change := func(f func(*v1alpha1.LatencyPolicySpec)) {
		e.t.Helper()
		e.Eventually(func() error { // the controller may write its status at the same time
			if err := c.Get(e.ctx, client.ObjectKeyFromObject(p), p); err != nil {
				return err
			}
			f(&p.Spec)
			return c.Update(e.ctx, p)
		}).Should(gomega.Succeed())
	}
	before := e.hpaWrites()
	change(func(s *v1alpha1.LatencyPolicySpec) { s.Defaults.MaxReplicas = ptr.To[int32](7) })
	e.Eventually(with(7)).WithTimeout(waitLong).WithPolling(time.Second).Should(gomega.Equal(workloads))
	e.wrote(before, workloads, "one write per workload")
	// A change that changes no plan writes nothing.
	before = e.hpaWrites()
	change(func(s *v1alpha1.LatencyPolicySpec) {
		s.Behaviors = []v1alpha1.NamedBehavior{{Name: "unused"}}
		s.Behaviors[0].ScaleUp = &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr.To[int32](5)}
	})
	e.create(e.service("marker", nil))
	e.Eventually(func() error { // once the policy is known, the controller has reconciled all workloads
		return e.client.Create(e.ctx, e.deployment("marker", enabled(annotations.Behavior, "unused")))
	}).Should(gomega.Succeed())
	e.attached("marker")
	e.wrote(before, 1, "only the marker")
}
