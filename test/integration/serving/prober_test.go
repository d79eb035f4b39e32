package serving

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// hearsay is the delay with which the prober trusts a new caBundle: less than the grace.
const hearsay = 500 * time.Millisecond

// grace is the --cert-grace of the replicas in these tests: clients that learn of a new
// authority within that time must have no failed handshake.
const grace = time.Second

// prober continuously makes handshakes with every replica, trusting an earlier
// caBundle, like an API server with delayed watches. It records what it sees.
type prober struct {
	mu          sync.Mutex
	handshakes  int
	late        int // not counted, because the prober was too slow
	failed      []error
	issuers     map[string]bool // of the certificates that were served
	leaves      map[string]bool
	authorities map[string]bool // seen in caBundle
	bundles     []dated

	stop  context.CancelFunc
	ended sync.WaitGroup
}

type dated struct {
	bundle []byte
	at     time.Time
}

func (c *cluster) startProber(addresses ...string) *prober {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.ctx)
	p := &prober{stop: cancel, issuers: map[string]bool{}, leaves: map[string]bool{}, authorities: map[string]bool{}}
	p.ended.Go(func() {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			p.hear(ctx, c.admin)
			for _, address := range addresses {
				p.shake(address)
			}
		}
	})
	c.t.Cleanup(func() { cancel(); p.ended.Wait() })
	return p
}

func (p *prober) hear(ctx context.Context, from client.Client) {
	var v admissionv1.ValidatingWebhookConfiguration
	sent := time.Now() // the answer is at least as new
	if err := from.Get(ctx, client.ObjectKey{Name: configuration}, &v); err != nil {
		return // the test has ended
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	bundle := v.Webhooks[0].ClientConfig.CABundle
	p.bundles = append(p.bundles, dated{bundle, sent})
	for _, c := range parse(bundle) {
		p.authorities[string(c.Raw)] = true
	}
}

// trusts returns the earlier bundle, and since when a newer one exists; zero if there
// is none.
func (p *prober) trusts() (bundle []byte, outdated time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.bundles) > 1 && time.Since(p.bundles[1].at) > hearsay {
		p.bundles = p.bundles[1:]
	}
	if len(p.bundles) == 0 {
		return nil, outdated
	}
	bundle = p.bundles[0].bundle
	for _, newer := range p.bundles[1:] {
		if !bytes.Equal(newer.bundle, bundle) {
			return bundle, newer.at
		}
	}
	return bundle, outdated
}

func (p *prober) shake(address string) {
	bundle, outdated := p.trusts()
	if bundle == nil {
		return
	}
	leaf, issuer, err := handshake(address, bundle)
	p.mu.Lock()
	defer p.mu.Unlock()
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) && !outdated.IsZero() && time.Since(outdated) >= grace {
		p.late++ // the new authority has been published for longer than the grace
		return
	}
	p.handshakes++
	if err != nil {
		p.failed = append(p.failed, fmt.Errorf("%s at %s: %w", address, time.Now().Format(time.StampMilli), err))
		return
	}
	p.leaves[string(leaf.Raw)] = true
	p.issuers[string(issuer.Raw)] = true
}

// handshake connects trusting the bundle, and returns what was served and who
// signed it.
func handshake(address string, bundle []byte) (leaf, issuer *x509.Certificate, err error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	conn, err := tls.DialWithDialer(dialer, "tcp", address, &tls.Config{RootCAs: roots})
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	chain := conn.ConnectionState().VerifiedChains[0]
	return chain[0], chain[len(chain)-1], nil
}

// seen returns the numbers of authorities and leaves that were served so far.
func (p *prober) seen() (issuers, leaves int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.issuers), len(p.leaves)
}

// end stops the prober, logs its counts and fails the test if any handshake failed.
func (p *prober) end(t *testing.T) {
	t.Helper()
	p.stop()
	p.ended.Wait()
	t.Logf("%d handshakes, %d failed, %d more too slow to count; %d authorities in caBundle, %d of them served, by %d certificates",
		p.handshakes, len(p.failed), p.late, len(p.authorities), len(p.issuers), len(p.leaves))
	if p.handshakes == 0 {
		t.Error("there was no handshake that counts")
	}
	if len(p.failed) > 0 {
		t.Errorf("handshakes failed, the first: %v", p.failed[0])
	}
}
