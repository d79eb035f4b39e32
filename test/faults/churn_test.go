package faults

import (
	"fmt"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/testutil"
)

func TestTenThousandDeploymentsComeAndGoAtOnce(t *testing.T) {
	takesMinutes(t)
	const n = 10_000
	c := newCluster(t, controlplane.Options{Bare: true})
	c.SetDefaultEventuallyTimeout(10 * time.Minute)
	c.SetDefaultEventuallyPollingInterval(time.Second)
	webhook, controller := c.webhook(), c.controller()
	creating, ctx := errgroup.WithContext(c.ctx)
	creating.SetLimit(32)
	for i := range n {
		creating.Go(func() error {
			d, s := c.workload(fmt.Sprintf("echo-%05d", i), testutil.Settings())
			if err := c.admin.Create(ctx, s); err != nil {
				return err
			}
			return c.admin.Create(ctx, d)
		})
	}
	c.Expect(creating.Wait()).To(gomega.Succeed())
	c.state(controller, "attached", n)
	c.Expect(c.hpas()).To(gomega.HaveLen(n))
	c.Expect(c.written()).To(gomega.BeEquivalentTo(n), "writes of autoscalers")
	c.Expect(c.admin.DeleteAllOf(c.ctx, &appsv1.Deployment{}, client.InNamespace(c.namespace))).To(gomega.Succeed())
	c.state(controller, "attached", 0)
	// Garbage collection, which does not run here, deletes the autoscalers.
	c.Expect(c.written()).To(gomega.BeEquivalentTo(n), "writes of autoscalers after the deletion")
	c.Expect(c.failedOpen()).To(gomega.BeZero())
	// An event for what was done and one for what is wrong with the pipeline, of which
	// most still wait.
	c.Expect(c.requests("resource", "events", "verb", "POST")).To(gomega.BeNumerically("<=", 2*n))
	c.expectWithinLimit(webhook)
	c.expectWithinLimit(controller)
}
