package integration

import (
	"slices"
	"testing"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
)

func TestEventsTellEachChangeOnce(t *testing.T) {
	e := newEnv(t)
	d := e.deployment("echo", asks())
	// A change that has the Deployment looked at, and changes nothing.
	touch := func(value string) {
		edit(e, d, func(d *appsv1.Deployment) { d.Labels = map[string]string{"touched": value} })
	}
	e.create(e.service("echo", nil), d)
	e.attached("echo")
	touch("a")
	annotate(e, d, asks(annotations.TargetMS, "50"))
	e.attached("echo", target("50"))
	touch("b")
	for _, step := range [][2]string{{"scale-in", "Paused"}, {"false", "Resumed"}} {
		annotate(e, d, asks(annotations.TargetMS, "50", annotations.Paused, step[0]))
		e.told("Deployment", "echo", step[1])
		touch(step[0])
	}
	e.theirs("cpu")
	e.Expect(e.told("Deployment", "echo", "AnotherAutoscaler")).To(gomega.HavePrefix("AnotherAutoscaler: "))
	touch("c")
	e.adopt(d, "cpu")
	e.told("Deployment", "echo", "Adopted")
	e.told("Deployment", "echo", "Detached") // ours goes, theirs is there
	touch("d")
	annotate(e, d, nil)
	e.told("Deployment", "echo", "Restored")
	touch("e")

	// Nothing was told of what was only looked at: by the time that a second one is
	// attached, the first has been seen in all its states.
	e.create(e.service("marker", nil), e.deployment("marker", asks()))
	e.told("Deployment", "marker", "Attached")
	reasons, counts := e.counted("echo")
	e.Expect(reasons).To(gomega.Equal([]string{
		"Attached", "Updated", "Paused", "Resumed", "Blocked", "Adopted", "Detached", "Restored",
	}))
	e.Expect(counts).To(gomega.HaveEach(1))
}

func TestEventsOfWhatBlocksNameTheReason(t *testing.T) {
	e := newEnv(t)
	s := e.service("echo", nil)
	e.create(e.deployment("echo", asks()))
	e.Expect(e.told("Deployment", "echo", "NoServiceSelectsPods")).To(gomega.HavePrefix("NoServiceSelectsPods: "))
	e.create(s)
	e.attached("echo")
	e.told("Deployment", "echo", "Attached")
	annotate(e, s, asks(annotations.TargetMS, "41"))
	e.told("Deployment", "echo", "SettingsDisagree")
	reasons, counts := e.counted("echo")
	e.Expect(reasons).To(gomega.Equal([]string{"Blocked", "Attached", "Blocked"}))
	e.Expect(counts).To(gomega.HaveEach(1))
}

// counted returns the reasons of the events about a Deployment, oldest first, but for
// those about the pipeline, and how often each was told.
func (e *env) counted(name string) (reasons []string, counts []int) {
	e.t.Helper()
	var list eventsv1.EventList
	e.Expect(e.client.List(e.ctx, &list, client.InNamespace(e.namespace))).To(gomega.Succeed())
	slices.SortFunc(list.Items, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	for _, ev := range list.Items {
		if ev.Regarding.Kind != "Deployment" || ev.Regarding.Name != name || ev.ReportingController != "kong-latency" || ev.Reason == noMetricsAPI {
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
