package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/finding"
	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/pipeline"
	"github.com/kong-latency/kong-latency/pipeline/cluster"
)

// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// workloads attaches, keeps and detaches the HorizontalPodAutoscaler of one
// Deployment at a time.
type workloads struct {
	client  client.Client
	tell    *teller
	pending *pending
	// ledger is told what each reconcile came to; it may be nil.
	ledger *ledger
	// pipeline returns the evaluator of the present snapshot.
	pipeline func() *pipeline.Evaluator
	// policies knows which policy rules a workload; it may be nil.
	policies generator.Policies
	now      func() time.Time
}

// Reconcile brings the HorizontalPodAutoscaler of the Deployment named by req to
// its plan. What blocks a plan is told by an event and waits for a watch; only
// what the API server refuses is an error, and is retried.
func (r *workloads) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	came, again, err := r.reconcile(ctx, req)
	r.ledger.record(req.NamespacedName, came)
	return ctrl.Result{RequeueAfter: again}, err
}

// reconcile returns what it came to, and when to look again although nothing
// changes; 0 means never.
func (r *workloads) reconcile(ctx context.Context, req ctrl.Request) (came outcome, again time.Duration, err error) {
	var d appsv1.Deployment
	if err := r.client.Get(ctx, req.NamespacedName, &d); err != nil {
		if apierrors.IsNotFound(err) {
			r.tell.forget(deploymentKind, req.NamespacedName)
			r.pending.forget(req.NamespacedName)
			return outcome{}, 0, nil // garbage collection takes the HorizontalPodAutoscaler
		}
		return unchanged, 0, fmt.Errorf("read Deployment: %w", err)
	}
	w := cluster.Workload(&d)
	if w.Deleting {
		return outcome{}, 0, nil
	}
	live, err := r.liveHPA(ctx, req)
	if err != nil {
		return unchanged, 0, err
	}
	catalog := cluster.NewCatalog(ctx, r.client, w.Namespace)
	resolution := generator.Resolve(w, catalog, r.policies)
	if err := catalog.Err(); err != nil {
		return unchanged, 0, fmt.Errorf("look up the Services of Deployment %s: %w", req, err)
	}
	if resolution.Held && live != nil && generator.MadeByUs(live) && generator.OwnedBy(live, w.UID) {
		r.tell.findings(&d, resolution.Findings)
		return outcomeOf(resolution, resolution.Findings), 0, nil
	}
	if !resolution.Asked {
		r.tell.forget(deploymentKind, req.NamespacedName)
		r.pending.forget(req.NamespacedName)
		return outcome{}, 0, r.detach(ctx, &d, live)
	}
	if resolution.Plan == nil {
		r.tell.findings(&d, resolution.Findings)
		return outcomeOf(resolution, resolution.Findings), 0, nil
	}
	if wait := r.pending.wait(req.NamespacedName, live, *resolution.Plan); wait > 0 {
		return unchanged, wait, nil
	}
	blocked, err := r.attach(ctx, &d, live, *resolution.Plan)
	if err != nil {
		return unchanged, 0, err
	}
	more, recheck := r.evaluate(*resolution.Plan, live)
	findings := slices.Concat(resolution.Findings, blocked, more)
	r.tell.findings(&d, findings)
	return outcomeOf(resolution, findings), recheck, nil
}

// evaluate follows the metric of the plan. What it finds never keeps the
// autoscaler from being attached. recheck is when to look again although nothing
// changes; 0 means never.
func (r *workloads) evaluate(p generator.Plan, live *autoscalingv2.HorizontalPodAutoscaler) (findings []finding.Finding, recheck time.Duration) {
	subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	findings = r.pipeline().Evaluate(subject)
	series, recheck := pipeline.EvaluateSeries(cluster.Scaling(live), subject, r.now())
	return slices.Concat(findings, series), recheck
}

// liveHPA is the HorizontalPodAutoscaler of the workload's name, or nil.
func (r *workloads) liveHPA(ctx context.Context, req ctrl.Request) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	var live autoscalingv2.HorizontalPodAutoscaler
	switch err := r.client.Get(ctx, req.NamespacedName, &live); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read HorizontalPodAutoscaler: %w", err)
	default:
		return &live, nil
	}
}

// attach applies the plan unless the live HorizontalPodAutoscaler equals it
// already, or is somebody else's, which is the finding returned.
func (r *workloads) attach(ctx context.Context, d *appsv1.Deployment, live *autoscalingv2.HorizontalPodAutoscaler, p generator.Plan) ([]finding.Finding, error) {
	switch {
	case live == nil:
	case live.DeletionTimestamp != nil || ofFormerDeployment(live, d):
		return nil, nil // it will be gone soon, and its deletion wakes us
	case !generator.OwnedBy(live, string(d.UID)):
		return []finding.Finding{nameTaken(d, live)}, nil
	case generator.UpToDate(live, p):
		return nil, nil
	}
	hpa, err := generator.ApplyConfiguration(p)
	if err != nil {
		return nil, err
	}
	opts := []client.ApplyOption{client.FieldOwner(FieldManager)}
	if live != nil {
		// The UID makes sure that it is this object that is changed, not one of the
		// same name that came in its place. Being ours, its fields are ours to take back.
		hpa.WithUID(live.UID)
		opts = append(opts, client.ForceOwnership)
	}
	if err := r.client.Apply(ctx, hpa, opts...); err != nil {
		return nil, fmt.Errorf("apply HorizontalPodAutoscaler: %w", err)
	}
	r.pending.add(client.ObjectKeyFromObject(d), live, p)
	if live == nil {
		r.tell.change(d, attached, "attached %s", p)
	} else {
		r.tell.change(d, updated, "changed %s", p)
	}
	return nil, nil
}

// detach deletes the live HorizontalPodAutoscaler if it is ours. The number of
// replicas stays as it is.
func (r *workloads) detach(ctx context.Context, d *appsv1.Deployment, live *autoscalingv2.HorizontalPodAutoscaler) error {
	if live == nil || live.DeletionTimestamp != nil ||
		!generator.OwnedBy(live, string(d.UID)) || !generator.MadeByUs(live) {
		return nil
	}
	err := r.client.Delete(ctx, live, client.Preconditions{UID: ptr.To(live.UID)})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete HorizontalPodAutoscaler: %w", err)
	}
	if err == nil {
		r.tell.change(d, detached, "detached HPA %s; the replicas stay as they are", live.Name)
	}
	return nil
}
