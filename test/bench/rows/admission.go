package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/product"
	"github.com/kong-latency/kong-latency/webhook"
)

// many is a realistic number of connections from an API server to a webhook.
const many = 16

// served is a running webhook: its address and its process.
type served struct {
	address string
	pid     int
}

// admissionCase is one kind of call.
type admissionCase struct {
	op    admissionv1.Operation
	path  string
	conns int
}

func (c admissionCase) String() string {
	verb := "mutate"
	if c.path == webhook.ValidateDeploymentsPath {
		verb = "validate"
	}
	noun := "connections"
	if c.conns == 1 {
		noun = "connection"
	}
	return fmt.Sprintf("%s %s, %d %s", verb, c.op, c.conns, noun)
}

func admissionCases(conns ...int) []admissionCase {
	var out []admissionCase
	for _, n := range conns {
		for _, op := range []admissionv1.Operation{admissionv1.Create, admissionv1.Update} {
			for _, path := range []string{webhook.MutateDeploymentsPath, webhook.ValidateDeploymentsPath} {
				out = append(out, admissionCase{op, path, n})
			}
		}
	}
	return out
}

// admissionRow measures what one admission costs the webhook's process in CPU time,
// and its caller in latency.
func admissionRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title:   fmt.Sprintf("One admission over TLS, with a review of %d bytes of an annotated Deployment", reviewBytes),
		Against: "a controller-runtime webhook whose handler returns Allowed, in a process of its own",
		Why:     "The time goes into TLS and net/http, which both sides have, and into decoding the review.",
	}
	p, err := s.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	measured, err := serveWebhook(ctx, p)
	if err != nil {
		return out, err
	}
	noop, err := p.StartNoop(ctx)
	if err != nil {
		return out, err
	}
	baseline := served{noop.Address, noop.PID()}
	for _, c := range admissionCases(1, many) {
		s.Logf("admission: %s", c)
		got, err := s.callBoth(ctx, c, s.Rounds, measured, baseline)
		if err != nil {
			return out, fmt.Errorf("%s: %w", c, err)
		}
		out.Lines = append(out.Lines, line(got, "cpu", c.String()+": CPU a request", "µs", report.AtMost(1.4, 1.1)))
		if c.conns == many {
			out.Lines = append(out.Lines,
				line(got, "p99", c.String()+": p99", "µs", report.AtMost(1.5, 1.2)),
				line(got, "throughput", c.String()+": requests a second", "", report.AtLeast(0.7, 0.9)))
		}
	}
	return out, nil
}

// serveWebhook runs the shipped webhook on a plane with one workload's Service.
func serveWebhook(ctx context.Context, p *plane.Plane) (served, error) {
	if err := p.Fill(ctx, 0, 1, plane.Services); err != nil {
		return served{}, err
	}
	if err := p.Install(ctx); err != nil {
		return served{}, err
	}
	process, err := product.Webhook(ctx, p.ControlPlane, p.Address)
	if err != nil {
		return served{}, err
	}
	return served{p.Address, process.PID()}, nil
}

// callBoth measures one kind of call on both sides in turn.
func (s *Session) callBoth(ctx context.Context, c admissionCase, rounds int, measured, baseline served) (measure.Compared, error) {
	body, err := review(c.op)
	if err != nil {
		return measure.Compared{}, err
	}
	var sides [2]measure.Side
	for i, at := range []served{measured, baseline} {
		calls, err := dial(ctx, at.address, c.path, body, c.conns)
		if err != nil {
			return measure.Compared{}, err
		}
		defer func() { _ = calls.close() }() // nothing depends on it
		if _, err := calls.call(s.Requests / 10); err != nil {
			return measure.Compared{}, err
		}
		sides[i] = func(context.Context) (measure.Figures, error) { return callOnce(calls, at.pid, s.Requests) }
	}
	return measure.InTurn(ctx, rounds, sides[0], sides[1])
}

// callOnce sends the given number of requests and returns what they cost.
func callOnce(calls *caller, pid, requests int) (measure.Figures, error) {
	before, err := measure.CPU(pid)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	took, err := calls.call(requests)
	if err != nil {
		return nil, err
	}
	elapsed := time.Since(began)
	after, err := measure.CPU(pid)
	if err != nil {
		return nil, err
	}
	micros := measure.Micros(took)
	return measure.Figures{
		"cpu":        float64(after-before) / float64(time.Microsecond) / float64(requests),
		"p50":        measure.Median(micros),
		"p99":        measure.Quantile(micros, 0.99),
		"throughput": float64(requests) / elapsed.Seconds(),
	}, nil
}

// line returns one measurement of a comparison.
func line(c measure.Compared, key, what, unit string, bound report.Bound) report.Line {
	measured, baseline := c.Of(key)
	return report.Line{What: what, Unit: unit, Measured: measured, Baseline: baseline, Bound: bound}
}
