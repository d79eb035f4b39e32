package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
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
	// rewrites counts the writes that something else undoes.
	rewrites *rewrites
	// tracker gets the outcome of each reconcile; it may be nil.
	tracker *statusTracker
	// pipeline returns the evaluator of the present snapshot.
	pipeline func() *pipeline.Evaluator
	// policies returns the effective policy of a workload; it may be nil.
	policies plan.Policies
	// neighbors returns the other autoscalers and owners of pods; nil means that there are
	// none.
	neighbors func() *cache.Neighbors
	// outdated returns why the caches do not show everything; it may be nil.
	outdated func() string
	now      func() time.Time
}

// Reconcile brings what scales the Deployment named by req to its plan. What blocks a plan
// is reported by an event, and a watch triggers the next reconcile; only what the API
// server refuses or fails to do is an error, and is retried.
func (r *workloads) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if isOutdated(r.outdated) {
		return ctrl.Result{RequeueAfter: outdatedRetry}, nil
	}
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
			r.forget(req.NamespacedName)
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
		if err := r.detach(ctx, &d, resolution.Claim); err != nil {
			return r.refused(&d, w, resolution, err)
		}
		r.forget(req.NamespacedName)
		return outcome{}, 0, nil
	}
	if resolution.Plan == nil {
		again = r.tell(&d, resolution.Findings, judgement{}, 0)
		return outcomeOf(resolution, resolution.Findings), again, nil
	}
	if resolution.Claim.Managed == nil && r.neighbors != nil && r.neighbors().Unread() {
		return unchanged, 0, nil // what else scales its pods is known in a moment, and triggers a reconcile
	}
	return r.scale(ctx, &d, w, resolution)
}

// scale attaches a workload that has a plan, or brings what scales it to the plan, and
// evaluates its pipeline.
func (r *workloads) scale(ctx context.Context, d *appsv1.Deployment, w model.Workload, resolution plan.Resolution) (result outcome, again time.Duration, err error) {
	by := outputs.For(*resolution.Plan)
	live, err := r.live(ctx, by, w.Namespace, resolution.Plan.Name)
	if err != nil {
		return unchanged, 0, err
	}
	if wait := r.pending.wait(client.ObjectKeyFromObject(d), live, *resolution.Plan); wait > 0 {
		return unchanged, wait, nil
	}
	if live != nil && live.GetDeletionTimestamp() != nil {
		return r.terminating(d, w, live, resolution)
	}
	found, wait, until := r.contested(ctx, w, by, live, resolution)
	findings := slices.Concat(resolution.Findings, found)
	if wait > 0 {
		again = r.tell(d, findings, judgement{}, wait)
		return outcomeOf(resolution, findings), again, nil
	}
	key := client.ObjectKeyFromObject(d)
	if live == nil {
		if wait := r.pending.begin(key, resolution.Claim.Rivals); wait > 0 {
			return unchanged, wait, nil // its autoscaler, once it is seen, triggers a reconcile
		}
	}
	if err := r.attach(ctx, d, by, live, resolution); err != nil {
		if live == nil {
			r.pending.forget(key)
		}
		return r.refused(d, w, resolution, err)
	}
	if live == nil {
		// The watch of the new object triggers the next reconcile, which evaluates the
		// pipeline. Other workloads are attached first.
		return unchanged, 0, nil
	}
	more, judged, recheck := r.evaluate(*resolution.Plan, by, live)
	findings = append(findings, more...)
	again = r.tell(d, findings, judged, sooner(recheck, until))
	return outcomeOf(resolution, findings), again, nil
}

// refused is for a write that failed: what the API server refused is reported, and
// returned as the error that it is, so that it is tried again.
func (r *workloads) refused(d *appsv1.Deployment, w model.Workload, resolution plan.Resolution, err error) (outcome, time.Duration, error) {
	f, ok := refusal(w, err)
	if !ok {
		return unchanged, 0, err
	}
	findings := slices.Concat(resolution.Findings, []finding.Finding{f})
	r.report.findings(d, findings)
	return outcomeOf(resolution, findings), 0, err
}

// terminatingFor is how long the deletion of an object may take before that is a finding.
const terminatingFor = 10 * time.Second

// terminating is for a workload whose autoscaler is deleted and still there. It cannot be
// changed to anything that lasts; once it is gone, the watch triggers a reconcile.
func (r *workloads) terminating(d *appsv1.Deployment, w model.Workload, live output.Object, resolution plan.Resolution) (outcome, time.Duration, error) {
	if left := live.GetDeletionTimestamp().Add(terminatingFor).Sub(r.now()); left > 0 {
		return unchanged, left, nil
	}
	f := plan.AutoscalerTerminating.On(w.Object(), "HorizontalPodAutoscaler %s is deleted and kept by its finalizers %s",
		live.GetName(), finding.Quote(strings.Join(live.GetFinalizers(), ", "))).Suggest("%s", plan.AutoscalerTerminating.Fix)
	findings := slices.Concat(resolution.Findings, []finding.Finding{f})
	again := r.tell(d, findings, judgement{}, 0)
	return outcomeOf(resolution, findings), again, nil
}

// tell reports findings and returns when to reconcile again: earlier than again if not all
// of them could be sent.
func (r *workloads) tell(d *appsv1.Deployment, findings []finding.Finding, judged judgement, again time.Duration) time.Duration {
	if r.report.judged(d, findings, judged) {
		return again
	}
	return sooner(again, resendAfter)
}

// forget drops what is remembered of a workload that is deleted or detached.
func (r *workloads) forget(key types.NamespacedName) {
	r.report.forget(deploymentKind, key)
	r.pending.forget(key)
	r.rewrites.forget(key)
}

// sooner is the shorter of two times, of which 0 is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// evaluate evaluates the metric pipeline of the plan. Its findings never keep a workload
// from being attached. recheck is when to evaluate again although nothing changes; 0 means
// never.
func (r *workloads) evaluate(p plan.Plan, by output.Output, live output.Object) (findings []finding.Finding, judged judgement, recheck time.Duration) {
	subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	report := r.pipeline().Diagnose(source.Default(), subject)
	judged.unread = report.Unread
	for _, step := range report.Steps {
		if step.Judged() {
			judged.hops = append(judged.hops, step.Hop)
		}
	}
	scaling := by.Observe(live).Scaling
	valueless, wait := series.ByCondition(scaling, subject, r.now())
	if scaling.Known && wait == 0 {
		judged.hops = append(judged.hops, series.Hop)
	}
	failing, recheck := by.Failing(live, r.now())
	if recheck == 0 {
		judged.hops = append(judged.hops, by.Hop())
	}
	return slices.Concat(report.Findings(), valueless, failing), judged, sooner(wait, recheck)
}

func (r *workloads) catalog(ctx context.Context, namespace string) *cache.Catalog {
	catalog := cache.NewCatalog(ctx, r.lookup, namespace)
	if r.neighbors != nil {
		catalog.With(r.neighbors())
	}
	return catalog
}
