package rows

import (
	"context"
	"errors"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/webhook"
)

// growthRow measures how cost grows with the number of workloads. More than linear
// growth is a defect.
func growthRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{Title: "Cost by the number of workloads, each with its Deployment, Service and autoscaler"}
	p, err := s.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	if err := p.Install(ctx); err != nil {
		return out, err
	}
	g := newGrowth()
	have := 0
	for _, n := range s.Growth {
		s.Logf("growth: %d workloads", n)
		if err := p.Fill(ctx, have, n, plane.Services, plane.Workloads); err != nil {
			return out, err
		}
		have = n
		if err := g.measure(ctx, s, p, n); err != nil {
			return out, err
		}
	}
	out.Graphs = g.graphs()
	return out, nil
}

// growth collects the points of curves, by name.
type growth struct {
	attach, ready, memory, admission map[string][]report.Point
}

func newGrowth() *growth {
	return &growth{
		attach: map[string][]report.Point{}, ready: map[string][]report.Point{},
		memory: map[string][]report.Point{}, admission: map[string][]report.Point{},
	}
}

func (g *growth) measure(ctx context.Context, s *Session, p *plane.Plane, n int) error {
	add := func(curves map[string][]report.Point, name string, values []float64) {
		curves[name] = append(curves[name], report.Point{Size: n, Value: measure.Median(values)})
	}
	rounds := max(s.Rounds/2, 1)
	got, err := compareAttach(ctx, p, n, rounds)
	if err != nil {
		return err
	}
	measured, baseline := got.Of("seconds")
	add(g.attach, "controller", measured)
	add(g.attach, "bare client", baseline)
	if err := applyAll(ctx, p, n); err != nil {
		return err
	}
	for _, part := range parts {
		started, err := measure.InTurn(ctx, rounds, part.ready(p), listing(p))
		if err != nil {
			return err
		}
		measured, baseline := started.Of("seconds")
		add(g.ready, part.name, measured)
		if part.name == "controller" {
			add(g.ready, "listing", baseline)
		}
		memory, err := part.resident(p)(ctx)
		if err != nil {
			return err
		}
		add(g.memory, part.name, []float64{memory["resident"]})
	}
	if err := g.admit(ctx, s, p, add); err != nil {
		return err
	}
	return p.DeleteHPAs(ctx)
}

// admit measures admission while everything is attached.
func (g *growth) admit(ctx context.Context, s *Session, p *plane.Plane, add func(map[string][]report.Point, string, []float64)) (err error) {
	process, err := parts[0].start(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.Stop()) }()
	for _, c := range []admissionCase{
		{admissionv1.Create, webhook.ValidateDeploymentsPath, many}, {admissionv1.Update, webhook.ValidateDeploymentsPath, many},
	} {
		body, err := review(c.op)
		if err != nil {
			return err
		}
		calls, err := dial(ctx, p.Address, c.path, body, c.conns)
		if err != nil {
			return err
		}
		var cpu []float64
		for range s.Rounds {
			figures, err := callOnce(calls, process.PID(), s.Requests)
			if err != nil {
				return errors.Join(err, calls.close())
			}
			cpu = append(cpu, figures["cpu"])
		}
		add(g.admission, "validate "+string(c.op), cpu)
		_ = calls.close() // nothing depends on it
	}
	return nil
}

func (g *growth) graphs() []report.Graph {
	return []report.Graph{
		graph("From start until all are attached", "attach.svg", "s", g.attach, "controller", "bare client"),
		graph("From start to ready", "ready.svg", "s", g.ready, "webhook", "controller", "listing"),
		graph("Resident memory", "memory.svg", "MiB", g.memory, "webhook", "controller"),
		graph("CPU of one admission", "admission.svg", "µs", g.admission, "validate CREATE", "validate UPDATE"),
	}
}

func graph(title, file, unit string, curves map[string][]report.Point, names ...string) report.Graph {
	g := report.Graph{Title: title, File: file, Unit: unit}
	for _, name := range names {
		g.Curves = append(g.Curves, report.Curve{Name: name, Points: curves[name]})
	}
	return g
}
