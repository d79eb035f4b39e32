package cache

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/discover"
)

// indexOperator is the index of the Services that may be the one of Kong Operator's
// metrics, all under the same key. By it, and by indexReads, objects of all namespaces are
// found.
const (
	indexOperator = "kong-latency/operator"
	operator      = "operator"
)

func operatorKey(o client.Object) []string {
	if discover.IsOperatorService(o.GetNamespace(), o.GetName(), o.GetLabels()) {
		return []string{operator}
	}
	return nil
}

// OperatorServices are the Services in a cache with these Options that may be the one
// of Kong Operator's metrics. It waits until the cache has Services.
func OperatorServices(ctx context.Context, from ctrlcache.Informers) ([]corev1.Service, error) {
	informer, err := from.GetInformer(ctx, &corev1.Service{})
	if err != nil {
		return nil, err
	}
	if !informer.HasSynced() {
		return nil, &ctrlcache.ErrCacheNotStarted{}
	}
	indexed, ok := informer.(interface{ GetIndexer() toolscache.Indexer })
	if !ok {
		return nil, fmt.Errorf("look up Services: a %T has no indexes", informer)
	}
	found, err := indexed.GetIndexer().ByIndex(indexOperator, operator)
	if err != nil {
		return nil, err
	}
	out := make([]corev1.Service, 0, len(found))
	for _, o := range found {
		if s, ok := o.(*corev1.Service); ok {
			out = append(out, *s)
		}
	}
	return out, nil
}
