package live

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/api/v1alpha1"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
)

// Controller is who reports what the user may not read.
const Controller = "controller"

// reported lists the LatencyAutoscalers of a namespace, or of all if it is empty. Without
// the kind, or the right to list it, nothing is known to be reported.
func (c *Connection) reported(ctx context.Context, namespace string) (map[types.NamespacedName]*v1alpha1.LatencyAutoscaler, error) {
	var list unstructured.UnstructuredList
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("LatencyAutoscalerList"))
	switch err := c.List(ctx, &list, client.InNamespace(namespace)); {
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("list LatencyAutoscalers: %w", err)
	}
	out := make(map[types.NamespacedName]*v1alpha1.LatencyAutoscaler, len(list.Items))
	for i := range list.Items {
		la := &v1alpha1.LatencyAutoscaler{}
		if err := convert.Typed(&list.Items[i], la); err != nil {
			continue // of another version than this program knows
		}
		out[client.ObjectKeyFromObject(la)] = la
	}
	return out, nil
}
