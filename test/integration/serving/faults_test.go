package serving

import (
	"syscall"
	"testing"
	"time"

	"github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
)

// drain is shorter than the shipped period, and longer than the balancer's lag.
const drain = "--drain-period=4s"

// failOpen restores the shipped failurePolicy.
func (c *cluster) failOpen() { c.failurePolicy(admissionv1.Ignore) }

// kill ends the replica's process as the kernel does when a node dies.
func (c *cluster) kill(r *replica) {
	c.t.Helper()
	c.Expect(syscall.Kill(r.PID(), syscall.SIGKILL)).To(gomega.Succeed())
	<-r.Done()
	c.Expect(r.Stop()).To(gomega.MatchError(gomega.ContainSubstring("killed")))
}

// count is how many requests the load has sent.
func (l *load) count() int64 { return l.admitted.Load() + l.unseen.Load() }

// Nothing can save the calls to a replica that is gone, but no user's request fails, and
// none is admitted unchecked any more as soon as the Service has lost the endpoint.
func TestOneOfTwoReplicasIsKilledUnderLoad(t *testing.T) {
	c := newCluster(t)
	c.failOpen()
	killed := c.start()
	c.start()
	load := c.startLoad(10, 100*time.Millisecond)
	c.Eventually(load.admitted.Load).Should(gomega.BeNumerically(">=", 30))
	c.kill(killed)
	c.Eventually(func() bool { return c.balancer.sendsTo(killed.address) }).Should(gomega.BeFalse())
	after := load.count() + 20 // those that were under way
	c.Eventually(load.count).Should(gomega.BeNumerically(">=", after))
	unseen, admitted := load.unseen.Load(), load.admitted.Load()
	t.Logf("%d requests were admitted unchecked", unseen)
	c.Eventually(load.admitted.Load).Should(gomega.BeNumerically(">=", admitted+100))
	c.Expect(load.unseen.Load()).To(gomega.Equal(unseen), "requests were admitted unchecked though the other replica serves")
	load.unseen.Store(0) // which end would report
	load.end(t, c.balancer.connections.Load())
}

// A node is drained, and then the next one: each evicts a webhook as soon as the
// disruption budget allows it, which is when the replacement of the former is ready.
func TestTwoNodesAreDrainedInARow(t *testing.T) {
	c := newCluster(t)
	replicas := []*replica{c.start(drain), c.start(drain)}
	load := c.startLoad(10, 200*time.Millisecond)
	stopped := make(chan error, len(replicas))
	for _, r := range replicas {
		before := load.admitted.Load()
		go func() { stopped <- r.Stop() }()
		c.start(drain) // its replacement, at once
		c.Eventually(load.admitted.Load).Should(gomega.BeNumerically(">", before), "there is load during the drain")
	}
	for range replicas {
		c.Eventually(stopped).Should(gomega.Receive(gomega.BeNil()))
	}
	load.end(t, c.balancer.connections.Load())
}

// A webhook is restarted while a new authority is published but not served yet, and
// another one while its certificate is being renewed.
func TestReplicasAreRestartedDuringRotation(t *testing.T) {
	c := newCluster(t)
	flags := append([]string{drain}, hasty...)
	replicas := []*replica{c.start(flags...), c.start(flags...)}
	load := c.startLoad(10, 200*time.Millisecond)
	seen := c.bundles()[0]
	for i := range replicas {
		c.Eventually(func() bool {
			now := c.bundles()[0]
			return now != seen && len(parse([]byte(now))) > 1
		}).Should(gomega.BeTrue(), "another authority is published beside the one in use")
		seen = c.bundles()[0]
		stopped := make(chan error, 1)
		go func() { stopped <- replicas[i].Stop() }()
		c.start(flags...)
		c.Eventually(stopped).Should(gomega.Receive(gomega.BeNil()))
	}
	load.end(t, c.balancer.connections.Load())
}

// Several hundred calls arrive at once while one of two replicas stops.
func TestOneReplicaStopsUnderSeveralHundredCalls(t *testing.T) {
	c := newCluster(t)
	stopping := c.start(drain)
	c.start(drain)
	load := c.startLoad(300, 500*time.Millisecond)
	c.Eventually(load.admitted.Load).Should(gomega.BeNumerically(">=", 300))
	before := load.admitted.Load()
	c.Expect(stopping.Stop()).To(gomega.Succeed())
	c.Eventually(load.admitted.Load).Should(gomega.BeNumerically(">=", before+600), "there was load while it stopped")
	load.end(t, c.balancer.connections.Load())
}
