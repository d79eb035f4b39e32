package plane

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
)

// Seen follows the autoscalers of a plane as everybody can see them, by a watch.
type Seen struct {
	watch watch.Interface

	mu      sync.Mutex
	there   map[string]time.Time // since when, by "namespace/name"
	last    time.Time            // when the last one came
	changed chan struct{}
	ended   bool
}

// WatchHPAs begins to follow; Stop ends it.
func (p *Plane) WatchHPAs(ctx context.Context) (*Seen, error) {
	c, err := metadata.NewForConfig(p.Config())
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	api := c.Resource(autoscalingv2.SchemeGroupVersion.WithResource("horizontalpodautoscalers"))
	list, err := api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list autoscalers: %w", err)
	}
	w, err := api.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		return nil, fmt.Errorf("watch autoscalers: %w", err)
	}
	s := &Seen{watch: w, there: map[string]time.Time{}, changed: make(chan struct{})}
	for _, item := range list.Items {
		s.there[item.Namespace+"/"+item.Name] = time.Now()
	}
	go s.follow()
	return s, nil
}

func (s *Seen) follow() {
	for event := range s.watch.ResultChan() {
		at := time.Now()
		o, err := meta.Accessor(event.Object)
		if err != nil {
			continue // a bookmark, or the error that ends the watch
		}
		key := o.GetNamespace() + "/" + o.GetName()
		s.mu.Lock()
		switch event.Type {
		case watch.Added:
			s.there[key], s.last = at, at
		case watch.Deleted:
			delete(s.there, key)
		}
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
	}
	s.mu.Lock()
	s.ended = true
	close(s.changed)
	s.mu.Unlock()
}

// Stop ends the watch.
func (s *Seen) Stop() { s.watch.Stop() }

// At is since when the i-th workload has its autoscaler.
func (s *Seen) At(i int) (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok = s.there[Namespace(i)+"/"+Name(i)]
	return at, ok
}

// Last is when the last one came.
func (s *Seen) Last() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Count is how many there are.
func (s *Seen) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.there)
}

// Await waits until there are exactly so many.
func (s *Seen) Await(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		have, changed, ended := len(s.there), s.changed, s.ended
		s.mu.Unlock()
		if have == n {
			return nil
		}
		if ended {
			return errors.New("the watch of autoscalers ended")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for %d autoscalers, there are %d: %w", n, have, ctx.Err())
		}
	}
}
