package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
)

// statusesDefinition is the name of the definition of LatencyAutoscalers.
const statusesDefinition = "latencyautoscalers.kong.latency"

// statusesRow measures the memory that LatencyAutoscalers cost the controller. Without their
// definition it writes none.
func statusesRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title: fmt.Sprintf("Memory that the LatencyAutoscalers of %d workloads add to the controller: live heap, as reported by the Go runtime", s.Many),
		Why:   "Of each it keeps names, the owner, and a digest of the status.",
	}
	p, err := s.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	if err := fillAttached(ctx, p, s.Many); err != nil {
		return out, err
	}
	s.Logf("statuses: with")
	with, err := rounds(ctx, s.Rounds, controllerPart.alive(p))
	if err != nil {
		return out, err
	}
	if err := undefine(ctx, p); err != nil {
		return out, err
	}
	s.Logf("statuses: without")
	without, err := rounds(ctx, s.Rounds, controllerPart.alive(p))
	if err != nil {
		return out, err
	}
	added := func(key string) (all []float64) {
		for i := range with {
			all = append(all, (with[i][key]-without[i][key])/mib)
		}
		return all
	}
	out.Lines = append(out.Lines,
		report.Line{What: "controller", Unit: "MiB", Measured: added("alive"), Bound: report.AtMost(20, 10)},
		report.Line{What: "controller, of resident memory", Unit: "MiB", Measured: added("resident")})
	return out, nil
}

// writeStatuses runs the controller until every workload has its LatencyAutoscaler.
func writeStatuses(ctx context.Context, p *plane.Plane, n int) (err error) {
	process, err := controllerPart.start(ctx, p, "--leader-elect=false")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.Stop()) }()
	// Each is created, and then its status is written.
	err = wait.PollUntilContextTimeout(ctx, time.Second, 15*time.Minute, true, func(ctx context.Context) (bool, error) {
		written, err := p.StatusWrites(ctx)
		return written >= float64(2*n), err
	})
	if err != nil {
		return fmt.Errorf("wait for %d LatencyAutoscalers: %w", n, err)
	}
	return nil
}

// undefine deletes the definition of LatencyAutoscalers, and with it all of them.
func undefine(ctx context.Context, p *plane.Plane) error {
	definition := &unstructured.Unstructured{}
	definition.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	definition.SetName(statusesDefinition)
	err := wait.PollUntilContextTimeout(ctx, time.Second, 5*time.Minute, true, func(ctx context.Context) (bool, error) {
		err := p.Admin.Delete(ctx, definition)
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
	if err != nil {
		return fmt.Errorf("delete the definition of LatencyAutoscalers: %w", err)
	}
	return nil
}

// rounds measures one side several times.
func rounds(ctx context.Context, n int, side measure.Side) ([]measure.Figures, error) {
	var out []measure.Figures
	for range n {
		got, err := side(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, got)
	}
	return out, nil
}
