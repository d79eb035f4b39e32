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
	now func() time.Time

	mu  sync.Mutex
	all map[types.NamespacedName]autoscale.Outage
}

func newOutages(now func() time.Time) *outages {
	return &outages{now: now, all: map[types.NamespacedName]autoscale.Outage{}}
}

// hold sets whether the autoscaler of a workload with a plan may remove pods. again is when
// to call it again although nothing changes; 0 means never.
func (o *outages) hold(d *appsv1.Deployment, by output.Output, live output.Object, p *plan.Plan) (again time.Duration) {
	if o == nil {
		return 0
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	key, now := client.ObjectKeyFromObject(d), o.now()
	outage, begun := o.all[key]
	switch {
	case live == nil:
		return 0
	case begun:
		outage = outage.Follow(now, ptr.Deref(d.Spec.Replicas, 1), d.Status.ReadyReplicas)
	case d.Status.ReadyReplicas > 0 || ptr.Deref(d.Spec.Replicas, 1) == 0:
		return 0
	case served(by, live, *p):
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
	return until.Sub(now)
}

// served reports whether the workload has served requests: its autoscaler read a latency, or
// was prevented from removing pods before a restart.
func served(by output.Output, live output.Object, p plan.Plan) bool {
	if latency, ok := by.Observe(live).Metric(p.Metric); ok && latency.Current != nil {
		return true
	}
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
}
