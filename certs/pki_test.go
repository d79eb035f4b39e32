package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const day = 24 * time.Hour

var (
	now   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	names = []string{"hook.ns.svc", "127.0.0.1"}
	spec  = Spec{Names: names, AuthorityValidity: 900 * day, LeafValidity: 90 * day}
)

// fresh returns a pair as spec requires it.
func fresh(t *testing.T, at time.Time) *Pair {
	t.Helper()
	pair, reason, err := spec.Next(Seen{}, at)
	if err != nil || reason == "" {
		t.Fatalf("Next without a pair = reason %q, error %v", reason, err)
	}
	return pair
}

func TestAuthorityAndLeaf(t *testing.T) {
	pair := fresh(t, now)
	authority, leaf := pair.Authority.Certificate, pair.Leaf.Leaf

	if !authority.IsCA || authority.MaxPathLen != 0 || !authority.MaxPathLenZero {
		t.Errorf("authority: IsCA %v, MaxPathLen %d, MaxPathLenZero %v; want an authority of leaves only",
			authority.IsCA, authority.MaxPathLen, authority.MaxPathLenZero)
	}
	if leaf.IsCA {
		t.Error("leaf is an authority")
	}
	if leaf.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("leaf: KeyUsage = %v, want digital signature only", leaf.KeyUsage)
	}
	if diff := cmp.Diff([]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, leaf.ExtKeyUsage); diff != "" {
		t.Errorf("leaf: ExtKeyUsage (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"hook.ns.svc"}, leaf.DNSNames); diff != "" {
		t.Errorf("leaf: DNSNames (-want +got):\n%s", diff)
	}
	if len(leaf.IPAddresses) != 1 || !leaf.IPAddresses[0].Equal(net.IPv4(127, 0, 0, 1)) {
		t.Errorf("leaf: IPAddresses = %v, want 127.0.0.1", leaf.IPAddresses)
	}
	for what, certificate := range map[string]*x509.Certificate{"authority": authority, "leaf": leaf} {
		if key, ok := certificate.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
			t.Errorf("%s: key is %T, want ECDSA P-256", what, certificate.PublicKey)
		}
		if want := now.Add(-Backdate); !certificate.NotBefore.Equal(want) {
			t.Errorf("%s: NotBefore = %s, want %s", what, certificate.NotBefore, want)
		}
		if certificate.SerialNumber.Sign() <= 0 || certificate.SerialNumber.BitLen() < 64 {
			t.Errorf("%s: serial number %s is not positive and random", what, certificate.SerialNumber)
		}
	}
	if want := now.Add(spec.LeafValidity); !leaf.NotAfter.Equal(want) {
		t.Errorf("leaf: NotAfter = %s, want %s", leaf.NotAfter, want)
	}
}

func TestLeafDoesNotOutliveAuthority(t *testing.T) {
	authority, err := NewAuthority(now, day)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := authority.Issue(names, now, 2*day)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := leaf.Leaf.NotAfter, authority.Certificate.NotAfter; !got.Equal(want) {
		t.Errorf("NotAfter = %s, want that of the authority, %s", got, want)
	}
}

func TestCheck(t *testing.T) {
	good, other := fresh(t, now), fresh(t, now)
	clientOnly := *good
	clientOnly.Authority = &Authority{Certificate: good.Leaf.Leaf, Key: good.Leaf.PrivateKey.(*ecdsa.PrivateKey)}

	tests := []struct {
		name  string
		pair  *Pair
		at    time.Time
		names []string
		want  string // part of the error; empty: usable
	}{
		{"usable", good, now, names, ""},
		{"usable at once on a machine that is behind", good, now.Add(-Backdate), names, ""},
		{"usable in its last second", good, now.Add(spec.LeafValidity), names, ""},
		{"fewer names required", good, now, names[:1], ""},
		{"retired authority", &Pair{Authority: other.Authority, Retired: []*x509.Certificate{good.Authority.Certificate}, Leaf: good.Leaf}, now, names, ""},
		{"none", nil, now, names, "no certificate authority"},
		{"no leaf", &Pair{Authority: good.Authority}, now, names, "no serving certificate"},
		{"too early", good, now.Add(-Backdate - time.Second), names, "certificate of the authority is not valid before 2026-03-01T11:00:00Z"},
		{"leaf expired", good, now.Add(spec.LeafValidity + time.Second), names, "serving certificate expired at 2026-05-30T12:00:00Z"},
		{"authority expired", good, now.Add(spec.AuthorityValidity + time.Second), names, "certificate of the authority expired"},
		{"other DNS name", good, now, []string{"other.ns.svc"}, "not other.ns.svc"},
		{"other IP address", good, now, []string{"127.0.0.2"}, "not 127.0.0.2"},
		{"leaf of another authority", &Pair{Authority: other.Authority, Leaf: good.Leaf}, now, names, "unknown authority"},
		{"key of another authority", &Pair{Authority: &Authority{good.Authority.Certificate, other.Authority.Key}, Leaf: good.Leaf}, now, names, "key of the authority does not belong"},
		{"authority is a leaf", &clientOnly, now, names, "is not a CA certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Check(tt.pair, tt.at, tt.names)
			if tt.want == "" && err != nil {
				t.Errorf("Check() = %v, want nil", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Check() = %v, want an error with %q", err, tt.want)
			}
		})
	}

	mixed := *good
	mixed.Leaf.PrivateKey = other.Leaf.PrivateKey
	if err := Check(&mixed, now, names); err == nil || !strings.Contains(err.Error(), "key of the serving certificate") {
		t.Errorf("Check() with another leaf's key = %v", err)
	}
}

func TestSecretRoundTrip(t *testing.T) {
	retired := fresh(t, now)
	pair := fresh(t, now)
	pair.Retired = []*x509.Certificate{retired.Authority.Certificate}

	data, err := Encode(pair)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(got, now, names); err != nil {
		t.Errorf("Check(decoded) = %v", err)
	}
	again, err := Encode(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data, again); diff != "" {
		t.Errorf("encoded again (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(pair.Bundle(), data[AuthorityCertificateKey]); diff != "" {
		t.Errorf("ca.crt is not the bundle (-bundle +ca.crt):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	encode := func() map[string][]byte {
		data, err := Encode(fresh(t, now))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	first, second := encode(), encode()
	with := func(key string, value []byte) map[string][]byte {
		data := map[string][]byte{}
		for k, v := range first {
			data[k] = v
		}
		data[key] = value
		return data
	}
	tests := []struct {
		name string
		data map[string][]byte
		want string
	}{
		{"nothing", nil, "decode tls.crt: missing or empty"},
		{"a key missing", with("ca.key", nil), "decode ca.key: missing or empty"},
		{"leaf is no PEM", with("tls.crt", []byte("x")), "decode tls.crt and tls.key: "},
		{"leaf and key of two pairs", with("tls.key", second["tls.key"]), "decode tls.crt and tls.key: "},
		{"authority is no PEM", with("ca.crt", []byte("x")), "decode ca.crt: no PEM certificate"},
		{"authority is a key", with("ca.crt", first["ca.key"]), `decode ca.crt: PEM block of type "PRIVATE KEY"`},
		{"key of authority is no PEM", with("ca.key", []byte("x")), "decode ca.key: no PEM block"},
		{"key of authority is cut off", with("ca.key", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")), "decode ca.key: "},
		{"authority and key of two pairs", with("ca.key", second["ca.key"]), "decode ca.crt: no certificate belongs to ca.key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Decode(tt.data); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("Decode() = %v, want an error that starts with %q", err, tt.want)
			}
		})
	}
}
