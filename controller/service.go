package controller

import (
	"context"
	"fmt"

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
	// neighbors returns the other owners of pods; nil means that there are none.
	neighbors func() *cache.Neighbors
}

// Reconcile reports the findings about the Service named by req that are new.
func (r *services) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var s corev1.Service
	if err := r.reader.Get(ctx, req.NamespacedName, &s); err != nil {
		if apierrors.IsNotFound(err) {
			r.report.forget(serviceKind, req.NamespacedName)
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
	r.report.findings(&s, findings)
	return ctrl.Result{}, nil
}
