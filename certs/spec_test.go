package certs

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNext(t *testing.T) {
	first, second := fresh(t, now), fresh(t, now)
	overlap := &Pair{Authority: first.Authority, Leaf: first.Leaf, Retired: []*x509.Certificate{second.Authority.Certificate}}
	otherNames := spec
	otherNames.Names = []string{"other.ns.svc"}
	foreign := *first
	foreign.Leaf = second.Leaf

	type outcome struct {
		SameAuthority, SameLeaf bool // as first's
		Retired                 int
		Stored                  bool // a reason was given
	}
	keep := outcome{SameAuthority: true, SameLeaf: true}
	tests := []struct {
		name         string
		spec         Spec
		stored, held *Pair
		at           time.Time
		want         outcome
	}{
		{"good pair is kept", spec, first, nil, now, keep},
		{"stored pair wins over the one held", spec, first, second, now, keep},
		{"kept up to two thirds of its life", spec, first, nil, now.Add(60 * day), keep},
		{"leaf renewed after two thirds", spec, first, nil, now.Add(60*day + time.Second), outcome{SameAuthority: true, Stored: true}},
		{"expired leaf renewed", spec, first, nil, now.Add(100 * day), outcome{SameAuthority: true, Stored: true}},
		{"leaf renewed for other names", otherNames, first, nil, now, outcome{SameAuthority: true, Stored: true}},
		{"leaf of another authority replaced", spec, &foreign, nil, now, outcome{SameAuthority: true, Stored: true}},
		{"renewal forgets retired authorities", spec, overlap, nil, now.Add(61 * day), outcome{SameAuthority: true, Stored: true}},
		{"other names do not", otherNames, overlap, nil, now, outcome{SameAuthority: true, Retired: 1, Stored: true}},
		{"nothing stored, one held", spec, nil, first, now, outcome{SameAuthority: true, SameLeaf: true, Stored: true}},
		{"nothing stored, one held whose leaf is due", spec, nil, first, now.Add(61 * day), outcome{SameAuthority: true, Stored: true}},
		{"nothing stored, one held that expired", spec, nil, first, now.Add(901 * day), outcome{Stored: true}},
		{"authority renewed after two thirds, old one trusted", spec, first, nil, now.Add(600*day + time.Second), outcome{Retired: 1, Stored: true}},
		{"expired authority replaced and not trusted", spec, first, nil, now.Add(901 * day), outcome{Stored: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			next, reason, err := tt.spec.Next(tt.stored, tt.held, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			got := outcome{
				SameAuthority: next.Authority.Certificate.Equal(first.Authority.Certificate),
				SameLeaf:      next.Leaf.Leaf.Equal(first.Leaf.Leaf),
				Retired:       len(next.Retired),
				Stored:        reason != "",
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Next() (-want +got), reason %q:\n%s", reason, diff)
			}
			if err := Check(next, tt.at, tt.spec.Names); err != nil {
				t.Errorf("Check(next) = %v", err)
			}
			if _, reason, err := tt.spec.Next(next, nil, tt.at); reason != "" || err != nil {
				t.Errorf("Next(next) = reason %q, error %v; want it kept", reason, err)
			}
		})
	}
}

// A client that trusts what was published before a change accepts what is
// served until it sees the new bundle, and after.
func TestNewAuthorityOverlapsOld(t *testing.T) {
	old := fresh(t, now)
	at := now.Add(550 * day)
	old, _, err := spec.Next(old, nil, at) // its leaf lives past the change
	if err != nil {
		t.Fatal(err)
	}
	at = now.Add(601 * day)
	next, _, err := spec.Next(old, nil, at)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(next.Bundle()) {
		t.Fatal("bundle holds no certificate")
	}
	for what, leaf := range map[string]*x509.Certificate{"old": old.Leaf.Leaf, "new": next.Leaf.Leaf} {
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, DNSName: names[0]}); err != nil {
			t.Errorf("%s leaf under the new bundle: %v", what, err)
		}
	}
}

func TestNextRefusesImpossibleNames(t *testing.T) {
	for _, name := range []string{"", "näme.ns.svc"} {
		impossible := spec
		impossible.Names = []string{name}
		if _, _, err := impossible.Next(nil, nil, now); err == nil {
			t.Errorf("Next() with name %q gives a pair, want an error", name)
		}
	}
}
