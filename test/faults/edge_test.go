package faults

import (
	"testing"

	"github.com/kong-latency/kong-latency/test/controlplane"
)

func TestWorkloadsAreAttachedWithinTheMemoryLimit(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	webhook, controller := c.webhook(), c.controller()
	c.attached(c.enable(20)...)
	c.expectWithinLimit(webhook)
	c.expectWithinLimit(controller)
}
