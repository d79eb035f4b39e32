package faults

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
	"github.com/kong-latency/kong-latency/test/testutil"
)

// logOf is what a process has logged.
func (c *cluster) logOf(name string) string {
	c.t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.cp.Dir(), name+".log"))
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return string(raw)
}

// tryDryRun creates an annotated Deployment without effect.
func (c *cluster) tryDryRun(ctx context.Context) error {
	d, _ := c.workload("dry", testutil.Settings())
	return c.admin.Create(ctx, d, client.DryRunAll)
}

// all starts webhook and controller in one process.
func (c *cluster) all() *product.Process {
	c.t.Helper()
	c.Expect(product.InstallAllInOne(c.ctx, c.admin, "https://"+c.address)).To(gomega.Succeed())
	p, err := product.All(c.ctx, c.cp, c.address)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return p
}

func (c *cluster) lease() *coordinationv1.Lease {
	c.t.Helper()
	var l coordinationv1.Lease
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Namespace: product.Namespace, Name: "kong-latency-controller"}, &l)).To(gomega.Succeed())
	return &l
}

// admissions calls the webhook all the time, and counts calls that were not answered by
// the process. The API server admits without an answer, so it counts itself.
type admissions struct {
	calls, refused atomic.Int64
	stop           func()
}

func (c *cluster) admissions() *admissions {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.ctx)
	a := &admissions{}
	var ended sync.WaitGroup
	ended.Go(func() {
		for ctx.Err() == nil {
			if err := c.tryDryRun(ctx); err != nil && ctx.Err() == nil {
				a.refused.Add(1)
			}
			a.calls.Add(1)
		}
	})
	a.stop = func() { cancel(); ended.Wait() }
	c.t.Cleanup(a.stop)
	return a
}

// failedOpen counts the calls of webhooks that failed and were ignored.
func (c *cluster) failedOpen() float64 {
	return c.served("apiserver_admission_webhook_fail_open_count")
}

func TestAnotherHolderTakesTheLeaseOfAll(t *testing.T) {
	takesMinutes(t)
	c := newCluster(t, controlplane.Options{Bare: true})
	process := c.all()
	c.attached(c.enable(1)...)
	before := c.failedOpen()
	a := c.admissions()
	mine := c.lease()
	holder := *mine.Spec.HolderIdentity
	mine.Spec.HolderIdentity, mine.Spec.RenewTime = ptr.To("somebody-else"), ptr.To(metav1.NowMicro())
	mine.Spec.LeaseDurationSeconds = ptr.To[int32](15)
	c.Eventually(func() error {
		fresh := c.lease()
		fresh.Spec = mine.Spec
		return c.admin.Update(c.ctx, fresh)
	}).Should(gomega.Succeed())
	c.Eventually(func() string { return c.logOf("all") }).Should(gomega.ContainSubstring("lost the lease"))
	c.Eventually(func() string { return *c.lease().Spec.HolderIdentity }).WithTimeout(2 * time.Minute).Should(gomega.Equal(holder))
	d, s := c.workload("later", testutil.Settings())
	c.create(s, d)
	c.attached("later")
	c.answered(process, a, before)
}

func TestTheRightToTheLeaseOfAllIsRevoked(t *testing.T) {
	takesMinutes(t)
	c := newCluster(t, controlplane.Options{Bare: true})
	process := c.all()
	c.attached(c.enable(1)...)
	before := c.failedOpen()
	a := c.admissions()
	var role rbacv1.Role
	c.Expect(c.admin.Get(c.ctx, client.ObjectKey{Namespace: product.Namespace, Name: "kong-latency-leader-election"}, &role)).To(gomega.Succeed())
	whole := role.Rules
	role.Rules = nil
	c.Expect(c.admin.Update(c.ctx, &role)).To(gomega.Succeed())
	c.Eventually(func() string { return c.logOf("all") }).Should(gomega.ContainSubstring("lost the lease"))
	role.Rules = whole
	c.Expect(c.admin.Update(c.ctx, &role)).To(gomega.Succeed())
	d, s := c.workload("later", testutil.Settings())
	c.create(s, d)
	c.attached("later")
	c.answered(process, a, before)
}

// answered ends the calls and expects that the process has answered all.
func (c *cluster) answered(p *product.Process, a *admissions, failedOpen float64) {
	c.t.Helper()
	a.stop()
	c.t.Logf("%d calls", a.calls.Load())
	c.Expect(a.refused.Load()).To(gomega.BeZero())
	c.Expect(c.failedOpen() - failedOpen).To(gomega.BeZero())
	c.Expect(c.gauge(p, "kong_latency_admissions_total")).To(gomega.BeNumerically(">=", a.calls.Load()-1))
}
