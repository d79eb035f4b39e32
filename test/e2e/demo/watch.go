package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// tick is how often the live line is renewed.
const tick = time.Second

// watcher follows the latency and the autoscaler while traffic goes on.
type watcher struct {
	stack   *stack
	history []reading
	seen    rescales
	sized   []int32
}

func newWatcher(s *stack) *watcher { return &watcher{stack: s, sized: []int32{minReplicas}} }

// sizes are the replicas that the autoscaler asked for, in order.
func (w *watcher) sizes() string {
	var text []string
	for _, n := range w.sized {
		text = append(text, fmt.Sprint(n))
	}
	return strings.Join(text, " → ")
}

// follow shows what goes on until check finds nothing wrong. When that takes
// longer than bound, the hop has failed.
func (w *watcher) follow(ctx context.Context, what string, h hop, bound time.Duration, check func(context.Context) error) error {
	begin := time.Now()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if err := w.look(ctx, what); err != nil {
			return err
		}
		err := check(ctx)
		if err == nil {
			w.stack.out.done(what, time.Since(begin), w.note())
			return nil
		}
		if time.Since(begin) > bound {
			if now := last(w.history); h == hopHPA && now.ready != now.desired {
				h = hopPods
			}
			return at(h, fmt.Errorf("%s: waited %s: %w", what, bound, err))
		}
		select {
		case <-ctx.Done():
			return at(h, fmt.Errorf("%s: %w, while waiting: %w", what, context.Cause(ctx), err))
		case <-ticker.C:
		}
	}
}

// note is what the summary says about a step that is over.
func (w *watcher) note() string {
	now := last(w.history)
	if now.latency == nil {
		return ""
	}
	return fmt.Sprintf("%.0f ms, %s", *now.latency, plural(int(now.ready), "replica"))
}

// look takes a reading and shows it, after what has happened since the last,
// and with what is waited for.
func (w *watcher) look(ctx context.Context, next string) error {
	s := w.stack
	if err := s.alive(); err != nil {
		return err
	}
	events, err := s.rescaleEvents(ctx)
	if err != nil {
		return at(hopControlPlane, err)
	}
	for _, message := range w.seen.next(events) {
		s.out.event("SuccessfulRescale", message)
		if size, ok := newSize(message); ok {
			w.sized = append(w.sized, size)
		}
	}
	now, err := s.read(ctx)
	if err != nil {
		return at(hopControlPlane, err)
	}
	w.history = append(w.history, now)
	s.out.now(now.line() + "   next: " + next)
	return nil
}
