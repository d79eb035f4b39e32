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

// creating returns how long to wait until the cache shows the new autoscalers of these
// Deployments; 0 if none was created a moment ago.
func (p *pending) creating(namespace string, deployments []string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest time.Duration
	for _, name := range deployments {
		if w, ok := p.writes[types.NamespacedName{Namespace: namespace, Name: name}]; ok && w.over == "" {
			longest = max(longest, w.until.Sub(p.now()))
		}
	}
	return longest
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
