package faults

import (
	"strings"
	"testing"

	"github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// blockedBy waits for the event that the workload is blocked for this reason, and returns
// its note.
func (c *cluster) blockedBy(name, reason string) string {
	c.t.Helper()
	var note string
	c.Eventually(func() bool {
		for _, e := range c.events() {
			if e.Regarding.Name == name && e.Reason == "Blocked" && e.Action == reason {
				note = e.Note
				return true
			}
		}
		return false
	}).Should(gomega.BeTrue(), "%s is not reported as blocked by %s", name, reason)
	return note
}

// state waits until this many workloads are in the state, according to the controller.
func (c *cluster) state(p *product.Process, state string, n int) {
	c.t.Helper()
	c.Eventually(func() float64 { return c.gauge(p, "kong_latency_workloads", "state", state) }).
		Should(gomega.BeEquivalentTo(n), "workloads that are %s", state)
}

// writeRefused expects that a write for the workload is refused with these words, which are
// reported, and that the workload is blocked.
func (c *cluster) writeRefused(p *product.Process, name string, words ...string) {
	c.t.Helper()
	note := c.blockedBy(name, "WriteRefused")
	for _, w := range words {
		c.Expect(note).To(gomega.ContainSubstring(w))
	}
	c.state(p, "blocked", 1)
}

func TestAQuotaForbidsTheAutoscaler(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	controller := c.controller()
	const counted = corev1.ResourceName("count/horizontalpodautoscalers.autoscaling")
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "few"}}
	quota.Spec.Hard = corev1.ResourceList{counted: resource.MustParse("0")}
	c.create(quota)
	// What the quota controller does, which does not run here.
	quota.Status.Hard, quota.Status.Used = quota.Spec.Hard, corev1.ResourceList{counted: resource.MustParse("0")}
	c.Expect(c.admin.Status().Update(c.ctx, quota)).To(gomega.Succeed())
	name := c.enable(1)[0]
	c.writeRefused(controller, name, "create HorizontalPodAutoscaler "+name, "exceeded quota: few")
	c.Expect(c.admin.Delete(c.ctx, quota)).To(gomega.Succeed())
	c.attached(name)
	c.state(controller, "blocked", 0)
	c.state(controller, "attached", 1)
}

func TestAnAdmissionPolicyDeniesTheAutoscaler(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	controller := c.controller()
	policy := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "no-autoscalers"}}
	policy.Spec.FailurePolicy = ptr.To(admissionv1.Fail)
	policy.Spec.MatchConstraints = &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
		RuleWithOperations: admissionv1.RuleWithOperations{
			Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
			Rule:       admissionv1.Rule{APIGroups: []string{"autoscaling"}, APIVersions: []string{"v2"}, Resources: []string{"horizontalpodautoscalers"}},
		},
	}}}
	policy.Spec.Validations = []admissionv1.Validation{{Expression: "false", Message: "not before the freeze is over " + strings.Repeat("x", 2000)}}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: policy.Name}}
	binding.Spec.PolicyName, binding.Spec.ValidationActions = policy.Name, []admissionv1.ValidationAction{admissionv1.Deny}
	c.create(policy, binding)
	c.Eventually(func() bool { // until the API server has compiled it
		h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "probe"}}
		h.Spec.MaxReplicas, h.Spec.ScaleTargetRef = 2, autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "probe", APIVersion: "apps/v1"}
		return apierrors.IsInvalid(c.admin.Create(c.ctx, h, client.DryRunAll))
	}).Should(gomega.BeTrue())
	name := c.enable(1)[0]
	c.writeRefused(controller, name, "no-autoscalers", "…")
	for _, e := range c.events() {
		c.Expect(e.Note).NotTo(gomega.ContainSubstring(strings.Repeat("x", 200)), "more is quoted than 200 characters")
	}
	c.Expect(c.admin.Delete(c.ctx, binding)).To(gomega.Succeed())
	c.attached(name)
	c.state(controller, "blocked", 0)
}

func TestTheRightToWriteAutoscalersIsRevoked(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	controller := c.controller()
	var role rbacv1.ClusterRole
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Name: "kong-latency-controller"}, &role)).To(gomega.Succeed())
	whole := role.DeepCopy()
	for i, rule := range role.Rules {
		if rule.APIGroups[0] == "autoscaling" {
			role.Rules[i].Verbs = []string{"get", "list", "watch"}
		}
	}
	c.Expect(c.admin.Update(c.ctx, &role)).To(gomega.Succeed())
	name := c.enable(1)[0]
	c.writeRefused(controller, name, "create HorizontalPodAutoscaler "+name, "cannot patch resource", "horizontalpodautoscalers")
	role.Rules = whole.Rules
	c.Expect(c.admin.Update(c.ctx, &role)).To(gomega.Succeed())
	c.attached(name)
	c.state(controller, "blocked", 0)
}

func TestThePreviousSpecOfAnAdoptedAutoscalerIsInvalid(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	controller := c.controller()
	d, s := c.workload("echo", testutil.Settings("adopt", "old"))
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "old"}}
	h.Spec.MaxReplicas, h.Spec.ScaleTargetRef = 7, autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "echo", APIVersion: "apps/v1"}
	c.create(s, h, d)
	c.Eventually(func() bool { return output.Adopted(c.hpa("old")) }).Should(gomega.BeTrue())
	previous := c.hpa("old").Annotations[output.PreviousSpec]
	set := func(spec string) {
		t.Helper()
		live := c.hpa("old")
		from := client.MergeFrom(live.DeepCopy())
		live.Annotations[output.PreviousSpec] = spec
		c.Expect(c.admin.Patch(c.ctx, live, from)).To(gomega.Succeed())
	}
	set(strings.Replace(previous, `"maxReplicas":7`, `"maxReplicas":0`, 1))
	remove := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"`+annotations.TargetMS+`":null,"`+annotations.Adopt+`":null}}}`))
	c.Expect(c.admin.Patch(c.ctx, d, remove)).To(gomega.Succeed())
	c.writeRefused(controller, "echo", "restore HorizontalPodAutoscaler old", "spec.maxReplicas")
	set("not JSON") // which the API server would not refuse
	c.state(controller, "blocked", 1)
	set(previous)
	c.Eventually(func() int32 { return c.hpa("old").Spec.MaxReplicas }).Should(gomega.BeEquivalentTo(7))
	c.Expect(output.Adopted(c.hpa("old"))).To(gomega.BeFalse())
	c.state(controller, "blocked", 0)
}
