package controller

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

// pendingFor is how long a write may take to appear in the cache before it is done
// again.
const pendingFor = 10 * time.Second

// pending remembers writes that the cache does not show yet. A Deployment and its Service
// are often created together, so that a workload is reconciled twice within milliseconds.
// Without this the second reconcile would write the same again and report it again: users
// would see "Attached" or "Updated" twice for one change, and an adoption would fail with
// a conflict.
type pending struct {
	now func() time.Time

	mu     sync.Mutex
	writes map[types.NamespacedName]write
}

type write struct {
	over  string // resourceVersion of the object that was updated, empty for a new one
	plan  plan.Plan
	until time.Time
}

func newPending(now func() time.Time) *pending {
	return &pending{now: now, writes: map[types.NamespacedName]write{}}
}

// add remembers that plan was written; live is the object as the cache had it.
func (p *pending) add(key types.NamespacedName, live output.Object, plan plan.Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes[key] = write{over: versionOf(live), plan: plan, until: p.now().Add(pendingFor)}
}

// wait returns how long to wait for the write of plan to show in the cache;
// 0 if there is none. What is remembered ends once the cache shows anything new.
func (p *pending) wait(key types.NamespacedName, live output.Object, plan plan.Plan) time.Duration {
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

// begin notes that a new autoscaler is about to be written for a workload, unless one has
// just been for one of its rivals, which share its pods: two workloads that are reconciled
// at the same time must not both get one. It returns how long to wait then, or 0.
func (p *pending) begin(key types.NamespacedName, rivals []string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range rivals {
		w, ok := p.writes[types.NamespacedName{Namespace: key.Namespace, Name: name}]
		if left := w.until.Sub(p.now()); ok && w.over == "" && left > 0 {
			return left
		}
	}
	if _, ok := p.writes[key]; !ok {
		p.writes[key] = write{until: p.now().Add(pendingFor)}
	}
	return 0
}

// forget drops what is remembered, for a workload that is deleted or detached.
func (p *pending) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.writes, key)
}

func versionOf(live output.Object) string {
	if live == nil {
		return ""
	}
	return live.GetResourceVersion()
}
