package controller

import (
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kong-latency/kong-latency/internal/output"
	"github.com/kong-latency/kong-latency/internal/plan"
)

func TestPending(t *testing.T) {
	now := time.Unix(0, 0)
	key := types.NamespacedName{Namespace: "ns", Name: "echo"}
	plan, other := plan.Plan{Service: "a"}, plan.Plan{Service: "b"}
	version := func(v string) output.Object {
		h := &autoscalingv2.HorizontalPodAutoscaler{}
		h.ResourceVersion = v
		return h
	}
	fresh := func(over output.Object) *pending {
		p := newPending(func() time.Time { return now })
		p.add(key, over, plan)
		return p
	}
	if d := newPending(time.Now).wait(key, nil, plan); d != 0 {
		t.Errorf("waits %s for nothing", d)
	}
	if d := fresh(nil).wait(key, nil, plan); d != pendingFor {
		t.Errorf("waits %s for a new object that the cache lacks, want %s", d, pendingFor)
	}
	if d := fresh(version("7")).wait(key, version("7"), plan); d != pendingFor {
		t.Errorf("waits %s for a change that the cache lacks, want %s", d, pendingFor)
	}
	if d := fresh(nil).wait(key, nil, other); d != 0 {
		t.Errorf("waits %s though the plan is another", d)
	}
	p := fresh(nil)
	if d := p.wait(key, version("8"), plan); d != 0 {
		t.Errorf("waits %s though the cache shows the write", d)
	}
	if d := p.wait(key, nil, plan); d != 0 {
		t.Errorf("waits %s though the object was seen and is gone", d)
	}
	p = fresh(nil)
	now = now.Add(pendingFor)
	if d := p.wait(key, nil, plan); d != 0 {
		t.Errorf("waits %s longer than it may", d)
	}
	p = fresh(nil)
	p.forget(key)
	if d := p.wait(key, nil, plan); d != 0 {
		t.Errorf("waits %s for what was forgotten", d)
	}
}

// Of two workloads that share their pods one at a time gets an autoscaler.
func TestRivalsWaitForEachOther(t *testing.T) {
	now := time.Unix(0, 0)
	p := newPending(func() time.Time { return now })
	a, b := types.NamespacedName{Namespace: "ns", Name: "a"}, types.NamespacedName{Namespace: "ns", Name: "b"}
	if d := p.begin(a, []string{"b"}); d != 0 {
		t.Errorf("the first waits %s", d)
	}
	if d := p.wait(a, nil, plan.Plan{Service: "a"}); d != 0 {
		t.Errorf("what has not been written yet is waited for: %s", d)
	}
	now = now.Add(time.Second)
	if d := p.begin(b, []string{"a"}); d != pendingFor-time.Second {
		t.Errorf("its rival waits %s", d)
	}
	if d := p.begin(types.NamespacedName{Namespace: "other", Name: "b"}, []string{"a"}); d != 0 {
		t.Errorf("one of another namespace waits %s", d)
	}
	p.add(a, nil, plan.Plan{Service: "a"})
	if d := p.begin(b, []string{"a"}); d != pendingFor {
		t.Errorf("its rival waits %s once it is written", d)
	}
	p.forget(a)
	if d := p.begin(b, []string{"a"}); d != 0 {
		t.Errorf("its rival waits %s though it failed", d)
	}
}
