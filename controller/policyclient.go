package controller

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

// +kubebuilder:rbac:groups=kong.latency,resources=latencypolicies,verbs=get
// +kubebuilder:rbac:groups=kong.latency,resources=latencypolicies/status,verbs=patch

// setup adds the writer to the manager. It runs while holding the lease only.
func (w *policyWriter) setup(mgr manager.Manager, o Options) error {
	w.policies = func() policyView { return o.LatestPolicies() }
	w.synced, w.subscribe = o.Synced, o.SubscribePolicies
	w.log = mgr.GetLogger().WithName("policystatus")
	cached, direct := mgr.GetClient(), mgr.GetAPIReader()
	w.cached, w.everything = cached, affected{reader: cached}.everything
	w.read = func(ctx context.Context, p *v1alpha1.LatencyPolicy) (v1alpha1.LatencyPolicyStatus, error) {
		return readStatus(ctx, direct, p)
	}
	w.apply = func(ctx context.Context, p *v1alpha1.LatencyPolicy, s v1alpha1.LatencyPolicyStatus) error {
		return applyStatus(ctx, cached, p, s)
	}
	return mgr.Add(w)
}

// readStatus asks the API server itself: the caches do not keep statuses.
func readStatus(ctx context.Context, reader client.Reader, p *v1alpha1.LatencyPolicy) (v1alpha1.LatencyPolicyStatus, error) {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("LatencyPolicy"))
	var out v1alpha1.LatencyPolicyStatus
	if err := reader.Get(ctx, client.ObjectKey{Name: p.Name}, live); err != nil {
		return out, err
	}
	status, ok := live.Object["status"].(map[string]any)
	if !ok {
		return out, nil // it has none yet
	}
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(status, &out)
	return out, err
}

// applyStatus owns all of the status. The UID makes sure that it is this policy that
// is changed, not one of the same name that came in its place.
func applyStatus(ctx context.Context, c client.Client, p *v1alpha1.LatencyPolicy, s v1alpha1.LatencyPolicyStatus) error {
	status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&s)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	u := &unstructured.Unstructured{Object: map[string]any{"status": status}}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("LatencyPolicy"))
	u.SetName(p.Name)
	u.SetUID(p.UID)
	return c.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(FieldManager), client.ForceOwnership)
}
