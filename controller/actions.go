package controller

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/finding/render"
	"github.com/kong-latency/kong-latency/internal/logs"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// action is one thing that the controller does to what scales a workload: the reason of
// its event, and its line in the log.
type action struct {
	event string
	line  logs.Line
}

// The actions. Each is reported after it was done.
var (
	actionAttached = action{"Attached", logs.Attached}
	actionUpdated  = action{"Updated", logs.Updated}
	actionPaused   = action{"Paused", logs.Paused}
	actionResumed  = action{"Resumed", logs.Resumed}
	actionDetached = action{"Detached", logs.Detached}
	actionAdopted  = action{"Adopted", logs.Adopted}
	actionRestored = action{"Restored", logs.Restored}
)

// attached reports that the object of a plan was created.
func (r *reporter) attached(d *appsv1.Deployment, p plan.Plan) {
	r.did(actionAttached, d, nil, p.Name, "attached %s", p)
}

// adopted reports that an existing object was brought to the plan.
func (r *reporter) adopted(d *appsv1.Deployment, p plan.Plan) {
	r.did(actionAdopted, d, nil, p.Name, "adopted %s; its previous spec is restored on detach", p)
}

// updated reports that an object, which was as before, was brought to the plan: as a
// pause, if that is what changed.
func (r *reporter) updated(d *appsv1.Deployment, by output.Output, before output.Object, p plan.Plan) {
	if onlyLearned(by, before, p) {
		// It happens again and again, and the status says what is learned.
		r.log.V(1).Info("followed what was learned", "workload", client.ObjectKeyFromObject(d), "change", by.Differences(before, p).String())
		return
	}
	what, verb := actionUpdated, "updated"
	switch was, is := by.Paused(before, p); {
	case was == is:
	case is == annotations.PauseNone:
		what, verb = actionResumed, "resumed"
	default:
		what, verb = actionPaused, "paused"
	}
	// The API server would count two updates of one workload as one event, with the note of
	// the first, if their objects were the same: here the version of before differs.
	why := ""
	if p.HoldScaleIn {
		why = ", because no pod is ready"
	}
	r.did(what, d, before, p.Name, "%s HPA %s: %s%s", verb, p.Name, by.Differences(before, p), why)
}

// onlyLearned reports whether a live object differs from its plan in nothing but what was
// learned.
func onlyLearned(by output.Output, live output.Object, p plan.Plan) bool {
	if !p.Follows() {
		return false
	}
	p.Learned = by.Learned(live, p)
	return by.UpToDate(live, p)
}

// detached reports that an object was deleted.
func (r *reporter) detached(d *appsv1.Deployment, name string) {
	r.did(actionDetached, d, nil, name, "detached HPA %s; the replicas stay as they are", name)
}

// restored reports that an adopted object has its previous spec again. d is nil if its
// Deployment, whose name is key, is deleted: nobody looks at events about that.
func (r *reporter) restored(d *appsv1.Deployment, key types.NamespacedName, name string) {
	const note = "restored HPA %s to its previous spec"
	if d == nil {
		r.logged(actionRestored, key, name, fmt.Sprintf(note, name))
		return
	}
	r.did(actionRestored, d, nil, name, note, name)
}

// did emits the event of an action and logs it. related is the object to which it was
// done, or nil.
func (r *reporter) did(what action, d *appsv1.Deployment, related runtime.Object, autoscaler, note string, args ...any) {
	text := render.Clip(fmt.Sprintf(note, args...))
	r.event(d, related, corev1.EventTypeNormal, what.event, "Autoscale", text)
	r.logged(what, client.ObjectKeyFromObject(d), autoscaler, text)
}

func (r *reporter) logged(what action, deployment types.NamespacedName, autoscaler, note string) {
	what.line.Log(r.log, deploymentKind, deployment.Namespace, deployment.Name, what.event, autoscaler, note)
}

// appeared logs a finding that an object did not have before.
func (r *reporter) appeared(o client.Object, f finding.Finding, note string) {
	logs.FindingAppeared.Log(r.log, kindOf(o), o.GetNamespace(), o.GetName(),
		f.Reason.Name, string(f.Severity), f.Hop().String(), blocks(f), note)
}

// resolved logs a finding that an object has no longer.
func (r *reporter) resolved(o client.Object, f *finding.Reason) {
	logs.FindingResolved.Log(r.log, kindOf(o), o.GetNamespace(), o.GetName(),
		f.Name, string(f.Severity), f.Hop.String())
}
