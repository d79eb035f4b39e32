package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// workloads attaches, keeps and detaches the HorizontalPodAutoscaler of one
// Deployment at a time.
type workloads struct {
	client client.Client
	// direct reads the API server, not the cache, which keeps only a part of objects.
	direct  client.Reader
	tell    *teller
	pending *pending
	// ledger is told what each reconcile came to; it may be nil.
	ledger *ledger
	// pipeline returns the evaluator of the present snapshot.
	pipeline func() *pipeline.Evaluator
	// policies knows which policy rules a workload; it may be nil.
	policies plan.Policies
	// scaled returns the ScaledObjects of KEDA; nil means that there are none.
	scaled func() *cluster.ScaledObjects
	now    func() time.Time
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
			// Garbage collection takes what was made, and nobody but us gives back what was adopted.
			return outcome{}, 0, r.giveBackAll(ctx, req)
		}
		return unchanged, 0, fmt.Errorf("read Deployment: %w", err)
	}
	w := cluster.Workload(&d)
	if w.Deleting {
		return outcome{}, 0, nil
	}
	catalog := r.catalog(ctx, w.Namespace)
	resolution := plan.Resolve(w, catalog, r.policies)
	if err := catalog.Err(); err != nil {
		return unchanged, 0, fmt.Errorf("look up what belongs to Deployment %s: %w", req, err)
	}
	if !resolution.Asked && (!resolution.Held || resolution.Claim.Ours == nil) {
		r.tell.forget(deploymentKind, req.NamespacedName)
		r.pending.forget(req.NamespacedName)
		return outcome{}, 0, r.detach(ctx, &d, resolution.Claim)
	}
	if resolution.Plan == nil {
		r.tell.findings(&d, resolution.Findings)
		return outcomeOf(resolution, resolution.Findings), 0, nil
	}
	if resolution.Claim.Ours == nil && r.scaled != nil && r.scaled().Unread() {
		return unchanged, 0, nil // who else scales it is known in a moment, which wakes us
	}
	live, err := r.hpa(ctx, w.Namespace, resolution.Plan.Name)
	if err != nil {
		return unchanged, 0, err
	}
	if wait := r.pending.wait(req.NamespacedName, live, *resolution.Plan); wait > 0 {
		return unchanged, wait, nil
	}
	if err := r.attach(ctx, &d, live, resolution); err != nil {
		return unchanged, 0, err
	}
	if live == nil {
		// The new autoscaler brings us back here through its watch. Until then others
		// are attached, which must not wait for the judgement of a pipeline.
		return unchanged, 0, nil
	}
	more, recheck := r.evaluate(*resolution.Plan, live)
	findings := slices.Concat(resolution.Findings, more)
	r.tell.findings(&d, findings)
	return outcomeOf(resolution, findings), recheck, nil
}

// evaluate follows the metric of the plan. What it finds never keeps the
// autoscaler from being attached. recheck is when to look again although nothing
// changes; 0 means never.
func (r *workloads) evaluate(p plan.Plan, live *autoscalingv2.HorizontalPodAutoscaler) (findings []finding.Finding, recheck time.Duration) {
	subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	findings = r.pipeline().Diagnose(source.Default(), subject).Findings()
	found, recheck := series.ByCondition(cluster.Scaling(live), subject, r.now())
	return slices.Concat(findings, found), recheck
}

func (r *workloads) catalog(ctx context.Context, namespace string) *cluster.Catalog {
	catalog := cluster.NewCatalog(ctx, r.client, namespace)
	if r.scaled != nil {
		catalog.With(r.scaled())
	}
	return catalog
}
