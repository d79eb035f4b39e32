package integration

import (
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

// draft returns a policy for the test's namespace that is not created yet.
func (e *env) draft(change func(*v1alpha1.LatencyPolicySpec)) *v1alpha1.LatencyPolicy {
	p := &v1alpha1.LatencyPolicy{ObjectMeta: metav1.ObjectMeta{Name: e.namespace + "-draft"}}
	p.Spec.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: e.namespace}}
	change(&p.Spec)
	return p
}

func selecting(tier string, priority int32) func(*v1alpha1.LatencyPolicySpec) {
	return func(s *v1alpha1.LatencyPolicySpec) {
		s.Priority = priority
		s.WorkloadSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": tier}}
	}
}

func TestPolicyIsRefusedBeyondTheSchema(t *testing.T) {
	e := newPolicyEnv(t)
	bad := &metav1.LabelSelector{
		MatchLabels: map[string]string{"not a key": "x"},
		MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"not a value"}},
		},
	}
	live := e.policy(e.client, "", func(*v1alpha1.LatencyPolicySpec) {})
	changed := live.DeepCopy()
	changed.Spec.WorkloadSelector = bad
	for what, err := range map[string]error{
		"create": e.client.Create(e.ctx, e.draft(func(s *v1alpha1.LatencyPolicySpec) { s.WorkloadSelector = bad })),
		"update": e.client.Patch(e.ctx, changed, client.MergeFrom(live)),
	} {
		e.Expect(apierrors.IsForbidden(err)).To(gomega.BeTrue(), "%s: %v", what, err)
		for _, want := range []string{"PolicySelectorInvalid", "spec.workloadSelector.matchLabels", "not a key",
			"spec.workloadSelector.matchExpressions[0].values[0]", "not a value"} {
			e.Expect(err.Error()).To(gomega.ContainSubstring(want), what)
		}
	}
	e.Expect(e.client.Get(e.ctx, client.ObjectKeyFromObject(live), live)).To(gomega.Succeed())
	e.Expect(live.Spec.WorkloadSelector).To(gomega.BeNil())
}

func TestPolicyWithoutEffectIsAdmittedWithAWarning(t *testing.T) {
	e := newPolicyEnv(t)
	d := e.deployment("echo", nil)
	d.Labels = map[string]string{"tier": "web"}
	e.create(d)
	e.awaitWarning(e.draft(selecting("none", 0)), "PolicySelectsNothing: its selectors match none of the")
	// The webhook's cache learns of the Deployment a moment after the API server.
	e.Eventually(func() []string {
		e.Expect(e.client.Create(e.ctx, e.draft(selecting("web", 0)), client.DryRunAll)).To(gomega.Succeed())
		return e.warnings.take()
	}).Should(gomega.BeEmpty())

	first := e.policy(e.client, "", selecting("web", 5))
	e.Expect(e.warnings.take()).To(gomega.BeEmpty())
	const shadowed = "PolicyShadowed: it selects 1 Deployment, and all get LatencyPolicy "
	e.awaitWarning(e.draft(selecting("web", 4)), shadowed+first.Name+" (priority 5)")
	second := e.policy(e.client, "-second", selecting("web", 6))
	e.Expect(e.warnings.take()).To(gomega.BeEmpty())
	edit(e, second, func(p *v1alpha1.LatencyPolicy) { p.Spec.Priority = 4 })
	e.Expect(e.warnings.take()).To(gomega.ConsistOf(gomega.ContainSubstring(shadowed)))
	edit(e, second, func(p *v1alpha1.LatencyPolicy) { p.Labels = map[string]string{"a": "b"} })
	e.Expect(e.warnings.take()).To(gomega.BeEmpty(), "its spec did not change")
}
