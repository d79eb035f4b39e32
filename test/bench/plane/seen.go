package plane

import (
	"context"
	"fmt"
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
)

// Seen watches the autoscalers of a plane.
type Seen struct {
	api  metadata.ResourceInterface
	stop context.CancelFunc

	mu      sync.Mutex
	there   map[string]time.Time // since when, by "namespace/name"
	last    time.Time            // when the last one came
	changed chan struct{}
	err     error // what ended it
}

// WatchHPAs starts a watch; Stop ends it.
func (p *Plane) WatchHPAs(ctx context.Context) (*Seen, error) {
	c, err := metadata.NewForConfig(p.Config())
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	s := &Seen{there: map[string]time.Time{}, changed: make(chan struct{})}
	s.api = c.Resource(autoscalingv2.SchemeGroupVersion.WithResource("horizontalpodautoscalers"))
	ctx, s.stop = context.WithCancel(ctx)
	w, err := s.open(ctx)
	if err != nil {
		s.stop()
		return nil, err
	}
	go s.follow(ctx, w)
	return s, nil
}

// open lists the autoscalers and watches from there.
func (s *Seen) open(ctx context.Context) (watch.Interface, error) {
	list, err := s.api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list autoscalers: %w", err)
	}
	now := time.Now()
	s.mu.Lock()
	before := s.there
	s.there = map[string]time.Time{}
	for _, item := range list.Items {
		key := item.Namespace + "/" + item.Name
		since, known := before[key]
		if !known {
			since, s.last = now, now
		}
		s.there[key] = since
	}
	s.wake()
	s.mu.Unlock()
	w, err := s.api.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		return nil, fmt.Errorf("watch autoscalers: %w", err)
	}
	return w, nil
}

// wake wakes all waiters; the caller holds the lock.
func (s *Seen) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// follow processes a watch and opens another when it ends: the API server closes a
// watch that does not keep up.
func (s *Seen) follow(ctx context.Context, w watch.Interface) {
	for {
		for event := range w.ResultChan() {
			s.handle(event, time.Now())
		}
		var err error
		if w, err = s.open(ctx); err != nil {
			s.mu.Lock()
			s.err = err
			s.wake()
			s.mu.Unlock()
			return
		}
	}
}

func (s *Seen) handle(event watch.Event, at time.Time) {
	o, err := meta.Accessor(event.Object)
	if err != nil {
		return // the error that ends the watch
	}
	key := o.GetNamespace() + "/" + o.GetName()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch event.Type {
	case watch.Added:
		s.there[key], s.last = at, at
	case watch.Deleted:
		delete(s.there, key)
	default:
		return
	}
	s.wake()
}

// Stop ends the watch.
func (s *Seen) Stop() { s.stop() }

// At returns when the autoscaler of the i-th workload appeared.
func (s *Seen) At(i int) (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok = s.there[Namespace(i)+"/"+Name(i)]
	return at, ok
}

// Last returns when the last autoscaler appeared.
func (s *Seen) Last() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Count returns the number of autoscalers.
func (s *Seen) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.there)
}

// Await waits until there are exactly n autoscalers.
func (s *Seen) Await(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		have, changed, err := len(s.there), s.changed, s.err
		s.mu.Unlock()
		if have == n {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for %d autoscalers, there are %d: %w", n, have, ctx.Err())
		}
	}
}
