package gateway

import (
	"context"
	"fmt"
	"slices"

	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// follow calls set with the ready addresses of the Service, sorted, now and at
// every change until the context ends.
func follow(ctx context.Context, client kubernetes.Interface, service types.NamespacedName, set func([]string) error) error {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithNamespace(service.Namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			o.LabelSelector = labels.Set{discovery.LabelServiceName: service.Name}.String()
		}))
	informer := factory.Discovery().V1().EndpointSlices()
	lister := informer.Lister().EndpointSlices(service.Namespace)
	update := func() {
		found, err := lister.List(labels.Everything())
		if err != nil {
			return // the cache of an informer does not fail
		}
		// A server that could not be started is retried at the next
		// change; until then the others serve.
		_ = set(readyAddresses(found))
	}
	_, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { update() },
		UpdateFunc: func(any, any) { update() },
		DeleteFunc: func(any) { update() },
	})
	if err != nil {
		return fmt.Errorf("watch endpoint slices: %w", err)
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("watch %v: %w", kind, context.Cause(ctx))
		}
	}
	return nil
}

// readyAddresses lists the addresses of ready endpoints, sorted, each once. A
// nil condition counts as ready, as the API defines.
func readyAddresses(found []*discovery.EndpointSlice) []string {
	var addresses []string
	for _, slice := range found {
		for _, endpoint := range slice.Endpoints {
			if r := endpoint.Conditions.Ready; r == nil || *r {
				addresses = append(addresses, endpoint.Addresses...)
			}
		}
	}
	slices.Sort(addresses)
	return slices.Compact(addresses)
}
