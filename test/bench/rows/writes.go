package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/bench/plane"
	"github.com/kong-latency/kong-latency/test/bench/report"
	"github.com/kong-latency/kong-latency/test/product"
)

// One hour of kube-controller-manager, which writes the status of each autoscaler
// every 15 seconds while its metric changes, is simulated in as many rounds.
const syncsAnHour = int(time.Hour / (15 * time.Second))

// idleOf is the number of workloads that the hour is simulated for: the writes for one
// do not depend on the others, and each status costs the API server time.
const idleOf = 50

// writesRow counts the controller's writes: of autoscalers and statuses by the API server,
// of everything else by the controller's metrics.
func writesRow(ctx context.Context, s *Session) (out report.Row, err error) {
	out = report.Row{Title: fmt.Sprintf("Writes of the controller for %d workloads, except leases. Events are counted separately: "+
		"each workload here has two warnings about its pipeline, which are reported when it is attached and again after a restart", s.Writes)}
	p, err := s.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	if err := p.Fill(ctx, 0, s.Writes, plane.Services, plane.Workloads); err != nil {
		return out, err
	}
	if err := p.Install(ctx); err != nil {
		return out, err
	}
	seen, err := p.WatchHPAs(ctx)
	if err != nil {
		return out, err
	}
	defer seen.Stop()
	process, err := product.Controller(ctx, p.ControlPlane, "--leader-elect=false")
	if err != nil {
		return out, err
	}
	if err := seen.Await(ctx, s.Writes); err != nil {
		return out, err
	}
	count := &writes{plane: p, process: process, per: float64(s.Writes)}
	if err := count.add(ctx, &out, "first attach, of each workload", 1, 2); err != nil {
		return out, err
	}
	if err := process.Stop(); err != nil {
		return out, err
	}
	if count.process, err = product.Controller(ctx, p.ControlPlane, "--leader-elect=false"); err != nil {
		return out, err
	}
	count.before.all = 0
	count.per = 1
	if err := count.reconciled(ctx, s.Writes); err != nil {
		return out, err
	}
	if err := count.add(ctx, &out, "restart", 0, 0); err != nil {
		return out, err
	}
	// Once the first sync has read the metric, it goes on as it is.
	if err := passSyncs(ctx, p, min(idleOf, s.Writes), 1); err != nil {
		return out, err
	}
	if count.before, err = count.quiet(ctx); err != nil {
		return out, err
	}
	if err := passSyncs(ctx, p, min(idleOf, s.Writes), syncsAnHour); err != nil {
		return out, err
	}
	if err := count.add(ctx, &out, "an idle hour, in which only statuses change", 0, 0); err != nil {
		return out, err
	}
	changed := plane.Workloads(0)
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"`+annotations.MaxReplicas+`":"11"}}}`))
	if err := p.Admin.Patch(ctx, changed, patch); err != nil {
		return out, fmt.Errorf("change a workload: %w", err)
	}
	return out, count.add(ctx, &out, "a change of one workload", 1, 1)
}

// writes counts writes since its last call.
type writes struct {
	plane   *plane.Plane
	process *product.Process
	before  counts
	// per is the divisor of counts.
	per float64
}

// counts are numbers of writes: all are those of the controller, the others by all clients.
type counts struct{ hpas, statuses, all float64 }

// add waits until writing stops, and adds the counts, of which there should be so many.
func (w *writes) add(ctx context.Context, out *report.Row, when string, hpas, statuses float64) error {
	now, err := w.quiet(ctx)
	if err != nil {
		return err
	}
	was := w.before
	others := now.all - was.all - (now.hpas - was.hpas) - (now.statuses - was.statuses)
	out.Lines = append(out.Lines,
		report.Line{What: when + ": autoscalers", Measured: []float64{(now.hpas - was.hpas) / w.per}, Bound: report.Exactly(hpas)},
		report.Line{What: when + ": LatencyAutoscalers", Measured: []float64{(now.statuses - was.statuses) / w.per}, Bound: report.Exactly(statuses)},
		report.Line{What: when + ": everything else, which is events", Measured: []float64{others / w.per}})
	w.before = now
	return nil
}

// quiet returns the counts once they are stable for some seconds: writes of one status are
// seconds apart.
func (w *writes) quiet(ctx context.Context) (now counts, err error) {
	var last counts
	same := 0
	err = wait.PollUntilContextTimeout(ctx, 500*time.Millisecond, 5*time.Minute, true, func(ctx context.Context) (bool, error) {
		if now.hpas, err = w.plane.HPAWrites(ctx); err != nil {
			return false, err
		}
		if now.statuses, err = w.plane.StatusWrites(ctx); err != nil {
			return false, err
		}
		if now.all, err = clientWrites(ctx, w.process.Metrics); err != nil {
			return false, err
		}
		if now != last {
			last, same = now, 0
		}
		same++
		return same > 8, nil
	})
	if err != nil {
		return now, fmt.Errorf("wait until nothing is written: %w", err)
	}
	return now, nil
}

// reconciled waits until the controller has reconciled n workloads.
func (w *writes) reconciled(ctx context.Context, n int) error {
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		done, err := sum(ctx, w.process.Metrics, "controller_runtime_reconcile_total", "controller=workload")
		return done >= float64(n), err
	})
}

// clientWrites returns the number of write requests that a process has sent.
func clientWrites(ctx context.Context, url string) (float64, error) {
	var all float64
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		n, err := sum(ctx, url, "rest_client_requests_total", "method="+method)
		if err != nil {
			return 0, err
		}
		all += n
	}
	return all, nil
}

// passSyncs writes the statuses that kube-controller-manager writes in some syncs.
func passSyncs(ctx context.Context, p *plane.Plane, n, syncs int) error {
	began := metav1.Now().Rfc3339Copy()
	return plane.Parallel(ctx, workers(), n, func(ctx context.Context, i int) error {
		for sync := range syncs {
			h := &autoscalingv2.HorizontalPodAutoscaler{}
			h.Namespace, h.Name = plane.Namespace(i), plane.Name(i)
			patch := client.MergeFrom(h.DeepCopy())
			h.Status.LastScaleTime = ptr.To(metav1.NewTime(began.Add(time.Duration(sync) * 15 * time.Second)))
			h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{active(began)}
			if err := p.Admin.Status().Patch(ctx, h, patch); err != nil {
				return fmt.Errorf("write the status of %s: %w", h.Name, err)
			}
		}
		return nil
	})
}
