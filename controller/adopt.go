package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output/hpa"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// adopt takes over a HorizontalPodAutoscaler in place: it scales all the time.
func (r *workloads) adopt(ctx context.Context, d *appsv1.Deployment, live *autoscalingv2.HorizontalPodAutoscaler, p plan.Plan) error {
	// The cache leaves out what is not ours, and all of it must be kept.
	whole := &unstructured.Unstructured{}
	whole.SetGroupVersionKind(autoscalingv2.SchemeGroupVersion.WithKind(model.KindHPA))
	if err := r.direct.Get(ctx, client.ObjectKeyFromObject(live), whole); err != nil {
		return fmt.Errorf("read the HorizontalPodAutoscaler to adopt: %w", err)
	}
	if whole.GetResourceVersion() != live.ResourceVersion {
		return fmt.Errorf("adopt HorizontalPodAutoscaler %s: it has just changed", live.Name) // and is judged anew
	}
	patch, err := hpa.AdoptPatch(whole, p)
	if err != nil {
		return fmt.Errorf("adopt HorizontalPodAutoscaler %s: %w", live.Name, err)
	}
	if err := r.patch(ctx, client.ObjectKeyFromObject(live), patch); err != nil {
		return fmt.Errorf("adopt HorizontalPodAutoscaler %s: %w", live.Name, err)
	}
	r.pending.add(client.ObjectKeyFromObject(d), live, p)
	r.tell.change(d, adopted, "adopted %s; its former spec is kept in it and given back on detach", p)
	return nil
}

// respec brings an adopted HorizontalPodAutoscaler to the plan.
func (r *workloads) respec(ctx context.Context, d *appsv1.Deployment, live *autoscalingv2.HorizontalPodAutoscaler, p plan.Plan) error {
	patch, err := hpa.RespecPatch(live, p)
	if err != nil {
		return err
	}
	if err := r.patch(ctx, client.ObjectKeyFromObject(live), patch); err != nil {
		return fmt.Errorf("change adopted HorizontalPodAutoscaler %s: %w", live.Name, err)
	}
	r.pending.add(client.ObjectKeyFromObject(d), live, p)
	r.tell.changed(d, live, p)
	return nil
}

// giveBack gives an adopted HorizontalPodAutoscaler its former spec. d is nil if
// the Deployment, whose name is key, is gone.
func (r *workloads) giveBack(ctx context.Context, d *appsv1.Deployment, key types.NamespacedName, a model.Autoscaler) error {
	live, err := r.hpa(ctx, a.Namespace, a.Name)
	if err != nil || live == nil || !hpa.Adopted(live) {
		return err
	}
	patch, err := hpa.ReturnPatch(live)
	if err != nil {
		return fmt.Errorf("give HorizontalPodAutoscaler %s back: %w", a.Name, err)
	}
	err = r.patch(ctx, client.ObjectKeyFromObject(live), patch)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("give HorizontalPodAutoscaler %s of Deployment %s back: %w", a.Name, key, err)
	}
	if err == nil && d != nil {
		r.tell.change(d, returned, "returned HPA %s: it has its former spec again", a.Name)
	}
	return nil
}

func (r *workloads) patch(ctx context.Context, key client.ObjectKey, patch []byte) error {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	hpa.Namespace, hpa.Name = key.Namespace, key.Name
	return r.client.Patch(ctx, hpa, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(FieldManager))
}
