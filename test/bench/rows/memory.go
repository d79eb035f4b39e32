package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/product"
)

const mib = 1 << 20

// part is one of the two processes.
type part struct {
	name  string
	start func(ctx context.Context, p *plane.Plane, flags ...string) (*product.Process, error)
}

var parts = []part{
	{"webhook", func(ctx context.Context, p *plane.Plane, flags ...string) (*product.Process, error) {
		return product.Webhook(ctx, p.ControlPlane, p.Address, flags...)
	}},
	controllerPart,
}

var controllerPart = part{"controller", func(ctx context.Context, p *plane.Plane, flags ...string) (*product.Process, error) {
	return product.Controller(ctx, p.ControlPlane, flags...)
}}

// memoryRow measures the memory of the processes with many workloads.
func memoryRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title: fmt.Sprintf("Resident memory with %d Deployments, Services and autoscalers", s.Many),
		Why: "Most of it is what the caches keep of each object, with the indexes; in the controller also the events " +
			"that wait to be written, two for each workload here; and as much again is garbage that is not collected yet.",
	}
	empty, err := s.emptyPlane(ctx)
	if err != nil {
		return out, err
	}
	filled, err := s.filledPlane(ctx)
	if err != nil {
		return out, err
	}
	bounds := map[string]report.Bound{"webhook": report.AtMost(150, 80), "controller": report.AtMost(200, 120)}
	for _, part := range parts {
		s.Logf("memory: %s", part.name)
		got, err := measure.InTurn(ctx, s.Rounds, part.resident(filled), part.resident(empty))
		if err != nil {
			return out, err
		}
		with, none := got.Of("resident")
		peak, _ := got.Of("peak")
		out.Lines = append(out.Lines,
			report.Line{What: part.name, Unit: "MiB", Measured: with, Bound: bounds[part.name]},
			report.Line{What: part.name + ", peak since the start", Unit: "MiB", Measured: peak},
			report.Line{What: part.name + ", with no workload", Unit: "MiB", Measured: none})
	}
	return out, nil
}

// resident starts the process and measures it when it is idle.
func (part part) resident(p *plane.Plane) measure.Side {
	return func(ctx context.Context) (measure.Figures, error) {
		process, err := part.start(ctx, p)
		if err != nil {
			return nil, err
		}
		now, peak, err := atRest(ctx, process)
		return measure.Figures{"resident": now / mib, "peak": peak / mib}, errors.Join(err, process.Stop())
	}
}

// atRest returns the resident memory of a process once it uses less than a fifth of a
// processor: writing the queued events goes on for minutes.
func atRest(ctx context.Context, p *product.Process) (now, peak float64, err error) {
	const step = 500 * time.Millisecond
	last, rested := time.Duration(-1), 0
	err = wait.PollUntilContextTimeout(ctx, step, time.Minute, true, func(context.Context) (bool, error) {
		used, err := measure.CPU(p.PID())
		if err != nil {
			return false, err
		}
		if last >= 0 && used-last < step/5 {
			rested++
		} else {
			rested = 0
		}
		last = used
		return rested > 3, nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("wait until the process is idle: %w", err)
	}
	return measure.Resident(p.PID())
}
