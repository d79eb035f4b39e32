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
	long := spec
	long.AuthorityValidity = 3 * spec.AuthorityValidity // first's has less than a third of that left
	foreign := *first
	foreign.Leaf = second.Leaf

	pending := &Pair{Authority: second.Authority, Leaf: first.Leaf, Retired: []*x509.Certificate{first.Authority.Certificate}}

	type outcome struct {
		SameAuthority, SameLeaf bool // as first's
		Retired                 int
		Stored                  bool // a reason was given
	}
	keep := outcome{SameAuthority: true, SameLeaf: true}
	tests := []struct {
		name           string
		spec           Spec
		stored, served *Pair
		settled        *Pair // whose authority is
		at             time.Time
		want           outcome
	}{
		{"good pair is kept", spec, first, nil, nil, now, keep},
		{"kept up to two thirds of its life", spec, first, nil, nil, now.Add(60 * day), keep},
		{"leaf renewed after two thirds", spec, first, nil, nil, now.Add(60*day + time.Second), outcome{SameAuthority: true, Stored: true}},
		{"expired leaf renewed", spec, first, nil, nil, now.Add(100 * day), outcome{SameAuthority: true, Stored: true}},
		{"leaf renewed for other names", otherNames, first, nil, nil, now, outcome{SameAuthority: true, Stored: true}},
		{"leaf of another authority replaced", spec, &foreign, nil, nil, now, outcome{SameAuthority: true, Stored: true}},
		{"renewal keeps retired authorities", spec, overlap, nil, nil, now.Add(61 * day), outcome{SameAuthority: true, Retired: 1, Stored: true}},
		{"other names do too", otherNames, overlap, nil, nil, now, outcome{SameAuthority: true, Retired: 1, Stored: true}},
		{"nothing stored, one served", spec, nil, first, nil, now, outcome{SameAuthority: true, SameLeaf: true, Stored: true}},
		{"nothing stored, one served that expired", spec, nil, first, nil, now.Add(901 * day), outcome{Stored: true}},
		{"new authority beside the old, whose leaf stays", long, first, nil, nil, now.Add(time.Second), outcome{SameLeaf: true, Retired: 1, Stored: true}},
		{"leaf waits for its authority", spec, pending, nil, first, now, outcome{SameLeaf: true, Retired: 1}},
		{"leaf due waits for its authority", spec, pending, nil, first, now.Add(61 * day), outcome{SameLeaf: true, Retired: 1}},
		{"leaf expired does not", spec, pending, nil, first, now.Add(91 * day), outcome{Retired: 1, Stored: true}},
		{"leaf of the new authority when that is settled", spec, pending, nil, second, now, outcome{Retired: 1, Stored: true}},
		{"authority forgotten after a leaf's life", spec, renewed(t, overlap, now.Add(61*day)), nil, nil, now.Add(90 * day), outcome{SameAuthority: true, Stored: true}},
		{"but not before", spec, renewed(t, overlap, now.Add(61*day)), nil, nil, now.Add(90*day - time.Second), outcome{SameAuthority: true, Retired: 1}},
		{"expired authority replaced and not trusted", spec, first, nil, nil, now.Add(901 * day), outcome{Stored: true}},
		{"unknown pair introduced beside the one served", spec, second, first, nil, now, outcome{SameLeaf: true, Retired: 1, Stored: true}},
		{"known pair is used", spec, overlap, second, nil, now, outcome{SameAuthority: true, SameLeaf: true, Retired: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen := Seen{Stored: tt.stored, Served: tt.served}
			if tt.settled != nil {
				seen.Settled = []*x509.Certificate{tt.settled.Authority.Certificate}
			}
			next, reason, err := tt.spec.Next(seen, tt.at)
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
			if look := tt.spec.NextLook(next, tt.at); !look.After(tt.at) || look.After(next.Authority.Certificate.NotAfter) {
				t.Errorf("NextLook() = %s, want a time after %s", look, tt.at)
			}
		})
	}
}

// renewed returns the pair with a new leaf.
func renewed(t *testing.T, pair *Pair, at time.Time) *Pair {
	t.Helper()
	next, _, err := spec.replaceLeaf(pair, at, "test")
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// From any pair, whatever is settled, Next soon returns the stored pair: otherwise
// the Secret would be written forever.
func TestNextConverges(t *testing.T) {
	pair := fresh(t, now)
	for age := time.Duration(0); age < 2000*day; age += 7 * day {
		at := now.Add(age)
		for step := 0; ; step++ {
			next, reason, err := spec.Next(Seen{Stored: pair, Served: pair, Settled: pair.trusted()}, at)
			if err != nil {
				t.Fatal(err)
			}
			if reason == "" {
				break
			}
			if step == 5 {
				t.Fatalf("after %s: still changing: %s", age, reason)
			}
			pair = next
		}
		if len(pair.Retired) > 1 {
			t.Errorf("after %s: %d retired authorities, want at most one", age, len(pair.Retired))
		}
	}
}

func TestNextRefusesImpossibleNames(t *testing.T) {
	for _, name := range []string{"", "näme.ns.svc"} {
		impossible := spec
		impossible.Names = []string{name}
		if _, _, err := impossible.Next(Seen{}, now); err == nil {
			t.Errorf("Next() with name %q gives a pair, want an error", name)
		}
	}
}
