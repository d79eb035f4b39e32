package controller

import (
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
)

// teller makes events, once per change: what was told of an object last is
// remembered, and only what is new is told. After a restart it is told once more.
type teller struct {
	recorder events.EventRecorder

	mu   sync.Mutex
	told map[toldKey]string
}

type toldKey struct {
	kind string
	name types.NamespacedName
}

func newTeller(r events.EventRecorder) *teller {
	return &teller{recorder: r, told: map[toldKey]string{}}
}

// change tells what was done to a workload, after it was done.
func (t *teller) change(o client.Object, reason, note string, args ...any) {
	t.recorder.Eventf(o, nil, corev1.EventTypeNormal, reason, "Autoscale", note, args...)
}

// findings tells what is wrong with o now, unless that was told before.
func (t *teller) findings(o client.Object, now []finding.Finding) {
	if !t.isNews(o, now) {
		return
	}
	for _, f := range now {
		note := f.Message
		if f.Fix != "" {
			note += "; " + f.Fix
		}
		t.recorder.Eventf(o, nil, corev1.EventTypeWarning, f.Reason, "Autoscale", "%s", note)
	}
}

// isNews remembers the findings of o and tells whether they differ from the last.
func (t *teller) isNews(o client.Object, now []finding.Finding) bool {
	lines := make([]string, len(now))
	for i, f := range now {
		lines[i] = f.String()
	}
	text := strings.Join(lines, "\n")
	key := toldKey{kindOf(o), client.ObjectKeyFromObject(o)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.told[key] == text {
		return false
	}
	if text == "" {
		delete(t.told, key)
	} else {
		t.told[key] = text
	}
	return true
}

// forget drops what is remembered of an object that is gone.
func (t *teller) forget(kind string, name types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.told, toldKey{kind, name})
}

// kindOf names the kind; cached objects do not carry it.
func kindOf(o client.Object) string {
	if _, ok := o.(*appsv1.Deployment); ok {
		return deploymentKind
	}
	return serviceKind
}
