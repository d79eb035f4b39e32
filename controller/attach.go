package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// live is the object of that name, or nil.
func (r *workloads) live(ctx context.Context, o output.Output, namespace, name string) (output.Object, error) {
	live := o.New()
	switch err := r.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, live); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", o.GroupVersionKind().Kind, err)
	default:
		return live, nil
	}
}

// attach brings the live object of the plan to it, and releases what the product
// managed before under another name.
func (r *workloads) attach(ctx context.Context, d *appsv1.Deployment, o output.Output, live output.Object, res plan.Resolution) error {
	p := *res.Plan
	var err error
	switch {
	case live == nil && p.Adopted:
		return nil // it has just been deleted, and its deletion is reconciled next
	case live == nil:
		err = r.apply(ctx, d, o, nil, p)
	case res.Claim.Adopt != nil:
		err = r.adopt(ctx, d, o, live, p)
	case res.Claim.Managed == nil:
		return nil // it is deleted with a former Deployment, and its deletion is reconciled next
	case o.UpToDate(live, p):
	case p.Adopted:
		err = r.updateAdopted(ctx, d, o, live, p)
	default:
		err = r.apply(ctx, d, o, live, p)
	}
	if err != nil {
		return err
	}
	return r.release(ctx, d, res.Claim.Stale)
}

// apply creates or updates an object that the Deployment owns.
func (r *workloads) apply(ctx context.Context, d *appsv1.Deployment, o output.Output, live output.Object, p plan.Plan) error {
	desired, err := o.Desired(p)
	if err != nil {
		return err
	}
	opts := []client.ApplyOption{client.FieldOwner(FieldManager)}
	if live != nil {
		// The UID ensures that this object is updated, and not another of the same name
		// that replaced it. Fields of a managed object are forced back.
		desired.SetUID(live.GetUID())
		// The version ensures that what is written follows from what is there: a controller
		// that was stopped may be the leader no longer.
		desired.SetResourceVersion(live.GetResourceVersion())
		opts = append(opts, client.ForceOwnership)
	}
	if err := r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(desired), opts...); err != nil {
		verb := "update"
		if live == nil {
			verb = "create"
		}
		return failed(verb, o.GroupVersionKind().Kind, p.Name, err)
	}
	r.rewrites.wrote(client.ObjectKeyFromObject(d), p)
	r.pending.add(client.ObjectKeyFromObject(d), live, p)
	if live == nil {
		r.report.attached(d, p)
	} else {
		r.report.updated(d, o, live, p)
	}
	return nil
}

// detach releases everything by which the product scales the Deployment.
func (r *workloads) detach(ctx context.Context, d *appsv1.Deployment, c plan.Claim) error {
	if c.Managed == nil {
		return nil
	}
	return r.release(ctx, d, append(c.Stale, *c.Managed))
}

// release deletes what the product created, and restores what it adopted. The number of
// replicas does not change.
func (r *workloads) release(ctx context.Context, d *appsv1.Deployment, list []model.Autoscaler) error {
	for _, a := range list {
		o, ok := outputs.OfKind(a.Kind)
		if !ok {
			continue // another kind is never managed
		}
		var err error
		switch {
		case a.Adopted:
			err = r.restore(ctx, d, client.ObjectKeyFromObject(d), o, a)
		case a.Created: // without the label it may be another controller's
			err = r.remove(ctx, d, o, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *workloads) remove(ctx context.Context, d *appsv1.Deployment, o output.Output, a model.Autoscaler) error {
	object := o.New()
	object.SetNamespace(a.Namespace)
	object.SetName(a.Name)
	err := r.client.Delete(ctx, object, client.Preconditions{UID: ptr.To(types.UID(a.UID))})
	if err != nil && !apierrors.IsNotFound(err) {
		return failed("delete", a.Kind, a.Name, err)
	}
	if err == nil {
		r.report.detached(d, a.Name)
	}
	return nil
}
