package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// workloads attaches, updates and detaches what scales one Deployment at a time.
type workloads struct {
	client client.Client
	// lookup reads the cache for catalogs.
	lookup client.Reader
	// direct reads the API server, not the cache, which keeps only a part of objects.
	direct  client.Reader
	report  *reporter
	pending *pending
	// tracker gets the outcome of each reconcile; it may be nil.
	tracker *statusTracker
	// pipeline returns the evaluator of the present snapshot.
	pipeline func() *pipeline.Evaluator
	// policies returns the effective policy of a workload; it may be nil.
	policies plan.Policies
	// scaled returns the ScaledObjects of KEDA; nil means that there are none.
	scaled func() *cache.ScaledObjects
	now    func() time.Time
}

// Reconcile brings what scales the Deployment named by req to its plan. What blocks a plan
// is reported by an event, and a watch triggers the next reconcile; only what the API
// server refuses is an error, and is retried.
func (r *workloads) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	outcome, again, err := r.reconcile(ctx, req)
	r.tracker.record(req.NamespacedName, outcome)
	return ctrl.Result{RequeueAfter: again}, err
}

// reconcile returns its outcome, and when to reconcile again although nothing changes;
// 0 means never.
func (r *workloads) reconcile(ctx context.Context, req ctrl.Request) (result outcome, again time.Duration, err error) {
	var d appsv1.Deployment
	if err := r.client.Get(ctx, req.NamespacedName, &d); err != nil {
		if apierrors.IsNotFound(err) {
			r.report.forget(deploymentKind, req.NamespacedName)
			r.pending.forget(req.NamespacedName)
			return outcome{}, 0, r.restoreAll(ctx, req.NamespacedName)
		}
		return unchanged, 0, fmt.Errorf("read Deployment: %w", err)
	}
	w := convert.Workload(&d)
	if w.Deleting {
		return outcome{}, 0, nil
	}
	catalog := r.catalog(ctx, w.Namespace)
	resolution := plan.Resolve(w, catalog, r.policies)
	if err := catalog.Err(); err != nil {
		return unchanged, 0, fmt.Errorf("look up what belongs to Deployment %s: %w", req, err)
	}
	if !resolution.Enabled && (!resolution.Retained || resolution.Claim.Managed == nil) {
		r.report.forget(deploymentKind, req.NamespacedName)
		r.pending.forget(req.NamespacedName)
		return outcome{}, 0, r.detach(ctx, &d, resolution.Claim)
	}
	if resolution.Plan == nil {
		r.report.findings(&d, resolution.Findings)
		return outcomeOf(resolution, resolution.Findings), 0, nil
	}
	if resolution.Claim.Managed == nil && r.scaled != nil && r.scaled().Unread() {
		return unchanged, 0, nil // what else scales it is known in a moment, and triggers a reconcile
	}
	by := outputs.For(*resolution.Plan)
	live, err := r.live(ctx, by, w.Namespace, resolution.Plan.Name)
	if err != nil {
		return unchanged, 0, err
	}
	if wait := r.pending.wait(req.NamespacedName, live, *resolution.Plan); wait > 0 {
		return unchanged, wait, nil
	}
	if err := r.attach(ctx, &d, by, live, resolution); err != nil {
		return unchanged, 0, err
	}
	if live == nil {
		// The watch of the new object triggers the next reconcile, which evaluates the
		// pipeline. Other workloads are attached first.
		return unchanged, 0, nil
	}
	more, recheck := r.evaluate(*resolution.Plan, by.Observe(live).Scaling)
	findings := slices.Concat(resolution.Findings, more)
	r.report.findings(&d, findings)
	return outcomeOf(resolution, findings), recheck, nil
}

// evaluate evaluates the metric pipeline of the plan. Its findings never keep a workload
// from being attached. recheck is when to evaluate again although nothing changes; 0 means
// never.
func (r *workloads) evaluate(p plan.Plan, scaling model.Scaling) (findings []finding.Finding, recheck time.Duration) {
	subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	findings = r.pipeline().Diagnose(source.Default(), subject).Findings()
	found, recheck := series.ByCondition(scaling, subject, r.now())
	return slices.Concat(findings, found), recheck
}

func (r *workloads) catalog(ctx context.Context, namespace string) *cache.Catalog {
	catalog := cache.NewCatalog(ctx, r.lookup, namespace)
	if r.scaled != nil {
		catalog.With(r.scaled())
	}
	return catalog
}
