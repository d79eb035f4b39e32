package certs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	cmv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// certificate is the shipped one, ready.
func certificate(change func(*cmv1.Certificate)) *cmv1.Certificate {
	c := &cmv1.Certificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: CertManagerCertificate},
		Spec: cmv1.CertificateSpec{
			SecretName: CertManagerSecret, DNSNames: []string{"hook.ns.svc"}, IPAddresses: []string{"127.0.0.1"},
		},
		Status: cmv1.CertificateStatus{Conditions: []cmv1.CertificateCondition{
			{Type: cmv1.CertificateConditionIssuing, Status: cmmeta.ConditionTrue},
			{Type: cmv1.CertificateConditionReady, Status: cmmeta.ConditionTrue},
		}},
	}
	if change != nil {
		change(c)
	}
	return c
}

func TestInspect(t *testing.T) {
	tests := map[string]struct {
		change func(*cmv1.Certificate)
		want   []string
	}{
		"in order": {},
		"wildcard": {change: func(c *cmv1.Certificate) { c.Spec.DNSNames = []string{"*.ns.svc"} }},
		"another secret": {change: func(c *cmv1.Certificate) { c.Spec.SecretName = "other" },
			want: []string{`spec.secretName is "other", must be "kong-latency-webhook-tls" (or --cert-secret that)`}},
		"other names": {change: func(c *cmv1.Certificate) { c.Spec.DNSNames, c.Spec.IPAddresses = []string{"*.svc"}, nil },
			want: []string{"spec.dnsNames and spec.ipAddresses do not cover 127.0.0.1, hook.ns.svc"}},
		"for clients": {change: func(c *cmv1.Certificate) { c.Spec.Usages = []cmv1.KeyUsage{cmv1.UsageClientAuth} },
			want: []string{`spec.usages lacks "server auth"`}},
		"not ready": {change: func(c *cmv1.Certificate) {
			c.Status.Conditions[1] = cmv1.CertificateCondition{Type: cmv1.CertificateConditionReady, Status: cmmeta.ConditionFalse, Reason: "DoesNotExist", Message: "Issuing certificate"}
		}, want: []string{"is not ready, cert-manager says: DoesNotExist: Issuing certificate"}},
		"new": {change: func(c *cmv1.Certificate) { c.Status = cmv1.CertificateStatus{} },
			want: []string{"cert-manager has not looked at it yet, if it runs at all"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Inspect(certificate(tt.change), CertManagerSecret, names)); diff != "" {
				t.Errorf("Inspect() (-want +got):\n%s", diff)
			}
		})
	}
}

// mapper maps no kind, or fails.
type mapper struct {
	meta.RESTMapper
	err error
}

func (m mapper) RESTMapping(schema.GroupKind, ...string) (*meta.RESTMapping, error) {
	return nil, m.err
}

func TestResolve(t *testing.T) {
	missing := &meta.NoKindMatchError{}
	for _, tt := range []struct {
		mode, want Mode
		err        error // of the mapper
	}{
		{Auto, CertManager, nil}, {Auto, SelfSigned, missing}, {Auto, "", errors.New("down")},
		{SelfSigned, SelfSigned, nil}, {CertManager, CertManager, missing}, {Files, Files, nil},
	} {
		got, err := resolve(tt.mode, mapper{err: tt.err})
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("resolve(%s) where the mapper says %v = %q, %v; want %q", tt.mode, tt.err, got, err, tt.want)
		}
	}
}

// issuer acts as cert-manager and its cainjector.
type issuer struct {
	t *testing.T
	*cluster
}

func (i issuer) secret(pair *Pair) {
	i.t.Helper()
	data, err := Encode(pair)
	if err != nil {
		i.t.Fatal(err)
	}
	delete(data, AuthorityPrivateKeyKey)
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: CertManagerSecret}, Data: data}
	if client.IgnoreNotFound(i.Delete(i.t.Context(), s)) != nil || i.Create(i.t.Context(), s) != nil {
		i.t.Fatal("cannot write the secret")
	}
}

func (i issuer) inject(bundle []byte) {
	i.t.Helper()
	var m admissionv1.MutatingWebhookConfiguration
	var v admissionv1.ValidatingWebhookConfiguration
	key := client.ObjectKey{Name: "hooks"}
	if err := errors.Join(i.Get(i.t.Context(), key, &m), i.Get(i.t.Context(), key, &v)); err != nil {
		i.t.Fatal(err)
	}
	m.Webhooks[0].ClientConfig.CABundle = bundle
	v.Webhooks[0].ClientConfig.CABundle, v.Webhooks[1].ClientConfig.CABundle = bundle, bundle
	if err := errors.Join(i.Update(i.t.Context(), &m), i.Update(i.t.Context(), &v)); err != nil {
		i.t.Fatal(err)
	}
}

func TestCertManager(t *testing.T) {
	i := issuer{t, newCluster(hooks()...)}
	at := now
	o := options
	o.Secret, o.Clock = "", func() time.Time { return at }
	if err := o.Complete(); err != nil {
		t.Fatal(err)
	}
	source, err := newSource(i.cluster, logr.Discard(), CertManager, o)
	if err != nil {
		t.Fatal(err)
	}
	ready := func(want string) {
		t.Helper()
		writes := i.writes.Load()
		if _, err := source.keeper.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i.writes.Load() != writes {
			t.Error("something is written")
		}
		err := source.Ready(nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Ready() = %v, want %q", err, want)
		}
	}
	serves := func(pair *Pair) {
		t.Helper()
		if leaf, err := source.GetCertificate(nil); err != nil || !leaf.Leaf.Equal(pair.Leaf.Leaf) {
			t.Errorf("another certificate is served (%v)", err)
		}
	}

	ready("Certificate ns/kong-latency-webhook does not exist: apply it, or run with --cert-mode=self-signed")
	if err := i.Create(t.Context(), certificate(func(c *cmv1.Certificate) { c.Status.Conditions = nil })); err != nil {
		t.Fatal(err)
	}
	ready("secret ns/kong-latency-webhook-tls does not exist")
	ready("cert-manager has not looked at it yet")
	first, second := fresh(t, now), fresh(t, now)
	i.secret(first)
	ready("caBundle of mutating webhook configuration hooks does not match")
	i.inject(first.Bundle())
	ready("")
	serves(first)

	i.secret(second)
	ready("")
	serves(first) // caBundle does not match the new one yet
	i.inject(second.Bundle())
	ready("")
	serves(second)

	wrong := spec
	wrong.Names = []string{"other.ns.svc"}
	mismatch, _, err := wrong.Next(Seen{}, now)
	if err != nil {
		t.Fatal(err)
	}
	i.secret(mismatch)
	ready("")
	serves(second)
	i.down.Store(true)
	ready("")
	serves(second)
	i.down.Store(false)
	at = now.Add(91 * day)
	ready("expired at")
}

func TestCertManagerIsNotThere(t *testing.T) {
	i := newIssued(nil, noMatch{newCluster()}, logr.Discard(), options)
	if err := i.inspect(context.Background()); err == nil || !strings.Contains(err.Error(), "cert-manager is not installed") {
		t.Errorf("inspect() = %v", err)
	}
}

// noMatch is a cluster without cert-manager's definitions.
type noMatch struct{ client.Client }

func (noMatch) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return &meta.NoKindMatchError{}
}
