package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/stack"
	"github.com/kong-latency/kong-latency/test/guide"
)

// demo is one scenario played on a running stack.
type demo struct {
	*stack.Stack
	scenario scenario
	out      *report
}

// play shows one scenario from start to end and stops everything that it started.
func play(ctx context.Context, o *options, out *report) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := time.AfterFunc(o.Timeout, func() { cancel(fmt.Errorf("the demo did not finish within %s", o.Timeout)) })
	defer limit.Stop()

	d := &demo{scenario: scenarios[o.Scenario], out: out}
	out.title(fmt.Sprintf("Scenario %s: %s", o.Scenario, d.scenario.about))
	for _, note := range d.scenario.notes {
		out.note(note)
	}
	out.blank()
	if d.Stack, err = stack.Start(ctx, d.scenario.options(out)); err != nil {
		return err
	}
	defer func() { err = d.end(ctx, err) }()
	if err := d.apply(ctx); err != nil {
		return err
	}
	w := newWatcher(d)
	if err := w.traffic(ctx, o.Timeout); err != nil {
		return err
	}
	out.summary(fmt.Sprintf("%s: %s replicas.", d.scenario.result, w.sizes()))
	limit.Stop()
	if o.Keep {
		return d.keep(ctx)
	}
	return nil
}

// options returns the options of the scenario's stack: Kong's guide without the
// ServiceMonitor.
func (s scenario) options(out *report) stack.Options {
	return stack.Options{
		Without:  []string{guide.Monitor},
		Scrape:   s.scrape,
		Sync:     s.sync,
		Rules:    s.rules,
		PerPod:   s.perPod,
		Capacity: s.capacity,
		Step:     out.step,
		Logf:     func(format string, args ...any) { out.status(fmt.Sprintf(format, args...)) },
	}
}

// traffic sends requests until the goal of the scenario is reached and, if it says so, kept.
// Otherwise it then sees the replicas go back.
func (w *watcher) traffic(ctx context.Context, limit time.Duration) error {
	d, scenario := w.demo, w.demo.scenario
	load := scenario.send(d.Stack, limit)
	defer load.Stop()
	d.out.title("Traffic starts: " + scenario.traffic + " to " + d.GatewayURL() + scenario.path)
	begin := time.Now()
	hops := []struct {
		what  string
		hop   stack.Hop
		bound time.Duration
		check func(context.Context) error
	}{
		{"requests are answered", stack.Gateway, 15 * time.Second, func(context.Context) error { return answered(load) }},
		{"Prometheus scrapes the latency", stack.Prometheus, 15*time.Second + 3*scenario.scrape, d.Scraped},
		{"the adapter lists the metric", stack.Rule, 30 * time.Second, d.listed},
		{"the metrics API gives the latency", stack.API, time.Minute, func(context.Context) error { return hasLatency(last(w.history)) }},
		{"the autoscaler reads it", stack.HPA, 20*time.Second + scenario.sync, d.active},
		{scenario.goal, stack.HPA, scenario.bound, func(context.Context) error { return scenario.reached(w.history) }},
	}
	for _, h := range hops {
		if err := w.follow(ctx, h.what, h.hop, h.bound, h.check); err != nil {
			return err
		}
	}
	if scenario.hold > 0 {
		if err := w.hold(ctx, load); err != nil {
			return err
		}
	}
	load.Stop()
	sent, failed := load.Counts()
	d.out.title(fmt.Sprintf("Traffic stops after %s: %d requests answered, %d failed", seconds(time.Since(begin)), sent, failed))
	if scenario.hold > 0 {
		d.out.note("Replicas are now removed one a minute, the first after five minutes. The demo does not wait for that.")
		return nil
	}
	d.out.note(fmt.Sprintf("The metric looks back %.0f s, so that long the autoscaler goes on seeing the latency.", window.Seconds()))
	return w.follow(ctx, "back to 1 replica", stack.HPA, 2*time.Minute+window, func(context.Context) error { return atMinimum(w.history) })
}

func answered(load *stack.Load) error {
	if ok, failed := load.Counts(); ok == 0 {
		return fmt.Errorf("no request was answered with 200, %d failed", failed)
	}
	return nil
}

func hasLatency(r reading) error {
	if r.latency == nil {
		return r.why
	}
	if *r.latency <= 0 {
		return errors.New("the value is 0: no request was counted in the window of the rule")
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
