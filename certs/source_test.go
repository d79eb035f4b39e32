package certs

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestFirstStart(t *testing.T) {
	c := newCluster(hooks()...)
	r := newReplica(t, c, now)
	if _, err := r.source.GetCertificate(nil); err == nil {
		t.Error("GetCertificate() before the first sync gives no error")
	}
	if r.source.Ready(nil) == nil {
		t.Error("ready before the first sync")
	}
	r.mustSync(t)

	if got := secret(t, c).Type; got != corev1.SecretTypeTLS {
		t.Errorf("type of the secret = %s, want %s", got, corev1.SecretTypeTLS)
	}
	want := string(r.pair.Load().Bundle())
	if diff := cmp.Diff([]string{want, want, want}, bundles(t, c)); diff != "" {
		t.Errorf("caBundles (-want +got):\n%s", diff)
	}
	if err := handshake(t, want, r); err != nil {
		t.Errorf("handshake: %v", err)
	}

	before := c.writes.Load()
	r.mustSync(t)
	newReplica(t, c, now).mustSync(t)
	if got := c.writes.Load(); got != before {
		t.Errorf("%d writes though nothing changed", got-before)
	}
}

func TestReplicasAgreeOnOneAuthority(t *testing.T) {
	c := newCluster(hooks()...)
	replicas := make([]*replica, 5)
	var wg sync.WaitGroup
	for i := range replicas {
		replicas[i] = newReplica(t, c, now)
		wg.Go(func() {
			for replicas[i].sync(t.Context()) != nil && t.Context().Err() == nil {
			}
		})
	}
	wg.Wait()
	for i, r := range replicas {
		for _, bundle := range bundles(t, c) {
			if err := handshake(t, bundle, r); err != nil {
				t.Errorf("handshake with replica %d: %v", i, err)
			}
		}
	}
}

func TestRepairs(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, c client.Client)
	}{
		{"caBundle wiped", func(t *testing.T, c client.Client) {
			var config admissionv1.ValidatingWebhookConfiguration
			if err := c.Get(t.Context(), client.ObjectKey{Name: "hooks"}, &config); err != nil {
				t.Fatal(err)
			}
			config.Webhooks[1].ClientConfig.CABundle = nil
			if err := c.Update(t.Context(), &config); err != nil {
				t.Fatal(err)
			}
		}},
		{"webhooks installed anew", func(t *testing.T, c client.Client) {
			for _, object := range hooks() {
				if err := errors.Join(c.Delete(t.Context(), object), c.Create(t.Context(), object)); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{"secret deleted", func(t *testing.T, c client.Client) {
			if err := c.Delete(t.Context(), secret(t, c)); err != nil {
				t.Fatal(err)
			}
		}},
		{"secret corrupt", func(t *testing.T, c client.Client) {
			s := secret(t, c)
			s.Data["ca.key"] = []byte("x")
			if err := c.Update(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}},
		{"secret emptied", func(t *testing.T, c client.Client) {
			s := secret(t, c)
			s.Data = nil
			if err := c.Update(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(hooks()...)
			r := newReplica(t, c, now)
			r.mustSync(t)
			wantData, wantBundles := secret(t, c).Data, bundles(t, c)
			tt.spoil(t, c)
			r.mustSync(t)
			// As before: the pair in use was kept.
			if diff := cmp.Diff(wantData, secret(t, c).Data); diff != "" {
				t.Errorf("secret (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(wantBundles, bundles(t, c)); diff != "" {
				t.Errorf("caBundles (-before +after):\n%s", diff)
			}
		})
	}
}

// No handshake with either replica fails over years in which one reads the Secret
// before the other.
func TestRenewalBreaksNoHandshake(t *testing.T) {
	c := newCluster(hooks()...)
	first, second := newReplica(t, c, now), newReplica(t, c, now)
	first.mustSync(t)
	second.mustSync(t)
	seen := map[string]bool{}
	for at := now; at.Before(now.Add(2000 * day)); at = at.Add(20 * day) {
		first.at, second.at = at, at
		before := bundles(t, c)[0]
		first.mustSync(t)
		if err := handshake(t, before, second); err != nil {
			t.Fatalf("handshake at %s with the replica that has not synchronized, under the previous bundle: %v", at, err)
		}
		for _, r := range []*replica{second, first} {
			bundle := bundles(t, c)[0]
			seen[bundle] = true
			if err := errors.Join(handshake(t, bundle, first), handshake(t, bundle, second)); err != nil {
				t.Fatalf("handshake at %s: %v", at, err)
			}
			r.mustSync(t)
		}
	}
	if len(seen) < 4 {
		t.Errorf("%d bundles in 2000 days, want the authority renewed several times", len(seen))
	}
}

func TestServesOnWhenClusterIsDown(t *testing.T) {
	c := newCluster(hooks()...)
	r := newReplica(t, c, now)
	r.mustSync(t)
	c.down.Store(true)
	if r.sync(t.Context()) == nil {
		t.Fatal("sync of a cluster that is down gives no error")
	}
	if err := r.source.Ready(nil); err != nil {
		t.Errorf("Ready() = %v, want nil: what is served is valid", err)
	}
	r.at = now.Add(91 * day)
	if r.source.Ready(nil) == nil {
		t.Error("ready with an expired certificate")
	}
}

// A certificate of a new authority is served only after the authority has been
// published for the grace period.
func TestPublishesBeforeServing(t *testing.T) {
	c := newCluster(hooks()...)
	r := newReplica(t, c, now)
	r.mustSync(t)
	r.at = now.Add(550 * day)
	r.mustSync(t)
	old := r.pair.Load()
	r.at = now.Add(601 * day)
	if err := c.Delete(t.Context(), hooks()[0]); err != nil {
		t.Fatal(err)
	}
	if r.sync(t.Context()) == nil {
		t.Fatal("look without a webhook configuration returns no error")
	}
	if r.source.Ready(nil) == nil {
		t.Error("ready though a webhook configuration is missing")
	}
	if err := c.Create(t.Context(), hooks()[0]); err != nil {
		t.Fatal(err)
	}
	r.mustSync(t) // publishes
	r.mustSync(t) // sees it published
	if got := len(inEvery(asBytes(bundles(t, c)))); got != 2 {
		t.Errorf("%d authorities are published, want the old and the new one", got)
	}
	r.at = r.at.Add(options.Grace - 2*readyGrace)
	r.mustSync(t)
	if !r.pair.Load().Leaf.Leaf.Equal(old.Leaf.Leaf) {
		t.Error("new leaf is served before its authority had its grace")
	}
	r.at = r.at.Add(2 * readyGrace)
	r.mustSync(t)
	if pair := r.pair.Load(); checkChain(&pair.Leaf, []*x509.Certificate{pair.Authority.Certificate}, r.at) != nil || pair.Authority.Certificate.Equal(old.Authority.Certificate) {
		t.Error("no leaf of the new authority is served after the grace")
	}
	if got := len(r.pair.Load().Retired); got != 1 {
		t.Errorf("%d retired authorities, want 1: others may still serve a leaf of it", got)
	}
	r.at = now.Add(601 * day).Add(spec.LeafValidity / 2)
	r.mustSync(t)
	if got := len(r.pair.Load().Retired); got != 1 {
		t.Errorf("%d retired authorities within a leaf's life, want 1", got)
	}
	r.at = now.Add(601 * day).Add(spec.LeafValidity)
	r.mustSync(t) // renews
	r.mustSync(t) // forgets
	if got := len(r.pair.Load().Retired); got != 0 {
		t.Errorf("%d retired authorities after a leaf's life, want none", got)
	}
}

// A valid Secret that somebody puts in place is introduced like a new authority:
// beside the one in use.
func TestForeignPairIsIntroduced(t *testing.T) {
	c := newCluster(hooks()...)
	first, second := newReplica(t, c, now), newReplica(t, c, now)
	first.mustSync(t)
	second.mustSync(t)
	before := bundles(t, c)[0]
	foreign := fresh(t, now)
	s := secret(t, c)
	var err error
	if s.Data, err = Encode(foreign); err != nil {
		t.Fatal(err)
	}
	if err := c.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		for _, r := range []*replica{first, second} {
			r.mustSync(t)
			for _, replica := range []*replica{first, second} {
				if err := handshake(t, before, replica); err != nil {
					t.Fatalf("handshake within the grace, under the previous bundle: %v", err)
				}
			}
		}
	}
	first.at = first.at.Add(options.Grace)
	first.mustSync(t)
	second.mustSync(t)
	if !first.pair.Load().Authority.Certificate.Equal(foreign.Authority.Certificate) {
		t.Error("the foreign authority is not taken over")
	}
	for _, r := range []*replica{first, second} {
		if err := handshake(t, string(encodeCertificate(foreign.Authority.Certificate.Raw)), r); err != nil {
			t.Errorf("handshake after the grace, under the foreign authority alone: %v", err)
		}
	}
}

// With its annotation, caBundle belongs to cainjector: writing it would be a fight.
func TestInjectedBundleIsLeftAlone(t *testing.T) {
	objects := hooks()
	objects[1].SetAnnotations(map[string]string{"cert-manager.io/inject-ca-from": "ns/hook"})
	c := newCluster(objects...)
	r := newReplica(t, c, now)
	if err := r.sync(t.Context()); err == nil || !strings.Contains(err.Error(), "--cert-mode=cert-manager") {
		t.Errorf("look = %v, want an error that names the mode", err)
	}
	if r.source.Ready(nil) == nil {
		t.Error("ready though nobody trusts the served certificate")
	}
	for _, bundle := range bundles(t, c) {
		if bundle != "" {
			t.Errorf("caBundle is written: %s", bundle)
		}
	}
}

func asBytes(texts []string) [][]byte {
	var out [][]byte
	for _, text := range texts {
		out = append(out, []byte(text))
	}
	return out
}

func TestStartTriesAgain(t *testing.T) {
	g := gomega.NewWithT(t)
	c := newCluster(hooks()...)
	c.down.Store(true)
	r := newReplica(t, c, now)
	r.source.options.Interval = time.Millisecond
	r.selfSigned.options.Clock = time.Now // in which the grace passes
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.source.Start(ctx) }()

	g.Consistently(func() error { return r.source.Ready(nil) }, "50ms").Should(gomega.HaveOccurred())
	c.down.Store(false)
	g.Eventually(func() error { return r.source.Ready(nil) }, "10s").Should(gomega.Succeed())
	cancel()
	g.Eventually(done, "10s").Should(gomega.Receive(gomega.BeNil()))
}

func TestOptions(t *testing.T) {
	bad := Options{Mode: "none", AuthorityValidity: day, LeafValidity: day, Grace: day}
	err := bad.Complete()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("Complete() = %v, want all problems", err)
	}
	if got, want := len(joined.Unwrap()), 5; got != want {
		t.Errorf("Complete() reports %d problems, want all %d: %v", got, want, err)
	}
	if err := (&Options{Mode: Files, Namespace: "ns", Service: "hook", CertFile: "a"}).Complete(); err == nil || !strings.Contains(err.Error(), "both are needed") {
		t.Errorf("Complete() without a file for the key = %v", err)
	}
	good := Options{Namespace: "ns", Service: "hook", DNSNames: []string{"b", "a", "b"}}
	if err := good.Complete(); err != nil {
		t.Fatal(err)
	}
	want := Spec{Names: []string{"a", "b", "hook.ns.svc"}, AuthorityValidity: DefaultAuthorityValidity, LeafValidity: DefaultLeafValidity}
	if diff := cmp.Diff(want, good.spec()); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}
