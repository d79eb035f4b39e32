package cache

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/discover"
)

// indexOperator is the index of the Services that may be the one of Kong Operator's
// metrics, all under the same key, and of the Deployments that run it, by namespace. By that
// of Services, and by indexReads, objects of all namespaces are found.
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

func operatorNamespace(o client.Object) []string {
	if d, ok := o.(*appsv1.Deployment); ok && discover.RunsOperator(d) {
		return []string{d.Namespace}
	}
	return nil
}

// OperatorServices are the Services in a cache with these Options that may be the one
// of Kong Operator's metrics. It waits until the cache has Services.
func OperatorServices(ctx context.Context, from ctrlcache.Informers) ([]corev1.Service, error) {
	return indexedBy[corev1.Service](ctx, from, operator)
}

// OperatorDeployments are the Deployments of a namespace in such a cache that run Kong
// Operator. It does not wait: the error says so if the cache does not have Deployments yet.
func OperatorDeployments(ctx context.Context, from ctrlcache.Informers, namespace string) ([]appsv1.Deployment, error) {
	return indexedBy[appsv1.Deployment](ctx, from, namespace, ctrlcache.BlockUntilSynced(false))
}

// indexedBy are the objects under a key of indexOperator.
func indexedBy[T any, P interface {
	*T
	client.Object
}](ctx context.Context, from ctrlcache.Informers, key string, o ...ctrlcache.InformerGetOption) ([]T, error) {
	informer, err := from.GetInformer(ctx, P(new(T)), o...)
	if err != nil {
		return nil, err
	}
	if !informer.HasSynced() {
		return nil, &ctrlcache.ErrCacheNotStarted{}
	}
	indexed, ok := informer.(interface{ GetIndexer() toolscache.Indexer })
	if !ok {
		return nil, fmt.Errorf("look up %T: a %T has no indexes", new(T), informer)
	}
	found, err := indexed.GetIndexer().ByIndex(indexOperator, key)
	if err != nil {
		return nil, err
	}
	out := make([]T, 0, len(found))
	for _, o := range found {
		if object, ok := o.(P); ok {
			out = append(out, *object)
		}
	}
	return out, nil
}
