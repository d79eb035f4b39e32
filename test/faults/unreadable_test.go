package faults

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

// brokenPipeline installs the kinds of a pipeline, of which nothing is there, and returns
// workloads with the events about that.
func (c *cluster) brokenPipeline(n int) (names []string, told map[string]int) {
	c.t.Helper()
	c.attached(c.enable(n)...)
	for i := range n {
		names = append(names, fmt.Sprintf("echo-%03d", i))
	}
	return names, c.settled(3, names...)
}

func (c *cluster) restartAPIServer() {
	c.t.Helper()
	c.Expect(c.cp.Kill(controlplane.APIServer)).To(gomega.Succeed())
	c.Expect(c.cp.Restart(c.ctx, controlplane.APIServer)).To(gomega.Succeed())
}

// A restart of the only API server, and a moment in which it forbids everything, say
// nothing about the pipeline.
func TestTheAPIServerRestarts(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	c.Expect(controlplane.InstallCRDs(c.ctx, c.admin)).To(gomega.Succeed())
	controller := c.controller()
	names, told := c.brokenPipeline(10)
	before := c.versions()

	c.restartAPIServer()
	c.proof("after-restart")
	c.settled(3, "after-restart")
	c.Expect(c.told(names...)).To(gomega.Equal(told), "after the restart")

	binding := c.clusterRoleBinding(controllerName)
	c.Expect(c.admin.Delete(c.ctx, binding)).To(gomega.Succeed())
	c.restartAPIServer() // otherwise what is being watched is watched further
	unread, services := unread("services")
	c.Eventually(func() (float64, error) {
		if now := c.told(names...); !maps.Equal(now, told) {
			return 0, gomega.StopTrying(fmt.Sprintf("events were %v and are %v", told, now))
		}
		return c.metric(controller, unread, services), nil
	}).WithTimeout(3 * time.Minute).Should(gomega.BeEquivalentTo(1))
	c.createAnyhow(fresh(binding))
	c.proof("after-refusal")
	c.settled(3, "after-refusal")
	c.Expect(c.told(names...)).To(gomega.Equal(told), "after the refusal")
	after := c.versions()
	maps.DeleteFunc(after, func(name, _ string) bool { return strings.HasPrefix(name, "after") })
	c.Expect(after).To(gomega.Equal(before))
}

func (c *cluster) clusterRoleBinding(name string) *rbacv1.ClusterRoleBinding {
	c.t.Helper()
	var b rbacv1.ClusterRoleBinding
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Name: name}, &b)).To(gomega.Succeed())
	return &b
}

func fresh(b *rbacv1.ClusterRoleBinding) *rbacv1.ClusterRoleBinding {
	again := b.DeepCopy()
	again.ResourceVersion, again.UID = "", ""
	return again
}

// mayRead grants the right to read Services, or revokes it.
func (c *cluster) mayRead(account, resource string, allowed bool) {
	c.t.Helper()
	var role rbacv1.ClusterRole
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Name: account}, &role)).To(gomega.Succeed())
	for i, rule := range role.Rules {
		for j, name := range rule.Resources {
			switch name {
			case resource:
				if !allowed {
					role.Rules[i].Resources[j] = "no-" + resource
				}
			case "no-" + resource:
				role.Rules[i].Resources[j] = resource
			}
		}
	}
	c.Expect(c.admin.Update(c.ctx, &role)).To(gomega.Succeed())
}

// What a cache does not show any more may exist: nothing is concluded from its absence.
func TestTheRightToReadServicesIsRevoked(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	controller, webhook := c.controller(), c.webhook()
	c.attached(c.enable(2)...)
	before := c.versions()
	for _, account := range []string{controllerName, "kong-latency-webhook"} {
		c.mayRead(account, "services", false)
	}
	c.restartAPIServer() // otherwise what is being watched is watched further
	c.logs("controller", "services is forbidden")
	c.logs("webhook", "services is forbidden")

	warned := c.warnings()
	d, s := c.workload("new", map[string]string{annotations.TargetMS: "40"})
	c.Eventually(func() error { return warned.client.Create(c.ctx, s) }).Should(gomega.Succeed())
	c.Eventually(func() error { return warned.client.Create(c.ctx, d) }).Should(gomega.Succeed())
	c.Expect(warned.take()).To(gomega.ContainElement(gomega.ContainSubstring("PairingUnknown")))

	// The controller sees the Deployment, and waits.
	c.showsUnread(controller, "services", true)
	c.showsUnread(webhook, "services", true)
	for _, account := range []string{controllerName, "kong-latency-webhook"} {
		c.mayRead(account, "services", true)
	}
	c.showsUnread(controller, "services", false)
	c.showsUnread(webhook, "services", false)
	c.attached("new")
	for event := range c.told("new") {
		c.Expect(event).NotTo(gomega.ContainSubstring("NoServiceSelectsPods"))
	}
	after := c.versions()
	delete(after, "new")
	c.Expect(after).To(gomega.Equal(before))
}

func TestTheRightToReadServicesIsRevokedForMinutes(t *testing.T) {
	takesMinutes(t)
	c := newCluster(t, controlplane.Options{Bare: true})
	controller, webhook := c.controller(), c.webhook()
	c.attached(c.enable(2)...)
	ready := func(p *product.Process) func() int {
		return func() int {
			resp, err := http.Get(p.Probes + "/readyz")
			c.Expect(err).NotTo(gomega.HaveOccurred())
			c.Expect(resp.Body.Close()).To(gomega.Succeed())
			return resp.StatusCode
		}
	}
	for _, account := range []string{controllerName, "kong-latency-webhook"} {
		c.mayRead(account, "services", false)
	}
	c.restartAPIServer()
	for _, p := range []*product.Process{controller, webhook} {
		c.Eventually(ready(p)).WithTimeout(4*time.Minute).Should(gomega.Equal(http.StatusInternalServerError), "ready without Services")
	}
	for _, account := range []string{controllerName, "kong-latency-webhook"} {
		c.mayRead(account, "services", true)
	}
	for _, p := range []*product.Process{controller, webhook} {
		c.Eventually(ready(p)).WithTimeout(3 * time.Minute).Should(gomega.Equal(http.StatusOK))
	}
}
