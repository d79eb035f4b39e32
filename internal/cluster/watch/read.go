package watch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/cluster/discover"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/pipeline"
)

// Picture is the state of a Source at one moment.
type Picture struct {
	Snapshot  *pipeline.Snapshot
	Policies  *Policies
	Neighbors *cache.Neighbors
}

// Read reads the state of a Source once, with the permissions of the client of config.
// What is missing or forbidden is marked so in the result; there is an error only if no
// client could be created or ctx ended. Interval and Debounce have no effect.
func Read(ctx context.Context, config *rest.Config, o Options) (*Picture, error) {
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make client of the pipeline's kinds: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make client of discovery: %w", err)
	}
	direct, err := client.New(config, client.Options{})
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	k := newKinds(deps{dynamic: dyn, changed: func() {}, log: logr.Discard()})
	var reading sync.WaitGroup
	for _, kind := range k.all() {
		reading.Go(func() { kind.once(ctx) })
	}
	var readers map[string]finding.Object
	reading.Go(func() { readers = cache.ListReaders(ctx, direct) })
	reading.Wait()

	out := &Picture{
		Policies:  newPolicies(k.policies.set(), k.namespaces.set()),
		Neighbors: cache.NewNeighbors(k.neighbors.sets(), nil),
	}
	at := o.places(out.Policies)
	out.Snapshot = k.snapshot(at)
	out.Snapshot.Reads = readers
	adapter := discover.NewAdapterReader(direct, direct, disco)
	out.Snapshot.Adapter = adapter.Read(ctx, at.Adapter, out.Snapshot.MetricsAPI, time.Now())
	if at.OperatorService.Name != "" {
		out.Snapshot.OperatorServices = discover.NamedOperatorService(ctx, direct, at.OperatorService)
	} else {
		out.Snapshot.OperatorServices = discover.ListOperatorServices(ctx, direct)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// once lists the kind a single time. Nothing is kept of it that could age, so it is
// as Known as one that is watched.
func (r *reader[T]) once(ctx context.Context) {
	r.watched(nil, time.Now())
	resource, err := r.probe(ctx)
	if err == nil {
		var list []any
		if list, err = r.list(ctx, resource); err == nil {
			err = r.Replace(list, "")
		}
	}
	if err != nil {
		r.ended(err, time.Now())
	}
}

// list is all objects of the kind, page by page.
func (r *reader[T]) list(ctx context.Context, resource schema.GroupVersionResource) ([]any, error) {
	var out []any
	api := items[T]{&r.objects, r.client.Resource(resource)}
	pages := pager.New(func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return api.list(ctx, r.selected(o))
	})
	pages.PageSize = pageSize
	err := pages.EachListItem(ctx, metav1.ListOptions{}, func(o runtime.Object) error {
		out = append(out, o)
		return nil
	})
	return out, err
}
