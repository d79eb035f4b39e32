package faults

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

// other changes the autoscaler of this name whenever it is as planned, until the returned
// function is called.
func (c *cluster) other(name string, change func(context.Context, *autoscalingv2.HorizontalPodAutoscaler)) (stop func()) {
	ctx, cancel := context.WithCancel(c.ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			var h autoscalingv2.HorizontalPodAutoscaler
			if c.admin.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, &h) == nil {
				change(ctx, &h)
			}
		}
	})
	stop = func() { cancel(); ended.Wait() }
	c.t.Cleanup(stop)
	return stop
}

// written counts the writes of the controller to autoscalers. It is the only one that
// applies.
func (c *cluster) written() float64 {
	return c.requests("resource", "horizontalpodautoscalers", "verb", "APPLY")
}

func TestAnotherActorChangesAnAutoscalerAfterEveryWrite(t *testing.T) {
	takesMinutes(t)
	c := newCluster(t, controlplane.Options{Bare: true})
	controller := c.controller()
	name := c.enable(1)[0]
	c.attached(name)
	before := c.written()
	stop := c.other(name, func(ctx context.Context, h *autoscalingv2.HorizontalPodAutoscaler) {
		if h.Spec.MaxReplicas != 7 {
			patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"maxReplicas":7}}`))
			_ = c.admin.Patch(ctx, h, patch, client.FieldOwner("rightsizer")) // fails when the test ends
		}
	})
	c.Expect(c.blockedBy(name, "ChangedByOthers")).To(gomega.ContainSubstring(`field manager "rightsizer" changes it after every write`))
	c.state(controller, "blocked", 1)
	// The writes after the first three are 1, 2, 4, 8 and 16 seconds apart.
	c.Consistently(func() float64 { return c.written() - before }).WithTimeout(20 * time.Second).WithPolling(time.Second).
		Should(gomega.BeNumerically("<=", 8))
	stop()
	c.Eventually(func() int32 { return c.hpa(name).Spec.MaxReplicas }).WithTimeout(2 * time.Minute).Should(gomega.BeEquivalentTo(10))
	c.state(controller, "blocked", 1) // until it has lasted
}

func TestAnotherActorDeletesAnAutoscalerAfterEveryWrite(t *testing.T) {
	takesMinutes(t)
	c := newCluster(t, controlplane.Options{Bare: true})
	controller := c.controller()
	name := c.enable(1)[0]
	c.attached(name)
	before := c.written()
	c.other(name, func(ctx context.Context, h *autoscalingv2.HorizontalPodAutoscaler) {
		_ = c.admin.Delete(ctx, h) // fails when the test ends
	})
	c.Expect(c.blockedBy(name, "ChangedByOthers")).To(gomega.ContainSubstring("it is deleted after every write"))
	c.state(controller, "blocked", 1)
	c.Consistently(func() float64 { return c.written() - before }).WithTimeout(15 * time.Second).WithPolling(time.Second).
		Should(gomega.BeNumerically("<=", 8))
}

// A change by hand is no conflict: it is undone at once, also the third time.
func TestAChangeByHandIsUndoneAtOnce(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	c.controller()
	name := c.enable(1)[0]
	c.attached(name)
	for range 2 {
		patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"maxReplicas":7}}`))
		c.Expect(c.admin.Patch(c.ctx, c.hpa(name), patch)).To(gomega.Succeed())
		c.Eventually(func() int32 { return c.hpa(name).Spec.MaxReplicas }).Should(gomega.BeEquivalentTo(10))
	}
	for _, e := range c.events() {
		c.Expect(e.Action).NotTo(gomega.Equal("ChangedByOthers"))
	}
}
