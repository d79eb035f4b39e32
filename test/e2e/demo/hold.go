package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
)

// counts are numbers of requests.
type counts struct{ answered, failed, late int64 }

func countsOf(load *stack.Load) counts {
	answered, failed := load.Counts()
	return counts{answered, failed, load.Late()}
}

func (c counts) since(before counts) counts {
	return counts{c.answered - before.answered, c.failed - before.failed, c.late - before.late}
}

// hold watches whether the size stays and the target is met, and prints the figures of that
// time and of the time before it.
func (w *watcher) hold(ctx context.Context, load *stack.Load) error {
	d := w.demo
	d.out.title(fmt.Sprintf("The traffic goes on for %s:", d.scenario.hold))
	begin := time.Now()
	from, sized, before := len(w.history)-1, len(w.sized), countsOf(load)
	// The bound is never reached: what ends the time is no failure.
	err := w.follow(ctx, "the traffic goes on", stack.HPA, 2*d.scenario.hold, func(context.Context) error {
		if time.Since(begin) < d.scenario.hold {
			return errors.New("it is not over")
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.out.blank()
	d.out.title(fmt.Sprintf("Until it had settled, in %s:", w.history[from].at.Sub(w.history[0].at).Round(time.Second)))
	d.figures(w.history[:from+1], before, sized-1)
	d.out.title(fmt.Sprintf("And then, in %s:", d.scenario.hold))
	d.figures(w.history[from:], countsOf(load).since(before), len(w.sized)-sized)
	return stack.At(stack.HPA, kept(w.history[from:]))
}

// figures prints how well the target was met in some time, and with how many replicas.
func (d *demo) figures(history []reading, c counts, rescales int) {
	for line := range strings.Lines(figures(history, c, rescales)) {
		d.out.note(strings.TrimRight(line, "\n"))
	}
}

func figures(history []reading, c counts, rescales int) string {
	lowest, highest := history[0].ready, history[0].ready
	fastest, slowest, values := 0.0, 0.0, 0
	for _, r := range history {
		lowest, highest = min(lowest, r.ready), max(highest, r.ready)
		if r.latency == nil {
			continue
		}
		if values++; values == 1 {
			fastest = *r.latency
		}
		fastest, slowest = min(fastest, *r.latency), max(slowest, *r.latency)
	}
	sizes := fmt.Sprint(lowest)
	if lowest != highest {
		sizes = fmt.Sprintf("%d to %d", lowest, highest)
	}
	latency := "–"
	if values > 0 {
		latency = fmt.Sprintf("%.0f to %.0f ms", fastest, slowest)
	}
	all := c.answered + c.failed
	return fmt.Sprintf("replicas %s, changed %d times\n", sizes, rescales) +
		fmt.Sprintf("latency %s, averages over %.0f s\n", latency, window.Seconds()) +
		fmt.Sprintf("clients waited longer than %.0f ms for %.2f %% of %d requests, of which %d failed\n", targetMS, 100*float64(c.late)/float64(max(all, 1)), all, c.failed)
}
