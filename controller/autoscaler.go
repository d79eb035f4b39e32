package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// hpa is the HorizontalPodAutoscaler of that name, or nil.
func (r *workloads) hpa(ctx context.Context, namespace, name string) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	var live autoscalingv2.HorizontalPodAutoscaler
	switch err := r.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &live); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read HorizontalPodAutoscaler: %w", err)
	default:
		return &live, nil
	}
}

// attach brings the HorizontalPodAutoscaler of the plan, which is live, to it, and
// takes away what the product made before under another name.
func (r *workloads) attach(ctx context.Context, d *appsv1.Deployment, live *autoscalingv2.HorizontalPodAutoscaler, res plan.Resolution) error {
	p := *res.Plan
	var err error
	switch {
	case live == nil && p.Adopted:
		return nil // it has just been deleted, which wakes us
	case live == nil:
		err = r.apply(ctx, d, nil, p)
	case res.Claim.Adopt != nil:
		err = r.adopt(ctx, d, live, p)
	case res.Claim.Managed == nil:
		return nil // it goes with its Deployment that is gone, and its deletion wakes us
	case hpa.UpToDate(live, p):
	case p.Adopted:
		err = r.respec(ctx, d, live, p)
	default:
		err = r.apply(ctx, d, live, p)
	}
	if err != nil {
		return err
	}
	return r.release(ctx, d, res.Claim.Stale)
}

// apply creates or changes what is the Deployment's own.
func (r *workloads) apply(ctx context.Context, d *appsv1.Deployment, live *autoscalingv2.HorizontalPodAutoscaler, p plan.Plan) error {
	hpa, err := hpa.ApplyConfiguration(p)
	if err != nil {
		return err
	}
	opts := []client.ApplyOption{client.FieldOwner(FieldManager)}
	if live != nil {
		// The UID makes sure that it is this object that is changed, not one of the
		// same name that came in its place. Being ours, its fields are ours to take back.
		hpa.WithUID(live.UID)
		opts = append(opts, client.ForceOwnership)
	}
	if err := r.client.Apply(ctx, hpa, opts...); err != nil {
		return fmt.Errorf("apply HorizontalPodAutoscaler: %w", err)
	}
	r.pending.add(client.ObjectKeyFromObject(d), live, p)
	if live == nil {
		r.tell.change(d, attached, "attached %s", p)
	} else {
		r.tell.changed(d, live, p)
	}
	return nil
}

// detach releases all that is the product's.
func (r *workloads) detach(ctx context.Context, d *appsv1.Deployment, c plan.Claim) error {
	if c.Managed == nil {
		return nil
	}
	return r.release(ctx, d, append(c.Stale, *c.Managed))
}

// release deletes what the product made, and gives back what it adopted. The
// number of replicas stays as it is.
func (r *workloads) release(ctx context.Context, d *appsv1.Deployment, list []model.Autoscaler) error {
	for _, a := range list {
		var err error
		switch {
		case a.Adopted:
			err = r.giveBack(ctx, d, client.ObjectKeyFromObject(d), a)
		case a.MadeByUs: // without the mark it may be another controller's
			err = r.remove(ctx, d, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *workloads) remove(ctx context.Context, d *appsv1.Deployment, a model.Autoscaler) error {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	hpa.Namespace, hpa.Name = a.Namespace, a.Name
	err := r.client.Delete(ctx, hpa, client.Preconditions{UID: ptr.To(types.UID(a.UID))})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete HorizontalPodAutoscaler: %w", err)
	}
	if err == nil {
		r.tell.change(d, detached, "detached HPA %s; the replicas stay as they are", a.Name)
	}
	return nil
}

// giveBackAll gives back what was adopted for a Deployment that is gone.
func (r *workloads) giveBackAll(ctx context.Context, req ctrl.Request) error {
	catalog := r.catalog(ctx, req.Namespace)
	list, _ := catalog.AutoscalersOf(req.Name)
	if err := catalog.Err(); err != nil {
		return fmt.Errorf("look up the autoscalers of Deployment %s: %w", req, err)
	}
	for _, a := range list {
		if a.Adopted && !a.Deleting && a.Scales.Name == req.Name {
			if err := r.giveBack(ctx, nil, req.NamespacedName, a); err != nil {
				return err
			}
		}
	}
	return nil
}
