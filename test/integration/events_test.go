package integration

import (
	"fmt"
	"slices"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

func TestEachChangeHasOneEvent(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", enabled())
	// A change that triggers a reconcile without effect.
	touch := func(value string) {
		edit(e, d, func(d *appsv1.Deployment) { d.Labels = map[string]string{"touched": value} })
	}
	e.create(e.service("echo", nil), d)
	e.attached("echo")
	e.eventOf("Deployment", "echo", noMetricsAPI)
	touch("a")
	annotate(e, d, enabled(annotations.TargetMS, "50"))
	e.attached("echo", target("50"))
	touch("b")
	for _, step := range [][2]string{{"scale-in", "Paused"}, {"false", "Resumed"}} {
		annotate(e, d, enabled(annotations.TargetMS, "50", annotations.Paused, step[0]))
		e.eventOf("Deployment", "echo", step[1])
		touch(step[0])
	}
	e.existing("cpu")
	e.Expect(e.eventOf("Deployment", "echo", "AnotherAutoscaler")).To(gomega.HavePrefix("AnotherAutoscaler: "))
	touch("c")
	e.adopt(d, "cpu")
	e.eventOf("Deployment", "echo", "Adopted")
	e.eventOf("Deployment", "echo", "Detached") // the managed one is deleted
	touch("d")
	annotate(e, d, nil)
	e.eventOf("Deployment", "echo", "Restored")
	touch("e")

	// A reconcile without effect causes no event: by the time that a second one is
	// attached, the first has been reconciled in all its states.
	e.create(e.service("marker", nil), e.deployment("marker", enabled()))
	e.eventOf("Deployment", "marker", "Attached")
	reasons, counts := e.counted("echo")
	e.Expect(reasons).To(gomega.Equal([]string{
		"Attached", noMetricsAPI, "Updated", "Paused", "Resumed", "Blocked", "Adopted", "Detached", "Restored",
	}))
	e.Expect(counts).To(gomega.HaveEach(1))
	// And the log has one line for each, and for each finding that is resolved.
	e.Eventually(func() []string { return e.told("echo") }).Should(gomega.Equal([]string{
		"attached: Attached", "finding appeared: " + noMetricsAPI, "updated: Updated", "paused: Paused", "resumed: Resumed",
		"finding appeared: AnotherAutoscaler", "adopted: Adopted", "detached: Detached", "finding resolved: AnotherAutoscaler", "restored: Restored",
	}))
}

// What is announced when settings are applied is what the event says of the change.
func TestAnUpdateSaysWhatChanges(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", enabled())
	e.create(e.service("echo", nil), d)
	e.attached("echo")
	e.eventOf("Deployment", "echo", noMetricsAPI) // the webhook sees the Service by then or soon
	e.Eventually(func() []string {
		e.warnings.take()
		e.Expect(e.tryAnnotate("echo", enabled(annotations.MaxReplicas, "11"))).To(gomega.Succeed())
		return e.warnings.take()
	}).Should(gomega.ContainElement("kong-latency: will change HPA echo: max replicas 10 to 11"))
	annotate(e, d, enabled(annotations.TargetMS, "60", annotations.MaxReplicas, "20", annotations.Behavior, "stable"))
	const changes = "HPA echo: max replicas 10 to 20, target 40 ms to 60 ms, behavior steady to stable"
	e.Expect(e.warnings.take()).To(gomega.ContainElement("kong-latency: will change " + changes))
	e.Expect(e.eventOf("Deployment", "echo", "Updated")).To(gomega.Equal("updated " + changes))
	annotate(e, d, enabled(annotations.TargetMS, "60", annotations.MaxReplicas, "20", annotations.Behavior, "stable", annotations.Paused, "scale-in"))
	e.Expect(e.eventOf("Deployment", "echo", "Paused")).To(gomega.Equal("paused HPA echo: paused false to scale-in"))
	// So it says of what somebody else changed, each time.
	for _, n := range []int32{8, 9} {
		edit(e, e.hpa("echo"), func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Spec.Behavior.ScaleUp.StabilizationWindowSeconds = ptr.To(n)
		})
		e.Eventually(func() []string {
			_, notes := e.events("Deployment", "echo")
			return notes
		}).Should(gomega.ContainElement(fmt.Sprintf("updated HPA echo: scaleUp.stabilizationWindowSeconds %d to 0", n)))
	}
}

func TestBlockedEventsNameTheReason(t *testing.T) {
	e := newEnv(t)
	s := e.service("echo", nil)
	e.create(e.deployment("echo", enabled()))
	e.Expect(e.eventOf("Deployment", "echo", "NoServiceSelectsPods")).To(gomega.HavePrefix("NoServiceSelectsPods: "))
	e.create(s)
	e.attached("echo")
	e.eventOf("Deployment", "echo", noMetricsAPI)
	annotate(e, s, enabled(annotations.TargetMS, "41"))
	e.eventOf("Deployment", "echo", "SettingsDisagree")
	reasons, counts := e.counted("echo")
	e.Expect(reasons).To(gomega.Equal([]string{"Blocked", "Attached", noMetricsAPI, "Blocked"}))
	e.Expect(counts).To(gomega.HaveEach(1))
}

// counted returns the reasons of the events about a Deployment, oldest first, and how
// often each was reported.
func (e *env) counted(name string) (reasons []string, counts []int) {
	e.t.Helper()
	var list eventsv1.EventList
	e.Expect(e.client.List(e.ctx, &list, client.InNamespace(e.namespace))).To(gomega.Succeed())
	slices.SortFunc(list.Items, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	for _, ev := range list.Items {
		if ev.Regarding.Kind != "Deployment" || ev.Regarding.Name != name || ev.ReportingController != "kong-latency" {
			continue
		}
		count := 1
		if ev.Series != nil {
			count = int(ev.Series.Count)
		}
		reasons, counts = append(reasons, ev.Reason), append(counts, count)
	}
	return reasons, counts
}
