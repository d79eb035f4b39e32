package rows

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/cmd/kong-latency/app"
	"github.com/kong-latency/kong-latency/internal/cluster/convert"
	"github.com/kong-latency/kong-latency/internal/model"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/internal/plan"
	"github.com/kong-latency/kong-latency/test/bench/measure"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/product"
)

// attachRow measures how long many workloads wait for a controller that starts.
func attachRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{
		Title:   fmt.Sprintf("From the start of the controller until %d annotated Deployments have their autoscalers", s.Attach),
		Against: "a bare client with as many workers that applies the same autoscalers",
		Why:     "The rest is process start, listing existing objects, and events, which the bare client does not write.",
	}
	p, err := s.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	if err := p.Fill(ctx, 0, s.Attach, plane.Services, plane.Workloads); err != nil {
		return out, err
	}
	if err := p.Install(ctx); err != nil {
		return out, err
	}
	got, err := compareAttach(ctx, p, s.Attach, s.Rounds)
	if err != nil {
		return out, err
	}
	out.Lines = []report.Line{
		line(got, "seconds", "until all are there", "s", report.AtMost(1.3, 1.05)),
		line(got, "cpu", "CPU time until then; for the bare client including the watch that counts", "s", report.Bound{}),
	}
	profile, err := controllerPart.profileOfStart(ctx, p, 3)
	out.Profiles = []report.Profile{profile}
	return out, err
}

// compareAttach lets the controller and a bare client attach n workloads of a plane in
// turn. It leaves none attached.
func compareAttach(ctx context.Context, p *plane.Plane, n, rounds int) (measure.Compared, error) {
	seen, err := p.WatchHPAs(ctx)
	if err != nil {
		return measure.Compared{}, err
	}
	defer seen.Stop()
	clear := func(err error) error {
		if err == nil {
			err = p.DeleteHPAs(ctx)
		}
		if err == nil {
			err = seen.Await(ctx, 0)
		}
		return err
	}
	measured := func(ctx context.Context) (measure.Figures, error) {
		process, err := product.Controller(ctx, p.ControlPlane)
		if err != nil {
			return nil, err
		}
		err = seen.Await(ctx, n)
		elapsed := seen.Last().Sub(process.Started())
		used, cpuErr := measure.CPU(process.PID())
		err = errors.Join(err, cpuErr, process.Stop())
		return measure.Figures{"seconds": elapsed.Seconds(), "cpu": used.Seconds()}, clear(err)
	}
	baseline := func(ctx context.Context) (measure.Figures, error) {
		apply, err := applier(ctx, p, n)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		before, cpuErr := measure.CPU(os.Getpid())
		err = plane.Parallel(ctx, workers(), n, apply)
		if err == nil {
			err = seen.Await(ctx, n)
		}
		after, afterErr := measure.CPU(os.Getpid())
		figures := measure.Figures{"seconds": seen.Last().Sub(began).Seconds(), "cpu": (after - before).Seconds()}
		return figures, clear(errors.Join(err, cpuErr, afterErr))
	}
	return measure.InTurn(ctx, rounds, measured, baseline)
}

// workers returns the controller's number of workers.
func workers() int { return app.DefaultOptions().Controller.Workers }

// applyAll applies the autoscalers of n workloads as the controller would.
func applyAll(ctx context.Context, p *plane.Plane, n int) error {
	apply, err := applier(ctx, p, n)
	if err != nil {
		return err
	}
	return plane.Parallel(ctx, workers(), n, apply)
}

// applier returns a function that only applies the autoscaler of the i-th of n
// workloads, as the controller would.
func applier(ctx context.Context, cp *plane.Plane, n int) (func(context.Context, int) error, error) {
	plans := map[client.ObjectKey]plan.Plan{}
	var list appsv1.DeploymentList
	if err := cp.Admin.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("list Deployments: %w", err)
	}
	for i := range list.Items {
		w := convert.Workload(&list.Items[i])
		s := model.Service{Namespace: w.Namespace, Name: w.Name, Selector: map[string]string{"app": w.Name}}
		if r := plan.Resolve(w, model.StaticCatalog{Workloads: []model.Workload{w}, Services: []model.Service{s}}, nil); r.Plan != nil {
			plans[client.ObjectKeyFromObject(&list.Items[i])] = *r.Plan
		}
	}
	if len(plans) < n {
		return nil, fmt.Errorf("plan %d workloads: there are %d", n, len(plans))
	}
	return func(ctx context.Context, i int) error {
		p := plans[client.ObjectKey{Namespace: plane.Namespace(i), Name: plane.Name(i)}]
		desired, err := outputs.For(p).Desired(p)
		if err != nil {
			return err
		}
		return cp.Admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(desired), client.FieldOwner("kong-latency"), client.ForceOwnership)
	}, nil
}
