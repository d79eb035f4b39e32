package watch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	toolscache "k8s.io/client-go/tools/cache"
	ctrlcache "sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/kong-latency/kong-latency/internal/cluster/cache"
	"github.com/kong-latency/kong-latency/internal/finding"
	"github.com/kong-latency/kong-latency/internal/model"
)

// reads follows which metrics of Services autoscalers read at present. Every
// HorizontalPodAutoscaler changes at each sync, so that only a change of the result counts.
type reads struct {
	// from are the informers of a cache with the options of the package cache; nil means
	// that nothing is read.
	from     ctrlcache.Informers
	followed atomic.Bool

	mu sync.Mutex
	// last is the latest result, which is not changed.
	last map[string]finding.Object
}

// follow calls changed whenever the result may be another, and once all
// HorizontalPodAutoscalers have been read.
func (r *reads) follow(ctx context.Context, changed func()) error {
	informer, err := r.from.GetInformer(ctx, &autoscalingv2.HorizontalPodAutoscaler{})
	if err != nil {
		return fmt.Errorf("watch HorizontalPodAutoscalers: %w", err)
	}
	handle := func(before, after any) {
		if r.outdated(metricsRead(before), metricsRead(after)) {
			changed()
		}
	}
	registered, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { handle(nil, o) },
		UpdateFunc: handle,
		DeleteFunc: func(o any) { handle(o, nil) },
	})
	if err != nil {
		return fmt.Errorf("watch HorizontalPodAutoscalers: %w", err)
	}
	if toolscache.WaitFor(ctx, "", registered.HasSyncedChecker()) {
		r.followed.Store(true)
		changed()
	}
	return nil
}

// reading is which metrics an autoscaler reads.
type reading struct {
	by      finding.Object
	metrics []string
}

func metricsRead(o any) reading {
	if gone, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = gone.Obj
	}
	h, ok := o.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return reading{}
	}
	return reading{finding.Object{Kind: model.KindHPA, Namespace: h.Namespace, Name: h.Name}, cache.MetricsRead(h)}
}

// outdated reports whether a change of one autoscaler changes the result: it reads a metric
// that was not read, or is the one by which a metric that it no longer reads was known.
// The cache has the change already, and get has the lock while it looks: so what get could
// not see comes here after it.
func (r *reads) outdated(before, after reading) bool {
	if slices.Equal(before.metrics, after.metrics) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, metric := range after.metrics {
		if _, known := r.last[metric]; !known {
			return true
		}
	}
	for _, metric := range before.metrics {
		if r.last[metric] == before.by && !slices.Contains(after.metrics, metric) {
			return true
		}
	}
	return false
}

// get is the result. What cannot be looked up is no evidence.
func (r *reads) get(ctx context.Context) map[string]finding.Object {
	if r.from == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	readers, err := cache.Readers(ctx, r.from, r.last)
	if err != nil {
		readers = nil
	}
	r.last = readers
	return readers
}
