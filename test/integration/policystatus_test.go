package integration

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/annotations"
)

// live returns the live policy.
func (e *env) live(c client.Client, name string) *v1alpha1.LatencyPolicy {
	e.t.Helper()
	var p v1alpha1.LatencyPolicy
	e.Expect(c.Get(e.ctx, client.ObjectKey{Name: name}, &p)).To(gomega.Succeed())
	return &p
}

// counts waits until the status has these counts, and returns the policy.
func (e *env) counts(c client.Client, name string, attached, blocked, paused int32) *v1alpha1.LatencyPolicy {
	e.t.Helper()
	e.Eventually(func() []int32 {
		s := e.live(c, name).Status
		return []int32{s.Attached, s.Blocked, s.Paused}
	}).WithTimeout(waitLong).Should(gomega.Equal([]int32{attached, blocked, paused}))
	return e.live(c, name)
}

// condition waits for a condition of this generation and returns its reason.
func (e *env) condition(c client.Client, p *v1alpha1.LatencyPolicy, name string, status metav1.ConditionStatus) string {
	e.t.Helper()
	var found *metav1.Condition
	e.Eventually(func() bool {
		found = meta.FindStatusCondition(e.live(c, p.Name).Status.Conditions, name)
		return found != nil && found.Status == status && found.ObservedGeneration == p.Generation
	}).Should(gomega.BeTrue(), "no condition %s=%s of generation %d", name, status, p.Generation)
	return found.Reason
}

func TestPolicyStatusCountsWorkloads(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	p := e.policy(c, "", func(s *v1alpha1.LatencyPolicySpec) { s.Priority = 7 })
	e.Expect(e.condition(c, p, v1alpha1.ConditionReady, metav1.ConditionTrue)).To(gomega.Equal("InForce"))
	e.Expect(e.condition(c, p, v1alpha1.ConditionPipelineHealthy, metav1.ConditionUnknown)).To(gomega.Equal("NothingAttached"))

	paused := e.deployment("paused", enabled(annotations.Paused, "scale-in"))
	e.create(e.service("echo", nil), e.deployment("echo", enabled()), e.service("paused", nil), paused)
	e.create(e.deployment("lonely", enabled()), e.deployment("alone", enabled()), e.deployment("silent", nil))
	got := e.counts(c, p.Name, 2, 2, 1)
	e.Expect(got.Status.ObservedGeneration).To(gomega.Equal(got.Generation))
	e.Expect(got.Status.BlockedWorkloads).To(gomega.HaveLen(2))
	for i, name := range []string{"alone", "lonely"} {
		b := got.Status.BlockedWorkloads[i]
		e.Expect([]string{b.Namespace, b.Name, b.Reason}).To(gomega.Equal([]string{e.namespace, name, "NoServiceSelectsPods"}))
		e.Expect(b.Message).To(gomega.ContainSubstring("no Service"))
	}
	// The plain cluster has no pipeline, which is an error at one hop.
	e.Expect(e.condition(c, p, v1alpha1.ConditionPipelineHealthy, metav1.ConditionFalse)).To(gomega.Equal(noMetricsAPI))
	e.Expect(e.columns(p.Name)).To(gomega.Equal([]string{
		"NAME PRIORITY ATTACHED BLOCKED PIPELINE AGE", p.Name + " 7 2 2 False",
	}))

	// Resolved and deleted workloads are no longer counted.
	e.create(e.service("alone", nil))
	e.Expect(e.client.Delete(e.ctx, paused)).To(gomega.Succeed())
	got = e.counts(c, p.Name, 2, 1, 0)
	e.Expect(got.Status.BlockedWorkloads).To(gomega.HaveLen(1))
	e.Expect(got.Status.BlockedWorkloads[0].Name).To(gomega.Equal("lonely"))
	for _, f := range got.ManagedFields {
		if f.Subresource == "status" {
			e.Expect(f.Manager).To(gomega.Equal("kong-latency"))
			e.Expect(f.Operation).To(gomega.Equal(metav1.ManagedFieldsOperationApply))
		}
	}
}

// columns returns what kubectl prints for the policy, except its age.
func (e *env) columns(name string) []string {
	e.t.Helper()
	out, err := exec.CommandContext(e.ctx, e.stack.cp.Binary("kubectl"),
		"--kubeconfig", e.stack.cp.Kubeconfig(), "get", "latencypolicy", name).CombinedOutput()
	e.Expect(err).NotTo(gomega.HaveOccurred(), string(out))
	var lines []string
	for line := range strings.Lines(string(out)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	last := len(lines) - 1
	lines[last] = regexp.MustCompile(` (\d+[a-z])+$`).ReplaceAllString(lines[last], "")
	return lines
}

func TestPolicyStatusIsWrittenOnChangeOnly(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	p := e.policy(c, "", func(*v1alpha1.LatencyPolicySpec) {})
	other := e.policy(c, "-other", func(s *v1alpha1.LatencyPolicySpec) {
		s.WorkloadSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "back"}}
		s.Priority = 1
	})
	d := e.deployment("echo", enabled())
	e.create(e.service("echo", nil), d)
	e.counts(c, p.Name, 1, 0, 0)
	e.condition(c, p, v1alpha1.ConditionPipelineHealthy, metav1.ConditionFalse)
	before := e.live(c, p.Name)

	// A reconcile without a change writes nothing. A later write proves that this one has
	// been handled, too.
	annotate(e, d, enabled("other.example/a", "b"))
	back := e.deployment("back", enabled())
	back.Labels = map[string]string{"tier": "back"}
	e.create(e.service("back", nil), back)
	e.counts(c, other.Name, 1, 0, 0)
	e.Expect(e.live(c, p.Name).ResourceVersion).To(gomega.Equal(before.ResourceVersion))

	// A workload whose effective policy changes is counted with the new one.
	edit(e, d, func(o *appsv1.Deployment) { o.Labels = map[string]string{"tier": "back"} })
	e.counts(c, p.Name, 0, 0, 0)
	e.counts(c, other.Name, 2, 0, 0)
}

func TestAShadowedPolicyIsNotReady(t *testing.T) {
	e := newEnv(t)
	c := e.policies()
	e.create(e.deployment("echo", nil))
	low := e.policy(c, "", func(*v1alpha1.LatencyPolicySpec) {})
	e.condition(c, low, v1alpha1.ConditionReady, metav1.ConditionTrue)
	since := meta.FindStatusCondition(e.live(c, low.Name).Status.Conditions, v1alpha1.ConditionPipelineHealthy).LastTransitionTime
	high := e.policy(c, "-high", func(s *v1alpha1.LatencyPolicySpec) { s.Priority = 1 })
	e.Expect(e.condition(c, low, v1alpha1.ConditionReady, metav1.ConditionFalse)).To(gomega.Equal("PolicyShadowed"))
	e.Expect(e.condition(c, high, v1alpha1.ConditionReady, metav1.ConditionTrue)).To(gomega.Equal("InForce"))
	now := meta.FindStatusCondition(e.live(c, low.Name).Status.Conditions, v1alpha1.ConditionPipelineHealthy).LastTransitionTime
	e.Expect(now.Equal(&since)).To(gomega.BeTrue(), "the transition time of an unchanged condition changed")
	e.Expect(c.Delete(e.ctx, high)).To(gomega.Succeed())
	e.condition(c, low, v1alpha1.ConditionReady, metav1.ConditionTrue)
}
