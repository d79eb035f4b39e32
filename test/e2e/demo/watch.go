package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// tick is how often the live line is renewed.
const tick = time.Second

// watcher follows the latency and the autoscaler while traffic goes on.
type watcher struct {
	demo    *demo
	history []reading
	seen    rescales
	sized   []int32
}

func newWatcher(d *demo) *watcher { return &watcher{demo: d, sized: []int32{minReplicas}} }

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
