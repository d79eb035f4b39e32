package serving

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/onsi/gomega"
)

// Two webhooks are restarted in turn while the API server calls: no call fails.
func TestRollingUpdateFailsNoCall(t *testing.T) {
	c := newCluster(t)
	replicas := []*replica{c.start(drain), c.start(drain)}
	load := c.startLoad(10, 300*time.Millisecond)
	restarts := 0
	for range 2 {
		for i := range replicas {
			before := load.admitted.Load()
			c.Expect(replicas[i].Stop()).To(gomega.Succeed())
			c.Expect(c.balancer.sendsTo(replicas[i].address)).To(gomega.BeFalse(), "it stopped before it was out of the Service")
			replicas[i] = c.start(drain)
			restarts++
			c.Expect(load.admitted.Load()).To(gomega.BeNumerically(">", before), "there was load during the restart")
		}
	}
	t.Logf("%d restarts", restarts)
	load.end(t, c.balancer.connections.Load())
}

// While draining, the process is unready, but alive and serving.
func TestDrainingIsUnreadyAndAlive(t *testing.T) {
	c := newCluster(t)
	r := c.start("--drain-period=5s")
	bundle := []byte(c.bundles()[0])
	stopped := make(chan error, 1)
	go func() { stopped <- r.Stop() }()
	get := func(path string) int {
		resp, err := http.Get(r.Probes + path)
		if err != nil {
			return 0
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	}
	c.Eventually(func() int { return get("/readyz") }).Should(gomega.Equal(http.StatusInternalServerError))
	c.Expect(get("/healthz")).To(gomega.Equal(http.StatusOK))
	_, _, err := handshake(r.address, bundle)
	c.Expect(err).NotTo(gomega.HaveOccurred(), "it serves on")
	c.Eventually(stopped).Should(gomega.Receive(gomega.BeNil()))
}
