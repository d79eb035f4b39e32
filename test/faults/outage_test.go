package faults

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/internal/annotations"
	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

// setTarget changes the target of these workloads.
func (c *cluster) setTarget(names []string, target string) {
	c.t.Helper()
	for _, name := range names {
		patch := client.RawPatch("application/merge-patch+json",
			[]byte(`{"metadata":{"annotations":{"`+annotations.TargetMS+`":"`+target+`"}}}`))
		d := &appsv1.Deployment{}
		d.Namespace, d.Name = c.namespace, name
		c.Expect(c.admin.Patch(c.ctx, d, patch)).To(gomega.Succeed())
	}
}

// haveTarget waits until the autoscalers of these workloads have a target.
func (c *cluster) haveTarget(names []string, target string) {
	c.t.Helper()
	c.Eventually(func() int {
		have := 0
		for _, h := range c.hpas() {
			if h.Spec.Metrics[0].Object.Target.Value.String() == target {
				have++
			}
		}
		return have
	}).Should(gomega.Equal(len(names)))
}

// A leader that was stopped goes on in the middle of what it did, with the changes of
// the time in between still to be received one after the other.
func TestAStoppedLeaderWritesNothing(t *testing.T) {
	takesMinutes(t)
	c := newCluster(t, controlplane.Options{Bare: true})
	old := c.controller()
	names := c.enable(100)
	c.attached(names...)
	c.settled(1, names...)
	goOn := c.stop(old.PID())
	next := c.controller()
	c.Eventually(func() bool { return c.leads(next) }).Should(gomega.BeTrue())
	for _, target := range []string{"41", "42", "43"} {
		c.setTarget(names, target)
		c.haveTarget(names, target)
	}
	before, told := c.versions(), c.settled(4, names...)
	goOn()
	c.Eventually(old.Done()).Should(gomega.BeClosed(), "it notices that it is the leader no longer")
	_ = old.Stop() // its error says that it lost the lease, which is intended
	c.settled(4, names...)
	c.Expect(c.versions()).To(gomega.Equal(before))
	c.Expect(c.told(names...)).To(gomega.Equal(told))
}

// A process that was stopped for long comes back to watches that cannot be continued: what
// happened meanwhile is neither lost nor taken for something else.
func TestAWatchExpires(t *testing.T) {
	c := newCluster(t, controlplane.Options{Bare: true})
	c.Expect(controlplane.InstallCRDs(c.ctx, c.admin)).To(gomega.Succeed())
	controller := c.controller("--leader-elect=false") // it is stopped for longer than a lease lasts
	names, told := c.brokenPipeline(5)
	before := c.versions()
	goOn := c.stop(controller.PID())
	c.setTarget(names[:1], "41")
	c.createAnyhow(c.workloadObjects("late")...)
	var d appsv1.Deployment
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Namespace: c.namespace, Name: "late"}, &d)).To(gomega.Succeed())
	revision, err := strconv.ParseInt(d.ResourceVersion, 10, 64)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	c.Expect(c.cp.Compact(c.ctx, revision)).To(gomega.Succeed())
	c.restartAPIServer() // whose caches begin now
	goOn()
	c.attached("late")
	c.haveTarget(names[:1], "41")
	c.settled(3, "late")
	after, updated := c.versions(), c.told(names[1:]...)
	for _, name := range names[1:] {
		c.Expect(after[name]).To(gomega.Equal(before[name]), name)
	}
	for event, count := range updated {
		c.Expect(count).To(gomega.Equal(told[event]), event)
	}
	c.Expect(controller.Err()).NotTo(gomega.HaveOccurred())
}

// outage is a cluster with both processes and a broken pipeline, and what was said about it.
type outage struct {
	*cluster
	webhook, controller *product.Process
	names               []string
	written             map[string]string // the versions of the autoscalers
	reported            map[string]int    // the events about the workloads
}

func newOutage(t *testing.T) *outage {
	t.Helper()
	c := newCluster(t, controlplane.Options{Bare: true})
	c.Expect(controlplane.InstallCRDs(c.ctx, c.admin)).To(gomega.Succeed())
	c.policy("frame")
	// The lease would be lost, and the process restarted, which reports findings again.
	o := &outage{cluster: c, webhook: c.webhook(), controller: c.controller("--leader-elect=false")}
	o.names = c.autoAttached(5)
	o.reported = c.settled(3, o.names...)
	o.written = c.versions()
	return o
}

// expectAsBefore waits until both processes work again, and expects that nothing changed.
func (o *outage) expectAsBefore() {
	o.t.Helper()
	o.proof("after")
	o.settled(3, "after")
	for _, p := range []*product.Process{o.webhook, o.controller} {
		o.Expect(p.Err()).NotTo(gomega.HaveOccurred())
		for _, kind := range []string{policiesResource, "services", "httproutes.gateway.networking.k8s.io"} {
			o.showsUnread(p, kind, false)
		}
		o.Eventually(func() int {
			resp, err := http.Get(p.Probes + "/readyz")
			o.Expect(err).NotTo(gomega.HaveOccurred())
			o.Expect(resp.Body.Close()).To(gomega.Succeed())
			return resp.StatusCode
		}).Should(gomega.Equal(http.StatusOK))
	}
	o.settled(3, o.names...)
	o.Expect(o.told(o.names...)).To(gomega.Equal(o.reported))
	after := o.versions()
	delete(after, "after")
	o.Expect(after).To(gomega.Equal(o.written))
}

// runOn expects that both processes run on during an outage.
func (o *outage) runOn(during time.Duration) {
	o.t.Helper()
	o.Consistently(func() error {
		for _, p := range []*product.Process{o.webhook, o.controller} {
			select {
			case <-p.Done():
				return p.Err()
			default:
			}
		}
		return nil
	}).WithTimeout(during).WithPolling(time.Second).Should(gomega.Succeed())
}

func TestEtcdDoesNotAnswerForHalfAMinute(t *testing.T) {
	takesMinutes(t)
	o := newOutage(t)
	etcd, err := o.cp.Component(controlplane.Etcd)
	o.Expect(err).NotTo(gomega.HaveOccurred())
	goOn := o.stop(etcd.PID())
	o.runOn(30 * time.Second)
	goOn()
	o.expectAsBefore()
}

func TestTheAPIServerIsAwayForFiveMinutes(t *testing.T) {
	takesMinutes(t)
	o := newOutage(t)
	o.Expect(o.cp.Kill(controlplane.APIServer)).To(gomega.Succeed())
	for _, p := range []*product.Process{o.webhook, o.controller} {
		for _, kind := range []string{policiesResource, "services", "httproutes.gateway.networking.k8s.io"} {
			o.showsUnread(p, kind, true)
		}
	}
	o.runOn(4 * time.Minute)
	o.Expect(o.cp.Restart(o.ctx, controlplane.APIServer)).To(gomega.Succeed())
	o.expectAsBefore()
}
