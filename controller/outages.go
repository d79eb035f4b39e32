package controller

import (
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/internal/autoscale"
	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// metricWindow is the range of time that the metrics of the product are averaged over.
const metricWindow = time.Minute

// outages are the workloads that served requests and have no ready pod. Their autoscaler,
// which multiplies by ready pods, would remove the others in the middle of the outage. A nil
// outages has none.
type outages struct {
	clock clock

	mu  sync.Mutex
	all map[types.NamespacedName]autoscale.Outage
	// served are the workloads of which a pod was ready: one that starts is no outage.
	served map[types.NamespacedName]struct{}
}

func newOutages(c clock) *outages {
	return &outages{clock: c, all: map[types.NamespacedName]autoscale.Outage{}, served: map[types.NamespacedName]struct{}{}}
}

// hold sets whether the autoscaler of a workload with a plan may remove pods. again is when
// to call it again although nothing changes; 0 means never.
func (o *outages) hold(d *appsv1.Deployment, by output.Output, live output.Object, p *plan.Plan) (again time.Duration) {
	if o == nil {
		return 0
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	key, now := client.ObjectKeyFromObject(d), o.clock.now()
	outage, begun := o.all[key]
	_, served := o.served[key]
	if d.Status.ReadyReplicas > 0 && !served {
		o.served[key] = struct{}{}
	}
	switch {
	case live == nil:
		return 0
	case begun:
		outage = outage.Follow(now, ptr.Deref(d.Spec.Replicas, 1), d.Status.ReadyReplicas)
	case d.Status.ReadyReplicas > 0 || ptr.Deref(d.Spec.Replicas, 1) == 0:
		return 0
	case served || stopped(by, live, *p):
		outage = autoscale.Begun(now)
	default:
		return 0
	}
	until, hold := outage.Until(metricWindow, now)
	if !hold {
		delete(o.all, key)
		return 0
	}
	o.all[key] = outage
	p.HoldScaleIn = true
	return o.clock.wait(until.Sub(now))
}

// stopped reports whether the live autoscaler was prevented from removing pods before a
// restart.
func stopped(by output.Output, live output.Object, p plan.Plan) bool {
	now, then := by.Paused(live, p)
	return now == annotations.PauseScaleIn && then != annotations.PauseScaleIn
}

func (o *outages) forget(key types.NamespacedName) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.all, key)
	delete(o.served, key)
}
