package integration

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/test/product"
)

// led is the number of workloads when the leader dies.
const led = 50

func TestFailoverWritesNothingAgain(t *testing.T) {
	e := newEnv(t)
	before := e.hpaWrites()
	for i := range led {
		name := fmt.Sprintf("echo-%02d", i)
		d := e.deployment(name, enabled())
		d.Spec.Replicas = ptr.To[int32](0) // no pods are needed
		e.create(e.service(name, nil), d)
	}
	e.Eventually(e.countHPAs).WithTimeout(waitLong).Should(gomega.Equal(led))

	leader := e.failOver(func() {
		late := e.deployment("late", enabled())
		late.Spec.Replicas = ptr.To[int32](0)
		e.create(e.service("late", nil), late)
	})
	e.Eventually(e.countHPAs).WithTimeout(waitLong).Should(gomega.Equal(led + 1))
	follower := e.lease()
	gap := follower.Spec.AcquireTime.Sub(leader.Spec.RenewTime.Time).Round(100 * time.Millisecond)
	t.Logf("the other leads %s after the last sign of life; a lease lasts %d s", gap, *leader.Spec.LeaseDurationSeconds)

	e.Eventually(func() float64 { return e.reconciles() }).WithTimeout(waitLong).Should(gomega.BeNumerically(">=", led+1))
	e.Expect(e.hpaWrites()-before).To(gomega.BeEquivalentTo(led+1), "one write per workload, whoever leads")
}

// failOver kills the controller, does something while nobody leads, and waits until another
// leads. It returns the Lease of the one that is dead.
func (e *env) failOver(between func()) *coordinationv1.Lease {
	e.t.Helper()
	// The test's context ends with the test, and the process must not.
	standby, err := product.Controller(context.WithoutCancel(e.ctx), e.stack.cp, workloadFindings)
	e.Expect(err).NotTo(gomega.HaveOccurred())
	leader := e.lease()
	e.Expect(syscall.Kill(e.stack.controller.PID(), syscall.SIGKILL)).To(gomega.Succeed())
	e.Eventually(e.stack.controller.Done()).WithTimeout(waitLong).Should(gomega.BeClosed())
	_ = e.stack.controller.Stop() // its error says that it was killed, which is intended
	e.stack.controller = standby
	between()
	// There is no leader until the lease expires and the other one acquires it.
	within := time.Duration(*leader.Spec.LeaseDurationSeconds)*time.Second + waitLong
	e.Eventually(func() string { return *e.lease().Spec.HolderIdentity }).WithTimeout(within).ShouldNot(gomega.Equal(*leader.Spec.HolderIdentity))
	return leader
}

// lease returns the Lease for the controllers' leader election.
func (e *env) lease() *coordinationv1.Lease {
	e.t.Helper()
	var l coordinationv1.Lease
	key := client.ObjectKey{Namespace: product.Namespace, Name: "kong-latency-controller"}
	e.Expect(e.client.Get(e.ctx, key, &l)).To(gomega.Succeed())
	e.Expect(l.Spec.HolderIdentity).NotTo(gomega.BeNil(), "there is no leader")
	return &l
}
