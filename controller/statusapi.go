package controller

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
)

// +kubebuilder:rbac:groups=kong.latency,resources=latencypolicies,verbs=get
// +kubebuilder:rbac:groups=kong.latency,resources=latencypolicies/status,verbs=patch

// readStatus reads from the API server: the caches do not keep statuses.
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

// applyStatus owns the whole status. The UID ensures that the status of this policy is
// written, and not of another of the same name that replaced it.
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
