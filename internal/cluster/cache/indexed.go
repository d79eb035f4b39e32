package cache

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	toolscache "k8s.io/client-go/tools/cache"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Indexed is the reader of a cache with these Options and indexes that can also look into
// an index without reading the objects, each of which has to be decoded.
type Indexed struct {
	client.Reader
	// Informers are those of the cache.
	Informers ctrlcache.Informers
}

// deployments returns the names of the Deployments of a namespace whose pods have a label,
// "key=value".
func (i Indexed) deployments(ctx context.Context, namespace, pair string) ([]string, error) {
	informer, err := i.Informers.GetInformer(ctx, &appsv1.Deployment{})
	if err != nil {
		return nil, err
	}
	indexed, ok := informer.(interface{ GetIndexer() toolscache.Indexer })
	if !ok {
		return nil, fmt.Errorf("look up Deployments: a %T has no indexes", informer)
	}
	// These are the name and the key of a field index in controller-runtime.
	keys, err := indexed.GetIndexer().IndexKeys("field:"+indexPodLabels, namespace+"/"+pair)
	if err != nil {
		return nil, fmt.Errorf("look up Deployments: %w", err)
	}
	for k, key := range keys {
		_, keys[k], err = toolscache.SplitMetaNamespaceKey(key)
		if err != nil {
			return nil, fmt.Errorf("look up Deployments: %w", err)
		}
	}
	return keys, nil
}
