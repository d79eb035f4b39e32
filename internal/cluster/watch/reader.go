package watch

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/kong-latency/kong-latency/internal/pipeline"
)

const (
	// grace is how long a kind that was read stays Known while it cannot be read. An API
	// server that restarts does not answer at first, and then forbids everything, or does
	// not know the kinds of custom resources, for a moment: that says nothing about the
	// pipeline.
	grace = time.Minute
	// steady is how long a watch must have lasted for its end to be an ordinary one.
	steady = time.Minute
	// slowest is the longest wait between two attempts to read, in intervals.
	slowest = 6
	// probeTimeout bounds a request that answers little.
	probeTimeout = 10 * time.Second
	// firstList is how long the first list may take before the kind is Unreadable.
	firstList = 30 * time.Second
)

// reader keeps all objects of one kind, which may be missing, forbidden, or
// installed and removed at any time. An informer would wait for such a kind for
// ever, with an error in the log at each attempt; a reader tries again on an
// interval and knows the state of its kind.
type reader[T any] struct {
	objects[T]

	client dynamic.Interface
	// resources are the versions that the kind can be read in, best first.
	resources []schema.GroupVersionResource
	// only is the name of the single object that is read; empty for all.
	only string
	// labels select the objects that are read; empty for all.
	labels   string
	interval time.Duration
}

// kind is a reader of any type.
type kind interface {
	run(ctx context.Context)
	once(ctx context.Context)
	settled() bool
	unread() (name string, is bool)
	dropped() (name string, n int)
}

func newReader[T any](d deps, convert func(*unstructured.Unstructured) (T, error), resources ...schema.GroupVersionResource) *reader[T] {
	return &reader[T]{
		objects:   newObjects(resources[0].GroupResource().String(), convert, d),
		client:    d.dynamic,
		resources: resources,
		interval:  d.interval,
	}
}

// run reads until ctx ends. Between two attempts it waits: what is not installed
// is looked for on the interval, what fails otherwise less and less often.
func (r *reader[T]) run(ctx context.Context) {
	fresh := wait.Backoff{Duration: r.interval, Factor: 2, Steps: slowest, Cap: slowest * r.interval, Jitter: 0.2}
	backoff := fresh
	for ctx.Err() == nil {
		began := time.Now()
		resource, err := r.probe(ctx)
		if err == nil {
			err = r.follow(ctx, resource)
		}
		if ctx.Err() != nil {
			return
		}
		r.ended(err, time.Now())
		lasted := time.Since(began) > steady
		if lasted || apierrors.IsNotFound(err) {
			backoff = fresh
		}
		if lasted && err == nil {
			continue // a watch that expired
		}
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Step()):
		}
	}
}

// probe returns the best version that is served, or why the kind cannot be listed.
func (r *reader[T]) probe(ctx context.Context) (schema.GroupVersionResource, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var err error
	for _, resource := range r.resources {
		_, err = r.client.Resource(resource).List(ctx, r.selected(metav1.ListOptions{Limit: 1}))
		if !apierrors.IsNotFound(err) {
			return resource, err
		}
	}
	return schema.GroupVersionResource{}, err
}

// follow lists and watches until that fails. It returns nil if it merely has to be
// started again.
func (r *reader[T]) follow(ctx context.Context, resource schema.GroupVersionResource) error {
	api := items[T]{&r.objects, r.client.Resource(resource)}
	lw := &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return api.list(ctx, r.selected(o))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := api.watch(ctx, r.selected(o))
			if ctx.Err() == nil {
				r.watched(err, time.Now())
			}
			return w, err
		},
	}
	reflector := toolscache.NewReflectorWithOptions(toolscache.ToListWatcherWithWatchListSemantics(lw, r.client), nil, &r.objects,
		toolscache.ReflectorOptions{Name: "kong-latency", TypeDescription: resource.String()})
	reflector.WatchListPageSize = pageSize
	late := time.AfterFunc(firstList, func() { r.late(firstList) })
	defer late.Stop()
	// The reflector's own log is for debugging. The state of the kind is logged by
	// announce.
	return reflector.ListAndWatchWithContext(klog.NewContext(ctx, r.log.V(1)))
}

// selected narrows a list or watch to the one object, if it is only one, or to those with
// the labels.
func (r *reader[T]) selected(o metav1.ListOptions) metav1.ListOptions {
	if r.only != "" {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, r.only).String()
	}
	o.LabelSelector = r.labels
	return o
}

// outcome is the state of the kind, and the reason, after an error ended the attempt to
// list or watch it (the verb); false if the state stays. A kind that was Known stays so
// until it has failed for long.
func (o *objects[T]) outcome(verb string, err error, now time.Time) (pipeline.State, string, bool) {
	switch {
	case err == nil:
		return "", "", false
	case o.state == pipeline.Known && now.Sub(o.failingSince) < o.grace:
		return "", "", false
	case apierrors.IsNotFound(err):
		return pipeline.NotInstalled, fmt.Sprintf("the cluster has no %s", o.name), true
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return pipeline.Unreadable, fmt.Sprintf("%s %s is forbidden", verb, o.name), true
	default:
		return pipeline.Unreadable, fmt.Sprintf("%s %s fails: %v", verb, o.name, err), true
	}
}
