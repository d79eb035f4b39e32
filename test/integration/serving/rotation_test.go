package serving

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/kong-latency/kong-latency/certs"
)

var dialer = &net.Dialer{Timeout: 5 * time.Second}

// hasty are flags with which the leaf is renewed every 6 seconds and the authority
// every 11.
var hasty = []string{"--cert-validity=9s", "--cert-authority-validity=20s", "--cert-grace=" + grace.String()}

// parse returns the certificates of a bundle, none if it cannot be read.
func parse(bundle []byte) []*x509.Certificate {
	var out []*x509.Certificate
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			out = append(out, c)
		}
	}
	return out
}

// Leaf and authority are renewed repeatedly, by two replicas at the same time, while
// the API server calls: no call fails.
func TestRotationFailsNoCall(t *testing.T) {
	c := newCluster(t)
	first, second := c.start(hasty...), c.start(hasty...)
	oldest := parse([]byte(c.bundles()[0]))[0]
	load := c.startLoad(40, time.Second)
	prober := c.startProber(first.address, second.address)

	c.Eventually(func() bool {
		issuers, leaves := prober.seen()
		return issuers >= 4 && leaves >= 8
	}).WithTimeout(3*time.Minute).Should(gomega.BeTrue(), "leaf and authority are renewed several times")
	load.end(t, c.balancer.connections.Load())
	prober.end(t)

	if served, known := len(prober.issuers), len(prober.authorities); known > served+1 {
		t.Errorf("%d authorities were published but %d served: the replicas made more than one at a time", known, served)
	}
	for _, authority := range parse([]byte(c.bundles()[0])) {
		if authority.Equal(oldest) {
			t.Error("the first authority is trusted still, long after its last certificate")
		}
	}
	if opened := c.balancer.connections.Load(); opened < load.admitted.Load()/10 {
		t.Errorf("the API server opened %d connections for %d objects: too few to see new certificates", opened, load.admitted.Load())
	}
}

func TestReplicasThatStartAtOnceAgree(t *testing.T) {
	c := newCluster(t)
	replicas := make([]*replica, 3)
	errs := make([]error, len(replicas))
	var wg sync.WaitGroup
	for i := range replicas {
		wg.Go(func() { replicas[i], errs[i] = c.tryStart() })
	}
	wg.Wait()
	c.Expect(errs).To(gomega.HaveEach(gomega.BeNil()))
	stored := string(c.secret(certs.SelfSignedSecret).Data["ca.crt"])
	c.Expect(parse([]byte(stored))).To(gomega.HaveLen(1), "one authority")
	c.Expect(c.bundles()).To(gomega.HaveEach(stored))
	for _, r := range replicas {
		_, _, err := handshake(r.address, []byte(stored))
		c.Expect(err).NotTo(gomega.HaveOccurred(), r.address)
		c.await(r)
	}
	load := c.startLoad(10, 100*time.Millisecond)
	c.Eventually(load.admitted.Load).Should(gomega.BeNumerically(">=", 30))
	load.end(t, c.balancer.connections.Load())
}
