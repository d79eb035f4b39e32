package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kong-latency/kong-latency/test/e2e/gateway"
)

// play shows one scenario from the start to the end and stops everything that
// it started, however it ends.
func play(ctx context.Context, o *options, out *report) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := time.AfterFunc(o.Timeout, func() { cancel(fmt.Errorf("the demo took longer than %s", o.Timeout)) })
	defer limit.Stop()

	s := newStack(scenarios[o.Scenario], out)
	defer func() { err = s.end(ctx, cancel, err) }()
	out.title(fmt.Sprintf("Scenario %s: %s", o.Scenario, s.scenario.about))
	out.blank()
	if err := s.start(ctx); err != nil {
		return err
	}
	if err := s.apply(ctx); err != nil {
		return err
	}
	w := newWatcher(s)
	if err := w.traffic(ctx, o.Timeout); err != nil {
		return err
	}
	out.summary(fmt.Sprintf("One annotation in, a working autoscaler out: %s replicas.", w.sizes()))
	limit.Stop()
	if o.Keep {
		return s.keep(ctx)
	}
	return nil
}

// start starts everything that is there before the user comes.
func (s *stack) start(ctx context.Context) error {
	steps := []struct {
		what string
		do   func(context.Context) (string, error)
	}{
		{"start the control plane", s.startControlPlane},
		{"create what Kong's guide creates", s.createPipeline},
		{"start Prometheus and the gateway", s.startPrometheus},
		{"start the adapter", s.startAdapter},
		{"start kong-latency", s.startProduct},
	}
	for _, step := range steps {
		if err := s.out.step(step.what, func() (string, error) { return step.do(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// traffic sends requests until the goal of the scenario is reached, and then
// sees the replicas go back.
func (w *watcher) traffic(ctx context.Context, limit time.Duration) error {
	s := w.stack
	load := gateway.Traffic{
		URL: s.gateway.URL() + s.scenario.path, Clients: s.scenario.clients, Pause: s.scenario.pause, Limit: limit,
	}.Start(ctx)
	defer load.Stop()
	s.out.title("Traffic starts: " + plural(s.scenario.clients, "client") + " to " + s.gateway.URL() + s.scenario.path)
	begin := time.Now()
	hops := []struct {
		what  string
		hop   hop
		bound time.Duration
		check func(context.Context) error
	}{
		{"requests are answered", hopGateway, 15 * time.Second, func(context.Context) error { return answered(load) }},
		{"Prometheus scrapes the latency", hopPrometheus, 15*time.Second + 3*s.scenario.scrape, s.scraped},
		{"the adapter lists the metric", hopRule, 30 * time.Second, s.listed},
		{"the metrics API gives the latency", hopAPI, time.Minute, func(context.Context) error { return hasLatency(last(w.history)) }},
		{"the autoscaler reads it", hopHPA, 20 * time.Second, s.active},
		{s.scenario.goal, hopHPA, s.scenario.bound, func(context.Context) error { return s.scenario.reached(w.history) }},
	}
	for _, h := range hops {
		if err := w.follow(ctx, h.what, h.hop, h.bound, h.check); err != nil {
			return err
		}
	}
	load.Stop()
	sent, failed := load.Counts()
	s.out.title(fmt.Sprintf("Traffic stops after %s: %d requests answered, %d failed", seconds(time.Since(begin)), sent, failed))
	s.out.note(fmt.Sprintf("The metric looks back %.0f s, so that long the autoscaler goes on seeing the latency.", s.scenario.window.Seconds()))
	return w.follow(ctx, "back to 1 replica", hopHPA, 2*time.Minute+s.scenario.window, func(context.Context) error { return atMinimum(w.history) })
}

func answered(load *gateway.Load) error {
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
