package faults

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kong-latency/kong-latency/test/controlplane"
	"github.com/kong-latency/kong-latency/test/product"
)

// secondInstallation starts a webhook in another namespace with the rights of an admin and
// the same webhook configurations. It does not wait until it is ready.
func (c *cluster) secondInstallation() *product.Process {
	c.t.Helper()
	c.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "second"}})
	var ports [3]int
	for i := range ports {
		var err error
		ports[i], err = controlplane.FreePort()
		c.Expect(err).NotTo(gomega.HaveOccurred())
	}
	local := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	cmd := exec.Command(c.cp.Binary("kong-latency"), "webhook", "--namespace=second", "--kubeconfig="+c.cp.Kubeconfig(),
		"--webhook-bind-address="+local(0), "--cert-dns-names=127.0.0.1", "--drain-period=0s",
		"--metrics-bind-address="+local(1), "--health-probe-bind-address="+local(2))
	cmd.Env = []string{"HOME=" + c.cp.Dir()}
	p, err := c.cp.Run("second", cmd)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return &product.Process{Process: p, Metrics: "http://" + local(1) + "/metrics", Probes: "http://" + local(2)}
}

// ready is the status of a readiness check, and what it says.
func (c *cluster) ready(p *product.Process, check string) (status int, says string) {
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, p.Probes+"/readyz/"+check, nil)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error() // it does not listen yet
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return resp.StatusCode, string(body)
}

func TestTwoInstallationsShareTheWebhookConfigurations(t *testing.T) {
	takesMinutes(t)
	c := newCluster(t, controlplane.Options{Bare: true})
	first := c.webhook()
	written := func() float64 {
		return c.requests("resource", "mutatingwebhookconfigurations", "verb", "PATCH") +
			c.requests("resource", "validatingwebhookconfigurations", "verb", "PATCH")
	}
	before := written()
	second := c.secondInstallation()
	c.Eventually(func() int { status, _ := c.ready(second, "webhook-server"); return status }).Should(gomega.Equal(http.StatusOK))
	c.Eventually(func() int { status, _ := c.ready(second, "certificate"); return status }).Should(gomega.Equal(http.StatusInternalServerError))
	c.Consistently(func(g gomega.Gomega) {
		// The second one tries again after 10 and after 20 seconds; each time both write both.
		g.Expect(written() - before).To(gomega.BeNumerically("<=", 12))
		status, says := c.ready(first, "certificate")
		g.Expect(status).To(gomega.Equal(http.StatusOK), says)
		status, _ = c.ready(second, "certificate")
		g.Expect(status).To(gomega.Equal(http.StatusInternalServerError))
	}).WithTimeout(25 * time.Second).WithPolling(time.Second).Should(gomega.Succeed())
	c.Expect(second.Stop()).To(gomega.Succeed())
	log := c.logOf("second")
	c.Expect(log).To(gomega.ContainSubstring("is replaced by another installation of kong-latency"))
	c.Expect(log).To(gomega.ContainSubstring("kong-latency-certs"))
	c.admitted(first)
}

// admitted waits until annotated objects are admitted by the webhook again.
func (c *cluster) admitted(p *product.Process) {
	c.t.Helper()
	calls := func() float64 { return c.gauge(p, "kong_latency_admissions_total") }
	c.Eventually(func() bool {
		before := calls()
		c.dryRun(c.ctx)
		return calls() > before
	}).Should(gomega.BeTrue(), "the webhook is not called")
}

// dryRun creates an annotated Deployment without effect.
func (c *cluster) dryRun(ctx context.Context) {
	c.t.Helper()
	c.Expect(c.tryDryRun(ctx)).To(gomega.Succeed())
}
