package controller

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
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
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("read Service: %w", err)
	}
	catalog := cache.NewCatalog(ctx, r.reader, s.Namespace)
	findings := plan.CheckService(convert.Service(&s), catalog)
	if err := catalog.Err(); err != nil {
		return ctrl.Result{}, fmt.Errorf("look up the Deployments of Service %s: %w", req, err)
	}
	if !r.report.findings(&s, findings) {
		return ctrl.Result{RequeueAfter: resendAfter}, nil
	}
	return ctrl.Result{}, nil
}
