package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// tick is the update interval of the live line.
const tick = time.Second

// watcher follows the latency and the autoscaler during traffic.
type watcher struct {
	demo    *demo
	history []reading
	seen    rescales
	sized   []int32
}

func newWatcher(d *demo) *watcher { return &watcher{demo: d, sized: []int32{minReplicas}} }

// sizes are the replicas that the autoscaler set, in order.
func (w *watcher) sizes() string {
	var text []string
	for _, n := range w.sized {
		text = append(text, fmt.Sprint(n))
	}
	return strings.Join(text, " → ")
}

// follow shows the state until check succeeds. If that exceeds bound, the hop has
// failed.
func (w *watcher) follow(ctx context.Context, what string, h stack.Hop, bound time.Duration, check func(context.Context) error) error {
	begin := time.Now()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if err := w.look(ctx, what); err != nil {
			return err
		}
		err := check(ctx)
		if err == nil {
			w.demo.out.done(what, time.Since(begin), w.note())
			return nil
		}
		if time.Since(begin) > bound {
			if now := last(w.history); h == stack.HPA && now.ready != now.desired {
				h = stack.Pods
			}
			return stack.At(h, fmt.Errorf("%s: waited %s: %w", what, bound, err))
		}
		select {
		case <-ctx.Done():
			return stack.At(h, fmt.Errorf("%s: %w, while waiting: %w", what, context.Cause(ctx), err))
		case <-ticker.C:
		}
	}
}

// note returns the summary of a finished step.
func (w *watcher) note() string {
	now := last(w.history)
	if now.latency == nil {
		return ""
	}
	return fmt.Sprintf("%.0f ms, %s", *now.latency, plural(int(now.ready), "replica"))
}

// look shows new events, a new reading, and what is waited for.
func (w *watcher) look(ctx context.Context, next string) error {
	d := w.demo
	if err := d.Alive(); err != nil {
		return err
	}
	events, err := d.rescaleEvents(ctx)
	if err != nil {
		return stack.At(stack.ControlPlane, err)
	}
	for _, message := range w.seen.next(events) {
		d.out.event("SuccessfulRescale", message)
		if size, ok := newSize(message); ok {
			w.sized = append(w.sized, size)
		}
	}
	now, err := d.read(ctx)
	if err != nil {
		return stack.At(stack.ControlPlane, err)
	}
	w.history = append(w.history, now)
	d.out.now(now.line() + "   next: " + next)
	return nil
}
