package cache

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
)

const (
	// settling is how long a kind counts as outdated after it can be watched again: its
	// objects arrive in the cache a moment after they were received.
	settling = time.Second
	// refusedFor is how long the API server may refuse a kind before the process is not
	// ready.
	refusedFor = 2 * time.Minute
)

// Freshness is whether the caches of Deployments, Services and HorizontalPodAutoscalers
// still follow the cluster. An informer whose list or watch fails, because a right was
// revoked or the API server does not answer, keeps what it has and looks as if nothing
// happened in the cluster. What such a cache holds existed; what it does not hold may
// exist. A nil Freshness is always up to date.
type Freshness struct {
	now func() time.Time

	mu    sync.Mutex
	kinds map[string]*following
}

// following is how an informer follows one kind.
type following struct {
	// err is what the latest attempt to list or watch failed with, and since is when the
	// first of the failures was; zero if the latest attempt did not fail.
	err   error
	since time.Time
	// recovered is when it could be watched again.
	recovered time.Time
}

// NewFreshness returns a Freshness to make Options with.
func NewFreshness() *Freshness {
	f := &Freshness{now: time.Now, kinds: map[string]*following{}}
	for _, k := range packedKinds() {
		f.kinds[k.resource] = &following{}
	}
	return f
}

// Outdated returns why absent objects cannot be concluded from, one clause, and is empty if
// they can.
func (f *Freshness) Outdated() string {
	if f == nil {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, kind := range slices.Sorted(maps.Keys(f.kinds)) {
		if k := f.kinds[kind]; k.err != nil {
			return fmt.Sprintf("%s cannot be watched: %v", kind, k.err)
		} else if !k.recovered.IsZero() && f.now().Sub(k.recovered) < settling {
			return kind + " could not be watched until now"
		}
	}
	return ""
}

// Unread returns which kinds are outdated, by resource and group.
func (f *Freshness) Unread() map[string]bool {
	out := map[string]bool{}
	if f == nil {
		return out
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for kind, k := range f.kinds {
		out[kind] = k.err != nil
	}
	return out
}

// Ready returns an error if the API server has refused a kind for minutes. One that does
// not answer at all is no reason: it cannot call the webhook either, and must find it
// ready when it is back.
func (f *Freshness) Ready() error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, kind := range slices.Sorted(maps.Keys(f.kinds)) {
		k := f.kinds[kind]
		if k.err != nil && apierrors.ReasonForError(k.err) != metav1.StatusReasonUnknown && f.now().Sub(k.since) >= refusedFor {
			errs = append(errs, fmt.Errorf("%s cannot be watched since %s: %w", kind, k.since.UTC().Format(time.RFC3339), k.err))
		}
	}
	return errors.Join(errs...)
}

func (f *Freshness) failed(kind string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.kinds[kind]
	if k.err == nil {
		k.since = f.now()
	}
	k.err = err
}

func (f *Freshness) works(kind string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := f.kinds[kind]; k.err != nil {
		*k = following{recovered: f.now()}
	}
}

// follow is lw with the outcome of each attempt to list or watch noted. A kind that failed
// is followed again once a watch is open and, if the watch begins with all objects, these
// have arrived.
func (f *Freshness) follow(kind string, lw toolscache.ListerWatcher) toolscache.ListerWatcher {
	if f == nil {
		return lw
	}
	inner := toolscache.ToListerWatcherWithContext(lw)
	note := func(ctx context.Context, err error) {
		// One that ends is no failure, nor is one that begins too far back: it begins again.
		if err != nil && ctx.Err() == nil && !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			f.failed(kind, err)
		}
	}
	return toolscache.ToListWatcherWithWatchListSemantics(&toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := inner.ListWithContext(ctx, o)
			note(ctx, err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := inner.WatchWithContext(ctx, o)
			note(ctx, err)
			if err != nil {
				return nil, err
			}
			if o.SendInitialEvents == nil || !*o.SendInitialEvents {
				f.works(kind)
				return w, nil
			}
			return watch.Filter(w, func(e watch.Event) (watch.Event, bool) {
				if e.Type == watch.Bookmark && completesList(e.Object) {
					f.works(kind)
				}
				return e, true
			}), nil
		},
	}, lw)
}

// completesList reports whether a bookmark comes after all objects that a watch begins
// with.
func completesList(o runtime.Object) bool {
	accessor, ok := o.(metav1.ObjectMetaAccessor)
	return ok && accessor.GetObjectMeta().GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true"
}
