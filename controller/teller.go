package controller

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/finding"
)

// The reasons of events that say what was done.
const (
	attached = "Attached"
	updated  = "Updated"
	detached = "Detached"
	mended   = "Mended"
)

// teller makes events, once per change: what was told of an object last is
// remembered, and only what is new is told. After a restart it is told once more.
type teller struct {
	recorder events.EventRecorder

	mu   sync.Mutex
	told map[toldKey][]finding.Finding
}

type toldKey struct {
	kind string
	name types.NamespacedName
}

func newTeller(r events.EventRecorder) *teller {
	return &teller{recorder: r, told: map[toldKey][]finding.Finding{}}
}

// change tells what was done to a workload, after it was done.
func (t *teller) change(o client.Object, reason, note string, args ...any) {
	t.event(o, corev1.EventTypeNormal, reason, fmt.Sprintf(note, args...))
}

// findings tells what is wrong with o now and was not before, and which hops of
// its pipeline are mended. What could not be found out makes no event.
func (t *teller) findings(o client.Object, now []finding.Finding) {
	before := t.remember(o, now)
	for _, f := range now {
		if f.Severity != finding.Unknown && !contains(before, f) {
			t.event(o, corev1.EventTypeWarning, f.Reason, note(f))
		}
	}
	for _, f := range before {
		if f.Hop != "" && f.Severity != finding.Unknown && isMended(f, now) {
			t.event(o, corev1.EventTypeNormal, mended, f.Reason+" is mended")
		}
	}
}

func (t *teller) event(o client.Object, kind, reason, note string) {
	t.recorder.Eventf(o, nil, kind, reason, "Autoscale", "%s", note)
}

// remember keeps the findings of o and returns those that it had before.
func (t *teller) remember(o client.Object, now []finding.Finding) (before []finding.Finding) {
	key := toldKey{kindOf(o), client.ObjectKeyFromObject(o)}
	t.mu.Lock()
	defer t.mu.Unlock()
	before = t.told[key]
	if len(now) == 0 {
		delete(t.told, key)
	} else {
		t.told[key] = now
	}
	return before
}

// forget drops what is remembered of an object that is gone.
func (t *teller) forget(kind string, name types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.told, toldKey{kind, name})
}

func contains(list []finding.Finding, f finding.Finding) bool {
	return slices.ContainsFunc(list, func(g finding.Finding) bool { return g.String() == f.String() })
}

// isMended tells whether what is found now shows that f is no more. It does not if
// the workload is blocked, for then nobody has looked at its pipeline, nor if the hop
// could not be judged.
func isMended(f finding.Finding, now []finding.Finding) bool {
	return !finding.Blocks(now) && !slices.ContainsFunc(now, func(g finding.Finding) bool {
		return g.Reason == f.Reason || g.Hop == f.Hop && g.Severity == finding.Unknown
	})
}

// maxNote is the most bytes that the API lets the note of an event have.
const maxNote = 1024

// note is what an event says of a finding, with its fix if that fits.
func note(f finding.Finding) string {
	text := f.Message
	switch withFix := text + "\nTo mend it: " + f.Fix; {
	case f.Fix == "":
	case strings.Contains(f.Fix, "\n"):
		withFix = text + "\nTo mend it, apply:\n" + f.Fix
		if len(withFix) <= maxNote {
			text = withFix
		}
	case len(withFix) <= maxNote:
		text = withFix
	}
	return clip(text)
}

// clip cuts text to maxNote, which the sentences in a status keep to as well.
func clip(text string) string {
	if len(text) <= maxNote {
		return text
	}
	return strings.ToValidUTF8(text[:maxNote-len("…")], "") + "…"
}

// kindOf names the kind; cached objects do not carry it.
func kindOf(o client.Object) string {
	if _, ok := o.(*appsv1.Deployment); ok {
		return deploymentKind
	}
	return serviceKind
}

func hasReason(list []finding.Finding, reason string) bool {
	return slices.ContainsFunc(list, func(g finding.Finding) bool { return g.Reason == reason })
}
