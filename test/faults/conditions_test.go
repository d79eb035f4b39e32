package faults

import (
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// eventAbout waits for an event of the workload with this reason whose note has these
// words.
func (c *cluster) eventAbout(name, reason, words string) {
	c.t.Helper()
	c.Eventually(func() bool {
		for _, e := range c.events() {
			if e.Regarding.Name == name && e.Reason == reason && strings.Contains(e.Note, words) {
				return true
			}
		}
		return false
	}).Should(gomega.BeTrue(), "%s has no event %s about %q", name, reason, words)
}

// conditions sets the conditions of an autoscaler, which have lasted for ten minutes, as
// the HPA controller would, which does not run here.
func (c *cluster) conditions(name string, all ...autoscalingv2.HorizontalPodAutoscalerCondition) {
	c.t.Helper()
	h := c.hpa(name)
	h.Status.Conditions = all
	for i := range h.Status.Conditions {
		h.Status.Conditions[i].LastTransitionTime = metav1.NewTime(time.Now().Add(-10 * time.Minute))
	}
	c.Expect(c.admin.Status().Update(c.ctx, h)).To(gomega.Succeed())
}

func condition(kind autoscalingv2.HorizontalPodAutoscalerConditionType, is bool, reason, message string) autoscalingv2.HorizontalPodAutoscalerCondition {
	status := corev1.ConditionFalse
	if is {
		status = corev1.ConditionTrue
	}
	return autoscalingv2.HorizontalPodAutoscalerCondition{Type: kind, Status: status, Reason: reason, Message: message}
}

func TestTheAutoscalerReportsThatItCannotScale(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	controller := c.controller()
	kinds := []struct {
		kind            autoscalingv2.HorizontalPodAutoscalerConditionType
		reason, message string
	}{
		{autoscalingv2.ScalingActive, "AmbiguousSelector", "pods by selector app=echo are controlled by multiple HPAs"},
		{autoscalingv2.ScalingActive, "InvalidSelector", "the HPA target's scale is missing a selector"},
		{autoscalingv2.ScalingActive, "FailedGetResourceMetric", "unable to get metrics for resource cpu"},
		{autoscalingv2.ScalingActive, "InvalidMetricSourceType", "invalid metric source type"},
		{autoscalingv2.ScalingActive, "FailedOfTheFuture", "a reason of a newer Kubernetes"},
		{autoscalingv2.AbleToScale, "FailedGetScale", "the HPA controller was unable to get the target's current scale"},
		{autoscalingv2.AbleToScale, "FailedUpdateScale", "the HPA controller was unable to update the target scale"},
	}
	names := c.enable(len(kinds) + 1)
	c.attached(names...)
	for i, k := range kinds {
		healthy := condition(autoscalingv2.AbleToScale, true, "ReadyForNewScale", "")
		if k.kind == autoscalingv2.AbleToScale {
			healthy = condition(autoscalingv2.ScalingActive, true, "ValidMetricFound", "")
		}
		c.conditions(names[i], healthy, condition(k.kind, false, k.reason, k.message+strings.Repeat("x", 2000)))
	}
	well := names[len(kinds)]
	c.conditions(well, condition(autoscalingv2.AbleToScale, true, "SucceededRescale", ""),
		condition(autoscalingv2.ScalingActive, true, "ValidMetricFound", ""), condition(autoscalingv2.ScalingLimited, true, "TooManyReplicas", ""))
	for i, k := range kinds {
		c.eventAbout(names[i], "AutoscalerFails", k.reason+"): "+k.message)
	}
	c.Eventually(func() float64 { return c.gauge(controller, "kong_latency_findings", "reason", "AutoscalerFails") }).
		Should(gomega.BeEquivalentTo(len(kinds)))
	for _, e := range c.events() {
		c.Expect(e.Note).NotTo(gomega.ContainSubstring(strings.Repeat("x", 200)), "more is quoted than 200 characters")
		c.Expect(e).NotTo(gomega.Satisfy(func(e eventsv1.Event) bool { return e.Regarding.Name == well && e.Reason == "AutoscalerFails" }))
	}
	c.conditions(names[0], condition(autoscalingv2.AbleToScale, true, "ReadyForNewScale", ""), condition(autoscalingv2.ScalingActive, true, "ValidMetricFound", ""))
	c.eventAbout(names[0], "Resolved", "AutoscalerFails is resolved")
}

func TestAFinalizerKeepsADeletedAutoscaler(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	controller := c.controller()
	name := c.enable(1)[0]
	c.attached(name)
	c.state(controller, "attached", 1)
	h := c.hpa(name)
	h.Finalizers = []string{"example.com/audit"}
	c.Expect(c.admin.Update(c.ctx, h)).To(gomega.Succeed())
	c.Expect(c.admin.Delete(c.ctx, h)).To(gomega.Succeed())
	c.Expect(c.blockedBy(name, "AutoscalerTerminating")).To(gomega.ContainSubstring("example.com/audit"))
	c.state(controller, "attached", 0)
	c.state(controller, "blocked", 1)
	h = c.hpa(name)
	h.Finalizers = nil
	c.Expect(c.admin.Update(c.ctx, h)).To(gomega.Succeed())
	c.Eventually(func() bool {
		now := c.hpa(name)
		return now != nil && now.UID != h.UID
	}).Should(gomega.BeTrue(), "no new one is attached")
	c.state(controller, "attached", 1)
}
