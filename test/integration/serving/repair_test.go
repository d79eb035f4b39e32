package serving

import (
	"maps"
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kong-latency/kong-latency/certs"
)

// pair returns a valid pair for the webhooks of these tests, of another authority.
func (c *cluster) pair(at time.Time) map[string][]byte {
	c.t.Helper()
	spec := certs.Spec{
		Names:             []string{"127.0.0.1", "kong-latency-webhook.kong-latency-system.svc"},
		AuthorityValidity: certs.DefaultAuthorityValidity, LeafValidity: certs.DefaultLeafValidity,
	}
	pair, _, err := spec.Next(certs.Seen{}, at)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	data, err := certs.Encode(pair)
	c.Expect(err).NotTo(gomega.HaveOccurred())
	return data
}

// spoil corrupts the Secret's data.
func (c *cluster) spoil(change func(map[string][]byte)) {
	c.t.Helper()
	c.Eventually(func() error {
		s := c.secret(certs.SelfSignedSecret)
		change(s.Data)
		return c.admin.Update(c.ctx, s)
	}).Should(gomega.Succeed())
}

func TestBadSecretIsReplacedWhileTheOldPairServes(t *testing.T) {
	c := newCluster(t)
	r := c.start("--cert-grace=" + grace.String())
	good, bundles := c.secret(certs.SelfSignedSecret).Data, c.bundles()
	prober := c.startProber(r.address)
	load := c.startLoad(5, 100*time.Millisecond)
	foreign, expired := c.pair(time.Now()), c.pair(time.Now().Add(-2*certs.DefaultAuthorityValidity))
	for name, change := range map[string]func(map[string][]byte){
		"key of the authority corrupt": func(d map[string][]byte) { d["ca.key"] = []byte("x") },
		"emptied":                      func(d map[string][]byte) { clear(d); d["tls.crt"], d["tls.key"] = nil, nil },
		"key of another pair":          func(d map[string][]byte) { d["tls.key"] = foreign["tls.key"] },
		"authority of another pair":    func(d map[string][]byte) { d["ca.crt"] = foreign["ca.crt"] },
		"expired": func(d map[string][]byte) {
			maps.Copy(d, expired)
		},
	} {
		c.spoil(change)
		c.Eventually(func() map[string][]byte { return c.secret(certs.SelfSignedSecret).Data }).Should(gomega.Equal(good), name)
		c.Expect(c.bundles()).To(gomega.Equal(bundles), name)
	}
	var s corev1.Secret
	s.Namespace, s.Name = c.secret(certs.SelfSignedSecret).Namespace, certs.SelfSignedSecret
	c.Expect(c.admin.Delete(c.ctx, &s)).To(gomega.Succeed())
	c.Eventually(func() error {
		return c.admin.Get(c.ctx, client.ObjectKeyFromObject(&s), &s)
	}).Should(gomega.Succeed())
	c.Expect(s.Data).To(gomega.Equal(good))
	if issuers, leaves := prober.seen(); issuers != 1 || leaves != 1 {
		t.Errorf("%d certificates of %d authorities were served, want one", leaves, issuers)
	}

	// A valid pair of another authority is introduced beside the one in use.
	c.spoil(func(d map[string][]byte) { maps.Copy(d, foreign) })
	c.Eventually(func() error {
		_, _, err := handshake(r.address, foreign["ca.crt"])
		return err
	}).Should(gomega.Succeed(), "the foreign authority is taken over")
	load.end(t, c.balancer.connections.Load())
	prober.end(t)
}

// The timeout is less than the interval of the periodic check.
func TestWipedTrustIsRepairedAtOnce(t *testing.T) {
	c := newCluster(t)
	c.start("--cert-mode=auto") // cert-manager is not installed
	before := c.bundles()
	for _, bundle := range [][]byte{nil, c.pair(time.Now())["ca.crt"]} {
		c.setBundles(bundle)
		c.Eventually(c.bundles).Should(gomega.Equal(before))
	}
	load := c.startLoad(1, 50*time.Millisecond)
	c.Eventually(load.admitted.Load).Should(gomega.BeNumerically(">=", 3), load.String)
	load.stop()
}
