package controller

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// The reasons of events that say what was done.
const (
	attached = "Attached"
	updated  = "Updated"
	detached = "Detached"
	adopted  = "Adopted"
	returned = "Returned"
	paused   = "Paused"
	resumed  = "Resumed"
	resolved = "Resolved"
	// blocked tells of a finding that keeps a workload from being attached; its note
	// begins with the finding's reason.
	blocked = "Blocked"
)

// teller makes events, once per change: what was told of an object last is
// remembered, and only what is new is told. After a restart it is told once more.
type teller struct {
	recorder events.EventRecorder

	mu   sync.Mutex
	told map[toldKey][]toldFinding
}

// toldFinding is what is remembered of a finding: of ten thousand workloads the sentences,
// and the manifests that mend them, would be most of the memory.
type toldFinding struct {
	reason *finding.Reason
	// digest tells findings of a reason apart.
	digest uint64
}

var digestSeed = maphash.MakeSeed()

func toldOf(f finding.Finding) toldFinding {
	return toldFinding{f.Reason, maphash.String(digestSeed, f.String())}
}

type toldKey struct {
	kind string
	name types.NamespacedName
}

func newTeller(r events.EventRecorder) *teller {
	return &teller{recorder: r, told: map[toldKey][]toldFinding{}}
}

// change tells what was done to a workload, after it was done.
func (t *teller) change(o client.Object, reason, note string, args ...any) {
	t.event(o, corev1.EventTypeNormal, reason, "Autoscale", fmt.Sprintf(note, args...))
}

// changed tells that an autoscaler was brought to the plan: as a pause, if that is
// what became different.
func (t *teller) changed(o client.Object, before *autoscalingv2.HorizontalPodAutoscaler, p plan.Plan) {
	was, is := hpa.Disabled(before.Spec.Behavior), hpa.Disabled(generator.HPA(p).Spec.Behavior)
	switch {
	case was == is:
		t.change(o, updated, "changed %s", p)
	case is == annotations.PauseNone:
		t.change(o, resumed, "resumed %s", p)
	default:
		t.change(o, paused, "paused %s", p)
	}
}

// findings tells what is wrong with o now and was not before, and which hops of
// its pipeline are resolved. What could not be found out makes no event.
func (t *teller) findings(o client.Object, now []finding.Finding) {
	before := t.remember(o, now)
	for _, f := range now {
		if f.Severity != finding.Unknown && !slices.Contains(before, toldOf(f)) {
			if blocks(f) {
				t.event(o, corev1.EventTypeWarning, blocked, f.Reason.Name, render.Clip(f.Reason.Name+": "+render.Note(f)))
			} else {
				t.event(o, corev1.EventTypeWarning, f.Reason.Name, f.Reason.Name, render.Note(f))
			}
		}
	}
	for _, f := range before {
		if f.reason.Hop != nil && f.reason.Severity != finding.Unknown && isResolved(f, now) {
			t.event(o, corev1.EventTypeNormal, resolved, f.reason.Name, f.reason.Name+" is resolved")
		}
	}
}

// event tells something of o. Events that are alike in all but the note are one
// event with a count, which shows the first note; so what tells findings apart is
// the action.
func (t *teller) event(o client.Object, kind, reason, action, note string) {
	t.recorder.Eventf(o, nil, kind, reason, action, "%s", note)
}

// remember keeps the findings of o and returns those that it had before.
func (t *teller) remember(o client.Object, now []finding.Finding) (before []toldFinding) {
	key := toldKey{kindOf(o), client.ObjectKeyFromObject(o)}
	keep := make([]toldFinding, len(now))
	for i, f := range now {
		keep[i] = toldOf(f)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before = t.told[key]
	if len(now) == 0 {
		delete(t.told, key)
	} else {
		t.told[key] = keep
	}
	return before
}

// forget drops what is remembered of an object that is gone.
func (t *teller) forget(kind string, name types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.told, toldKey{kind, name})
}

// isResolved tells whether what is found now shows that f is no more. It does not if
// the workload is blocked, for then nobody has looked at its pipeline, nor if the hop
// could not be judged.
func isResolved(f toldFinding, now []finding.Finding) bool {
	return !finding.Blocks(now) && !slices.ContainsFunc(now, func(g finding.Finding) bool {
		return g.Reason == f.reason || g.Hop() == f.reason.Hop && g.Severity == finding.Unknown
	})
}

// kindOf names the kind; cached objects do not carry it.
func kindOf(o client.Object) string {
	if _, ok := o.(*appsv1.Deployment); ok {
		return deploymentKind
	}
	return serviceKind
}
