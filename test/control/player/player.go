// Package player plays workloads on a control plane without a node: it follows their pods,
// writes their status, and moves their time.
package player

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/kong-latency/kong-latency/test/control/compressed"
	"github.com/kong-latency/kong-latency/test/control/workload"
)

const (
	// tick is the real time between two movements of the workloads.
	tick = 33 * time.Millisecond
	// writers is the number of statuses that are written at once.
	writers = 16
	// settleBound is the time limit until all workloads are as at the beginning.
	settleBound = 3 * time.Minute
)

// Player plays the workloads of a namespace, by the names of their Deployments.
type Player struct {
	client    kubernetes.Interface
	workloads map[string]*workload.Workload

	due chan write
	// latest is the longest real time by which a movement came too late.
	latest time.Duration
}

// write is a status to write.
type write struct {
	of     *workload.Workload
	name   string
	status workload.Status
}

// Start follows the workloads until ctx ends, and writes the statuses of their pods.
func Start(ctx context.Context, c kubernetes.Interface, namespace string, workloads map[string]*workload.Workload) (*Player, error) {
	p := &Player{client: c, workloads: workloads, due: make(chan write, 10_000)}
	factory := informers.NewSharedInformerFactoryWithOptions(c, 0, informers.WithNamespace(namespace))
	pods := factory.Core().V1().Pods()
	podOf := func(o *corev1.Pod) string { return o.Labels[workload.Label] }
	err := errors.Join(
		follow(pods.Informer(), workloads, podOf, (*workload.Workload).SetPod),
		follow(factory.Apps().V1().Deployments().Informer(), workloads,
			func(d *appsv1.Deployment) string { return d.Name }, (*workload.Workload).SetDeployment),
		follow(factory.Autoscaling().V2().HorizontalPodAutoscalers().Informer(), workloads,
			func(h *autoscalingv2.HorizontalPodAutoscaler) string { return h.Spec.ScaleTargetRef.Name }, (*workload.Workload).SetHPA),
	)
	if err == nil {
		_, err = pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: func(o any) {
			if last, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = last.Obj
			}
			if pod, ok := o.(*corev1.Pod); ok && workloads[podOf(pod)] != nil {
				workloads[podOf(pod)].RemovePod(pod.Name)
			}
		}})
	}
	if err != nil {
		return nil, fmt.Errorf("follow the workloads: %w", err)
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return nil, fmt.Errorf("follow the workloads: %v are not known", kind)
		}
	}
	for range writers {
		go p.writeAll(ctx, pods.Lister().Pods(namespace))
	}
	return p, nil
}

// follow passes what exists and changes on to the workload that it belongs to.
func follow[T any](i cache.SharedIndexInformer, workloads map[string]*workload.Workload, of func(T) string, set func(*workload.Workload, T)) error {
	pass := func(o any) {
		if w, ok := workloads[of(o.(T))]; ok {
			set(w, o.(T))
		}
	}
	_, err := i.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: pass, UpdateFunc: func(_, o any) { pass(o) }})
	return err
}

// writeAll writes what is due until ctx ends. What could not be written is due again.
func (p *Player) writeAll(ctx context.Context, pods corelisters.PodNamespaceLister) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-p.due:
			pod, err := pods.Get(d.name)
			if err == nil {
				err = WriteStatus(ctx, p.client, pod, d.status)
			}
			if err != nil && !apierrors.IsNotFound(err) {
				d.of.Failed(d.name)
			}
		}
	}
}

// write queues the statuses that are due.
func (p *Player) write(ctx context.Context, w *workload.Workload, now time.Time) {
	for name, status := range w.Due(now) {
		select {
		case p.due <- write{w, name, status}:
		case <-ctx.Done():
			return
		}
	}
}

// Settle waits until all workloads have what scales them, and the pods that they begin
// with.
func (p *Player) Settle(ctx context.Context) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, settleBound, true, func(ctx context.Context) (bool, error) {
		last = nil
		attached, settled := 0, 0
		for _, w := range p.workloads {
			p.write(ctx, w, time.Now())
			if w.Attached() {
				attached++
			}
			if w.Settled() {
				settled++
			}
		}
		if n := len(p.workloads); attached < n || settled < n {
			last = fmt.Errorf("of %d workloads, %d are attached and %d have all pods", n, attached, settled)
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the workloads: %w", errors.Join(err, last))
	}
	return nil
}

// Play moves the workloads for a compressed time. report is called with the time that has
// passed, each minute.
func (p *Player) Play(ctx context.Context, lasts time.Duration, report func(time.Duration)) error {
	clock := compressed.NewClock()
	for _, w := range p.workloads {
		w.Start()
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	before := time.Now()
	for next := 10 * time.Minute; ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		now := time.Now()
		p.latest = max(p.latest, now.Sub(before)-tick)
		before = now
		at := min(clock.Since(), lasts)
		for _, w := range p.workloads {
			w.Advance(at)
			p.write(ctx, w, now)
		}
		if at >= next {
			report(next)
			next += 10 * time.Minute
		}
		if at == lasts {
			return nil
		}
	}
}

// Latest returns the longest real time by which a movement came too late.
func (p *Player) Latest() time.Duration { return p.latest }
