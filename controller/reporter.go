package controller

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// The reasons of events about what the controller did.
const (
	eventAttached = "Attached"
	eventUpdated  = "Updated"
	eventDetached = "Detached"
	eventAdopted  = "Adopted"
	eventRestored = "Restored"
	eventPaused   = "Paused"
	eventResumed  = "Resumed"
	eventResolved = "Resolved"
	// eventBlocked reports a finding that keeps a workload from being attached; its note
	// begins with the finding's reason.
	eventBlocked = "Blocked"
)

// reporter emits events on changes only: it remembers the findings of each object that
// it has reported, and reports what is new. After a restart findings are reported again.
type reporter struct {
	recorder events.EventRecorder
	// seed is of the digests.
	seed maphash.Seed

	mu       sync.Mutex
	reported map[reportedKey][]reportedFinding
}

// reportedFinding is what is remembered of a finding. With ten thousand workloads the
// messages, and the manifests of their fixes, would be most of the memory.
type reportedFinding struct {
	reason *finding.Reason
	// digest distinguishes findings of one reason.
	digest uint64
	// unsent is true if its event was dropped, so that it is reported again.
	unsent bool
}

type reportedKey struct {
	kind string
	name types.NamespacedName
}

func newReporter(r events.EventRecorder) *reporter {
	return &reporter{recorder: r, seed: maphash.MakeSeed(), reported: map[reportedKey][]reportedFinding{}}
}

func (r *reporter) digest(f finding.Finding) reportedFinding {
	return reportedFinding{reason: f.Reason, digest: maphash.String(r.seed, f.String())}
}

// action reports what was done to a workload, after it was done.
func (r *reporter) action(o client.Object, reason, note string, args ...any) {
	r.event(o, corev1.EventTypeNormal, reason, "Autoscale", fmt.Sprintf(note, args...))
}

// updated reports that an object was brought to the plan: as a pause, if that is what
// changed.
func (r *reporter) updated(o client.Object, by output.Output, before output.Object, p plan.Plan) {
	was, is := by.Paused(before, p)
	switch {
	case was == is:
		r.action(o, eventUpdated, "updated %s", p)
	case is == annotations.PauseNone:
		r.action(o, eventResumed, "resumed %s", p)
	default:
		r.action(o, eventPaused, "paused %s", p)
	}
}

// findings reports the findings of o that are new, and which findings about its pipeline
// are resolved. Unknown findings are not reported. It returns false if events of findings
// were dropped: they are sent when the findings are reported again.
func (r *reporter) findings(o client.Object, now []finding.Finding) (sent bool) {
	before := r.remember(o, now)
	sent = true
	for _, f := range now {
		if f.Severity == finding.Unknown || slices.Contains(before, r.digest(f)) {
			continue
		}
		reason, note := f.Reason.Name, render.Note(f)
		if blocks(f) {
			reason, note = eventBlocked, render.Clip(f.Reason.Name+": "+note)
		}
		if !r.event(o, corev1.EventTypeWarning, reason, f.Reason.Name, note) {
			sent = false
			r.unsent(o, f)
		}
	}
	for _, f := range before {
		if f.reason.Hop != nil && f.reason.Severity != finding.Unknown && !f.unsent && isResolved(f, now) {
			r.event(o, corev1.EventTypeNormal, eventResolved, f.reason.Name, f.reason.Name+" is resolved")
		}
	}
	return sent
}

// event emits one event, and returns false if it was dropped. The API server counts events
// that differ only in the note as one, and shows the first note; so the action is what
// distinguishes findings.
func (r *reporter) event(o client.Object, kind, reason, action, note string) bool {
	if paced, ok := r.recorder.(*pacedEvents); ok {
		return paced.send(o, nil, kind, reason, action, "%s", note)
	}
	r.recorder.Eventf(o, nil, kind, reason, action, "%s", note)
	return true
}

// unsent marks a finding of o whose event was dropped.
func (r *reporter) unsent(o client.Object, f finding.Finding) {
	dropped := r.digest(f)
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.reported[reportedKey{kindOf(o), client.ObjectKeyFromObject(o)}]
	if i := slices.Index(list, dropped); i >= 0 {
		list[i].unsent = true
	}
}

// remember keeps the findings of o and returns those that it had before.
func (r *reporter) remember(o client.Object, now []finding.Finding) (before []reportedFinding) {
	key := reportedKey{kindOf(o), client.ObjectKeyFromObject(o)}
	keep := make([]reportedFinding, len(now))
	for i, f := range now {
		keep[i] = r.digest(f)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before = r.reported[key]
	if len(now) == 0 {
		delete(r.reported, key)
	} else {
		r.reported[key] = keep
	}
	return before
}

// forget drops what is remembered of a deleted object.
func (r *reporter) forget(kind string, name types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.reported, reportedKey{kind, name})
}

// isResolved reports whether f is resolved according to the present findings. That is
// not known if the workload is blocked, because its pipeline was not evaluated, nor if
// the hop is unknown.
func isResolved(f reportedFinding, now []finding.Finding) bool {
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
