package controller

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/policy"
)

// The reasons of events about findings, beside those of the findings.
const (
	eventResolved = "Resolved"
	// eventBlocked reports a finding that keeps a workload from being attached; its note
	// begins with the finding's reason.
	eventBlocked = "Blocked"
)

// reporter emits events and logs lines on changes only: it remembers the findings of each object that
// it has reported, and reports what is new. What is not judged for a while, because
// something cannot be read, is remembered meanwhile: it is neither resolved nor new when
// it is seen again. After a restart findings are reported again.
type reporter struct {
	recorder events.EventRecorder
	// log gets a line for each action, and for each finding that appears or is resolved. The
	// zero value logs nothing.
	log logr.Logger
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
	// unread is what could not be read of the snapshot when it was found.
	unread pipeline.Parts
	// unjudged is true if it is not known whether the finding still holds.
	unjudged bool
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

// judgement is how much of the metric pipeline findings are about: the hops that were judged,
// and what could not be read of the snapshot. The zero value judges nothing.
type judgement struct {
	hops   []*finding.Hop
	unread pipeline.Parts
}

// findings reports the findings of o that are new, without a judgement of its pipeline. It
// returns what judged does.
func (r *reporter) findings(o client.Object, now []finding.Finding) (sent bool) {
	return r.judged(o, now, judgement{})
}

// judged reports the findings of o that are new, and which findings about its pipeline are
// resolved. Unknown findings are not reported. It returns false if events of findings were
// dropped: they are sent when the findings are reported again.
func (r *reporter) judged(o client.Object, now []finding.Finding, j judgement) (sent bool) {
	before := r.remember(o, now, j)
	sent = true
	for _, f := range now {
		if f.Severity == finding.Unknown || remembers(before, r.digest(f)) {
			continue
		}
		reason, note := f.Reason.Name, render.Note(f)
		if !had(before, r.digest(f)) {
			r.appeared(o, f, note)
		}
		if blocks(f) {
			reason, note = eventBlocked, f.Reason.Name+": "+note
		}
		if !r.event(o, nil, corev1.EventTypeWarning, reason, f.Reason.Name, note) {
			sent = false
			r.unsent(o, f)
		}
	}
	for _, f := range before {
		if f.reason.Severity == finding.Unknown || !isResolved(f, now, j) {
			continue
		}
		r.resolved(o, f.reason)
		if f.reason.Hop != nil && !f.unsent {
			r.event(o, nil, corev1.EventTypeNormal, eventResolved, f.reason.Name, f.reason.Name+" is resolved")
		}
	}
	return sent
}

// event emits one event about o, and returns false if it was dropped; related may be nil.
// The API server counts events that differ only in the note as one, and shows the first
// note; so the action is what distinguishes findings.
func (r *reporter) event(o client.Object, related runtime.Object, kind, reason, action, note string) bool {
	note = render.Clip(note)
	if paced, ok := r.recorder.(*pacedEvents); ok {
		return paced.send(o, related, kind, reason, action, "%s", note)
	}
	r.recorder.Eventf(o, related, kind, reason, action, "%s", note)
	return true
}

// unsent marks a finding of o whose event was dropped.
func (r *reporter) unsent(o client.Object, f finding.Finding) {
	dropped := r.digest(f)
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.reported[reportedKey{kindOf(o), client.ObjectKeyFromObject(o)}]
	for i, g := range list {
		if g.same(dropped) {
			list[i].unsent = true
		}
	}
}

// remember keeps the findings of o, and those before that were not judged now. It returns
// all that it had before.
func (r *reporter) remember(o client.Object, now []finding.Finding, j judgement) (before []reportedFinding) {
	key := reportedKey{kindOf(o), client.ObjectKeyFromObject(o)}
	keep := make([]reportedFinding, len(now), len(now)+1)
	for i, f := range now {
		keep[i] = r.digest(f)
		keep[i].unread = j.unread
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	before = r.reported[key]
	for _, f := range before {
		if f.reason.Severity != finding.Unknown && !isJudged(f, now, j) {
			f.unjudged = true
			keep = append(keep, f)
		}
	}
	if len(keep) == 0 {
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

// had reports whether a finding is in the list, whether or not its event was sent.
func had(list []reportedFinding, f reportedFinding) bool {
	return slices.ContainsFunc(list, f.same)
}

// remembers reports whether a finding was reported.
func remembers(list []reportedFinding, f reportedFinding) bool {
	return slices.ContainsFunc(list, func(g reportedFinding) bool { return g.same(f) && !g.unsent })
}

// same reports whether both are of the same finding.
func (f reportedFinding) same(g reportedFinding) bool {
	return f.reason == g.reason && f.digest == g.digest
}

// isResolved reports whether f is resolved according to the present findings.
func isResolved(f reportedFinding, now []finding.Finding, j judgement) bool {
	return isJudged(f, now, j) && !finding.Has(now, f.reason)
}

// isJudged reports whether the present findings say whether f still holds. Those about
// settings do unless the policy is unknown; those about a hop do if the hop was judged, by
// everything that could be read when f was found.
func isJudged(f reportedFinding, now []finding.Finding, j judgement) bool {
	switch {
	case finding.Has(now, f.reason):
		return true
	case f.reason.Hop == nil:
		return !finding.Has(now, policy.PolicyUnknown)
	default:
		return slices.Contains(j.hops, f.reason.Hop) && j.unread&^f.unread == 0
	}
}

// kindOf names the kind; cached objects do not carry it.
func kindOf(o client.Object) string {
	if _, ok := o.(*appsv1.Deployment); ok {
		return deploymentKind
	}
	return serviceKind
}
