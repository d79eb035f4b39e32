package controller

import (
	"context"
	"errors"
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
	"github.com/kong-latency/kong-latency/internal/loadmetric"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/pipeline"
	"github.com/kong-latency/kong-latency/internal/pipeline/hops/series"
	"github.com/kong-latency/kong-latency/internal/pipeline/source"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/internal/status"
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
	// statuses writes the LatencyAutoscalers; it may be nil.
	statuses *statuses
	// pipeline returns the evaluator of the present snapshot.
	pipeline func() *pipeline.Evaluator
	// policies returns the effective policy of a workload; it may be nil.
	policies plan.Policies
	// neighbors returns the other autoscalers and owners of pods; nil means that there are
	// none.
	neighbors func() *cache.Neighbors
	// learning learns the load per pod; it may be nil.
	learning *learning
	// outages are the workloads of which no pod is ready.
	outages *outages
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

// assessment is what a reconcile found out about an enabled workload.
type assessment struct {
	status.Facts
	resolution plan.Resolution
	judged     judgement
}

// assess begins an assessment with the findings about settings, pairing and attaching.
func (r *workloads) assess(w model.Workload, resolution plan.Resolution, more ...finding.Finding) assessment {
	a := assessment{
		Facts: status.Facts{
			Workload: w.Object(), Plan: resolution.Plan, Findings: slices.Concat(resolution.Findings, more), Output: outputs.Default(),
			Before: r.statuses.before(types.NamespacedName{Namespace: w.Namespace, Name: w.Name}),
		},
		resolution: resolution,
	}
	if a.Plan == nil || a.Plan.Learns() {
		a.Load = a.Before.Load
	}
	return a
}

// findings are all findings of the assessment.
func (a assessment) findings() []finding.Finding {
	if a.Evaluation == nil {
		return a.Findings
	}
	return slices.Concat(a.Findings, a.Evaluation.Report.Findings(), a.Evaluation.Series, a.Evaluation.Failing, a.Evaluation.Saturated)
}

// reconcile returns its outcome, and when to reconcile again although nothing changes;
// 0 means never.
func (r *workloads) reconcile(ctx context.Context, req ctrl.Request) (result outcome, again time.Duration, err error) {
	var d appsv1.Deployment
	if err := r.client.Get(ctx, req.NamespacedName, &d); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(req.NamespacedName)
			return outcome{}, 0, errors.Join(r.restoreAll(ctx, req.NamespacedName), r.statuses.remove(ctx, req.NamespacedName))
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
			return r.refused(ctx, &d, w, resolution, err)
		}
		r.forget(req.NamespacedName)
		return outcome{}, 0, r.statuses.remove(ctx, req.NamespacedName)
	}
	if resolution.Plan == nil {
		return r.tell(ctx, &d, r.assess(w, resolution), 0)
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
	learned, ok := r.statuses.learned(client.ObjectKeyFromObject(d), by, live, *resolution.Plan)
	if !ok {
		return unchanged, learnedRetry, nil
	}
	var unserved []finding.Finding
	resolution.Plan.Omitted, unserved = r.loads(by, live, *resolution.Plan)
	key := client.ObjectKeyFromObject(d)
	learned, load := r.learning.follow(key, *resolution.Plan, learned, r.statuses.before(key).Load)
	resolution.Plan.Learned = learned
	holding := r.outages.hold(d, by, live, resolution.Plan)
	if wait := r.pending.wait(client.ObjectKeyFromObject(d), live, *resolution.Plan); wait > 0 {
		return unchanged, wait, nil
	}
	if live != nil && live.GetDeletionTimestamp() != nil {
		return r.terminating(ctx, d, w, live, resolution)
	}
	found, wait, until := r.contested(ctx, w, by, live, resolution)
	a := r.assess(w, resolution, found...)
	a.Load = load
	if wait > 0 {
		return r.tell(ctx, d, a, wait)
	}
	if live == nil {
		if wait := r.pending.begin(key, resolution.Claim.Rivals); wait > 0 {
			return unchanged, wait, nil // its autoscaler, once it is seen, triggers a reconcile
		}
	}
	if err := r.attach(ctx, d, by, live, resolution); err != nil {
		if live == nil {
			r.pending.forget(key)
		}
		return r.refused(ctx, d, w, resolution, err)
	}
	if live == nil {
		// The watch of the new object triggers the next reconcile, which evaluates the
		// pipeline. Other workloads are attached first.
		return unchanged, 0, nil
	}
	a.Output, a.Live = by, live
	recheck := r.evaluate(&a)
	a.Evaluation.Saturated = append(unserved, a.Evaluation.Saturated...)
	return r.tell(ctx, d, a, sooner(sooner(recheck, until), holding))
}

// refused is for a write that failed: what the API server refused is reported, and
// returned as the error that it is, so that it is tried again.
func (r *workloads) refused(ctx context.Context, d *appsv1.Deployment, w model.Workload, resolution plan.Resolution, err error) (outcome, time.Duration, error) {
	f, ok := refusal(w, err)
	if !ok {
		return unchanged, 0, err
	}
	result, _, writing := r.tell(ctx, d, r.assess(w, resolution, f), 0)
	return result, 0, errors.Join(err, writing)
}

// terminatingFor is how long the deletion of an object may take before that is a finding.
const terminatingFor = 10 * time.Second

// terminating is for a workload whose autoscaler is deleted and still there. It cannot be
// changed to anything that lasts; once it is gone, the watch triggers a reconcile.
func (r *workloads) terminating(ctx context.Context, d *appsv1.Deployment, w model.Workload, live output.Object, resolution plan.Resolution) (outcome, time.Duration, error) {
	if left := live.GetDeletionTimestamp().Add(terminatingFor).Sub(r.now()); left > 0 {
		return unchanged, left, nil
	}
	f := plan.AutoscalerTerminating.On(w.Object(), "HorizontalPodAutoscaler %s is deleted and kept by its finalizers %s",
		live.GetName(), finding.Quote(strings.Join(live.GetFinalizers(), ", "))).Suggest("%s", plan.AutoscalerTerminating.Fix)
	return r.tell(ctx, d, r.assess(w, resolution, f), 0)
}

// tell reports what was found out, by events and in the status of the workload, and returns
// the result of the reconcile. It is reconciled again earlier than after again if not all of
// it could be reported.
func (r *workloads) tell(ctx context.Context, d *appsv1.Deployment, a assessment, again time.Duration) (outcome, time.Duration, error) {
	findings := a.findings()
	if !r.report.judged(d, findings, a.judged) {
		again = sooner(again, resendAfter)
	}
	result := outcomeOf(a.resolution, findings)
	if result.unchanged || !a.resolution.Enabled {
		return result, again, nil // what is not known changes no status
	}
	rewrite, err := r.statuses.write(ctx, d, status.Of(a.Facts, r.now()))
	if err != nil {
		return result, 0, err // it is retried before that
	}
	return result, sooner(again, rewrite), nil
}

// forget drops what is remembered of a workload that is deleted or detached.
func (r *workloads) forget(key types.NamespacedName) {
	r.report.forget(deploymentKind, key)
	r.pending.forget(key)
	r.rewrites.forget(key)
	r.outages.forget(key)
	r.learning.forget(key)
}

// sooner is the shorter of two times, of which 0 is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// evaluate evaluates the metric pipeline of a workload that has a plan and an autoscaler. Its
// findings never keep a workload from being attached. recheck is when to evaluate again
// although nothing changes; 0 means never.
func (r *workloads) evaluate(a *assessment) (recheck time.Duration) {
	p := a.Plan
	subject := pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: p.Metric}
	from := source.Default()
	e := &status.Evaluation{Source: from.Name(), Report: r.pipeline().Diagnose(from, subject), SeriesHop: series.Hop}
	a.judged.unread = e.Report.Unread
	for _, step := range e.Report.Steps {
		if step.Judged() {
			a.judged.hops = append(a.judged.hops, step.Hop)
		}
	}
	scaling := a.Output.Observe(a.Live).Scaling
	var wait time.Duration
	e.Series, wait = series.ByCondition(scaling, subject, r.now())
	if e.SeriesPending = wait > 0; scaling.Known && wait == 0 {
		a.judged.hops = append(a.judged.hops, series.Hop)
	}
	e.Failing, recheck = a.Output.Failing(a.Live, r.now())
	e.Saturated = a.Output.Saturated(a.Live, *p, r.learning.saturated(types.NamespacedName{Namespace: p.Namespace, Name: p.Deployment}))
	if e.FailingPending = recheck > 0; recheck == 0 {
		a.judged.hops = append(a.judged.hops, a.Output.Hop())
	}
	a.Evaluation = e
	return sooner(wait, recheck)
}

func (r *workloads) catalog(ctx context.Context, namespace string) *cache.Catalog {
	catalog := cache.NewCatalog(ctx, r.lookup, namespace)
	if r.neighbors != nil {
		catalog.With(r.neighbors())
	}
	return catalog
}

// loads are the load metrics that the autoscaler of a plan does without, and the findings
// about them.
func (r *workloads) loads(by output.Output, live output.Object, p plan.Plan) (omitted []string, findings []finding.Finding) {
	if len(p.Resolved.Loads()) == 0 {
		return nil, nil
	}
	var seen output.Observation
	if live != nil {
		seen = by.Observe(live)
	}
	omitted, unserved := loadmetric.Judge(p, func(metric string) loadmetric.Evidence {
		report := r.pipeline().Diagnose(source.Default(), pipeline.Subject{Namespace: p.Namespace, Service: p.Service, Metric: metric})
		return loadmetric.Of(report, seen, metric)
	})
	for _, u := range unserved {
		if !u.ByDefault { // nobody named it, and nothing is wrong without it
			findings = append(findings, u.Finding)
		}
	}
	return omitted, findings
}
