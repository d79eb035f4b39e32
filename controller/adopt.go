package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// adopt makes a live object the managed autoscaler in place, so that scaling has no gap.
func (r *workloads) adopt(ctx context.Context, d *appsv1.Deployment, o output.Output, live output.Object, p plan.Plan) error {
	desired, err := o.Desired(p)
	if err != nil {
		return err
	}
	kind := o.GroupVersionKind().Kind
	// The cache keeps only some fields, and adoption preserves the whole spec.
	whole := &unstructured.Unstructured{}
	whole.SetGroupVersionKind(o.GroupVersionKind())
	if err := r.direct.Get(ctx, client.ObjectKeyFromObject(live), whole); err != nil {
		return failed("adopt", kind, live.GetName(), err)
	}
	if whole.GetResourceVersion() != live.GetResourceVersion() {
		return fmt.Errorf("adopt %s %s: it has just changed", kind, live.GetName()) // whether it may be adopted is decided again
	}
	patch, err := output.AdoptPatch(whole, desired)
	if err != nil {
		return fmt.Errorf("adopt %s %s: %w", kind, live.GetName(), err)
	}
	if err := r.patch(ctx, o, client.ObjectKeyFromObject(live), patch); err != nil {
		return failed("adopt", kind, live.GetName(), err)
	}
	r.rewrites.wrote(client.ObjectKeyFromObject(d), p)
	r.pending.add(client.ObjectKeyFromObject(d), live, p)
	r.report.adopted(d, p)
	return nil
}

// updateAdopted brings an adopted object to the plan.
func (r *workloads) updateAdopted(ctx context.Context, d *appsv1.Deployment, o output.Output, live output.Object, p plan.Plan) error {
	desired, err := o.Desired(p)
	if err != nil {
		return err
	}
	patch, err := output.UpdatePatch(live, desired)
	if err != nil {
		return err
	}
	if err := r.patch(ctx, o, client.ObjectKeyFromObject(live), patch); err != nil {
		return failed("update", o.GroupVersionKind().Kind, live.GetName(), err)
	}
	r.rewrites.wrote(client.ObjectKeyFromObject(d), p)
	r.pending.add(client.ObjectKeyFromObject(d), live, p)
	r.report.updated(d, o, live, p)
	return nil
}

// restore gives an adopted object its previous spec. d is nil if the Deployment, whose
// name is key, is deleted.
func (r *workloads) restore(ctx context.Context, d *appsv1.Deployment, key types.NamespacedName, o output.Output, a model.Autoscaler) error {
	live, err := r.live(ctx, o, a.Namespace, a.Name)
	if err != nil || live == nil || !output.Adopted(live) {
		return err
	}
	patch, err := output.RestorePatch(live)
	if err != nil {
		return failed("restore", a.Kind, a.Name, err)
	}
	err = r.patch(ctx, o, client.ObjectKeyFromObject(live), patch)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("release Deployment %s: %w", key, failed("restore", a.Kind, a.Name, err))
	}
	if err == nil {
		r.report.restored(d, key, a.Name)
	}
	return nil
}

// restoreAll restores what was adopted for a deleted Deployment. Garbage collection
// deletes what was created for it, and does not change the adopted objects.
func (r *workloads) restoreAll(ctx context.Context, deployment types.NamespacedName) error {
	catalog := r.catalog(ctx, deployment.Namespace)
	list, _ := catalog.AutoscalersOf(deployment.Name)
	if err := catalog.Err(); err != nil {
		return fmt.Errorf("look up the autoscalers of Deployment %s: %w", deployment, err)
	}
	for _, a := range list {
		if !a.Adopted || a.Deleting || a.Scales.Name != deployment.Name {
			continue
		}
		o, ok := outputs.OfKind(a.Kind)
		if !ok {
			continue
		}
		if err := r.restore(ctx, nil, deployment, o, a); err != nil {
			return err
		}
	}
	return nil
}

func (r *workloads) patch(ctx context.Context, o output.Output, key client.ObjectKey, patch []byte) error {
	object := o.New()
	object.SetNamespace(key.Namespace)
	object.SetName(key.Name)
	return r.client.Patch(ctx, object, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(FieldManager))
}
