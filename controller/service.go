package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/plan"
)

const (
	deploymentKind = "Deployment"
	serviceKind    = "Service"
)

// services reports what keeps an annotated Service from being paired with a Deployment.
// Everything else about it is reported on the Deployment.
type services struct {
	reader client.Reader
	report *reporter
	// outdated returns why the caches do not show everything; it may be nil.
	outdated func() string
	// neighbors returns the other owners of pods; nil means that there are none.
	neighbors func() *cache.Neighbors

	mu sync.Mutex
	// alone is since when a Service is known to select the pods of no Deployment.
	alone map[types.NamespacedName]time.Time
}

// patience is how long a Service may select no pods of a Deployment before that is
// reported: what is applied together becomes known within this time. A second event that
// says whose the pods are would be counted as the first by the API server.
const patience = 2 * time.Second

// wait returns how long to wait before these findings are reported; 0 if they are to be
// now.
func (r *services) wait(key types.NamespacedName, findings []finding.Finding) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !finding.Has(findings, plan.NoDeploymentSelected) || r.neighbors == nil {
		delete(r.alone, key)
		return 0
	}
	since, known := r.alone[key]
	if !known {
		since = time.Now()
		r.alone[key] = since
	}
	return max(0, patience-time.Since(since))
}

// outdatedRetry is when to look again whether the caches show everything.
const outdatedRetry = 5 * time.Second

func isOutdated(why func() string) bool { return why != nil && why() != "" }

// Reconcile reports the findings about the Service named by req that are new.
func (r *services) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if isOutdated(r.outdated) {
		return ctrl.Result{RequeueAfter: outdatedRetry}, nil
	}
	var s corev1.Service
	if err := r.reader.Get(ctx, req.NamespacedName, &s); err != nil {
		if apierrors.IsNotFound(err) {
			r.report.forget(serviceKind, req.NamespacedName)
			r.wait(req.NamespacedName, nil)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("read Service: %w", err)
	}
	catalog := cache.NewCatalog(ctx, r.reader, s.Namespace)
	if r.neighbors != nil {
		if r.neighbors().Unread() {
			return ctrl.Result{}, nil // whose pods it selects is known in a moment, and triggers a reconcile
		}
		catalog.With(r.neighbors())
	}
	findings := plan.CheckService(convert.Service(&s), catalog)
	if err := catalog.Err(); err != nil {
		return ctrl.Result{}, fmt.Errorf("look up the Deployments of Service %s: %w", req, err)
	}
	if wait := r.wait(req.NamespacedName, findings); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	if !r.report.findings(&s, findings) {
		return ctrl.Result{RequeueAfter: resendAfter}, nil
	}
	return ctrl.Result{}, nil
}
