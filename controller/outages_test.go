package controller

import (
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/generator"
	"github.com/kong-latency/kong-latency/internal/output/outputs"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// TestNoPodIsRemovedInAnOutage holds scale-in from the moment that no pod is ready until the
// metrics no longer remember it, also over a restart.
func TestNoPodIsRemovedInAnOutage(t *testing.T) {
	now := time.Unix(1000, 0)
	p := testutil.Plan(t, testutil.Settings())
	by := outputs.For(p)
	live := generator.HPA(p)
	d := namedDeployment()
	d.Spec.Replicas = ptr.To[int32](5)
	o := newOutages(newClock(1, func() time.Time { return now }))
	hold := func() (holds bool, again time.Duration) {
		p.HoldScaleIn = false
		again = o.hold(d, by, live, &p)
		return p.HoldScaleIn, again
	}
	want := func(when string, want bool) {
		t.Helper()
		if holds, again := hold(); holds != want || holds != (again > 0) {
			t.Errorf("%s: hold is %v, again after %v; want %v", when, holds, again, want)
		}
	}
	want("a workload that starts", false)
	d.Status.ReadyReplicas = 5
	want("its pods are ready", false)
	d.Status.ReadyReplicas = 0
	want("none is ready", true)
	behavior := generator.HPA(p).Spec.Behavior
	if *behavior.ScaleDown.SelectPolicy != autoscalingv2.DisabledPolicySelect || behavior.ScaleUp.SelectPolicy != nil && *behavior.ScaleUp.SelectPolicy == autoscalingv2.DisabledPolicySelect {
		t.Errorf("the behavior is %+v, want only scale-in to be disabled", behavior)
	}
	now = now.Add(time.Hour)
	want("still none", true)

	// Another process becomes the leader.
	live.Spec.Behavior = behavior
	o = newOutages(newClock(1, func() time.Time { return now }))
	want("after a restart", true)
	d.Status.ReadyReplicas = 2
	now = now.Add(time.Minute)
	want("some are ready again, the metrics remember", true)
	now = now.Add(time.Minute)
	want("the metrics do not", false)
	if len(o.all) != 0 {
		t.Errorf("it is remembered: %v", o.all)
	}

	d.Status.ReadyReplicas = 0
	want("none is ready, and scale-in is stopped already", true)
	o.forget(client.ObjectKeyFromObject(d))
	d.Spec.Replicas = ptr.To[int32](0)
	want("scaled to zero", false)
}
