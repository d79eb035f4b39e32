package controller

import (
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/plan"
)

// pendingFor is how long a write may take to come back through the watch before
// it is done again.
const pendingFor = 10 * time.Second

// pending remembers writes that the cache does not show yet, so that a second
// reconcile right after the first does not write the same again.
type pending struct {
	now func() time.Time

	mu     sync.Mutex
	writes map[types.NamespacedName]write
}

type write struct {
	over  string // resourceVersion that was written over, empty for a new object
	plan  plan.Plan
	until time.Time
}

func newPending(now func() time.Time) *pending {
	return &pending{now: now, writes: map[types.NamespacedName]write{}}
}

// add remembers that plan was written over what the cache showed as live.
func (p *pending) add(key types.NamespacedName, live *autoscalingv2.HorizontalPodAutoscaler, plan plan.Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes[key] = write{over: versionOf(live), plan: plan, until: p.now().Add(pendingFor)}
}

// wait returns how long to wait for the write of plan to show in the cache;
// 0 if there is none. What is remembered ends once the cache shows anything new.
func (p *pending) wait(key types.NamespacedName, live *autoscalingv2.HorizontalPodAutoscaler, plan plan.Plan) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	w, ok := p.writes[key]
	if !ok {
		return 0
	}
	left := w.until.Sub(p.now())
	if left <= 0 || w.over != versionOf(live) {
		delete(p.writes, key)
		return 0
	}
	if !equality.Semantic.DeepEqual(w.plan, plan) {
		return 0
	}
	return left
}

// forget drops what is remembered, for a workload that is gone or detached.
func (p *pending) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.writes, key)
}

func versionOf(live *autoscalingv2.HorizontalPodAutoscaler) string {
	if live == nil {
		return ""
	}
	return live.ResourceVersion
}
