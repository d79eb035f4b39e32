package certs

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// Spec holds the requirements on a pair.
type Spec struct {
	// Names are the DNS names and IP addresses that the leaf must cover.
	Names []string
	// AuthorityValidity and LeafValidity are the validities of new certificates.
	// Each is renewed when a third of that is left.
	AuthorityValidity, LeafValidity time.Duration
}

// Seen is the observed state.
type Seen struct {
	// Stored is the pair in the Secret, nil if there is none or it cannot be read.
	Stored *Pair
	// Served is the pair that this process serves, nil if there is none yet.
	Served *Pair
	// Settled are the authorities that have been published long enough for every API
	// server to trust them.
	Settled []*x509.Certificate
}

// Next decides which pair is to be used from at on. If the stored one meets the
// requirements, or has to wait, it is returned with an empty reason. Otherwise the
// result is a pair to store, and the reason says why, as text for the log.
//
// Replacing an authority has three steps, each with its own pair: the new authority
// is added beside the old one, which still signs the leaf; once the new one is
// settled, a leaf of it follows; and when no leaf of the old one can be valid any
// more, the old one is dropped. So the leaf in the Secret can be served at once, also
// by a process that has just started.
func (s Spec) Next(seen Seen, at time.Time) (next *Pair, reason string, err error) {
	base, reason := s.base(seen, at)
	if base == nil {
		return s.first(at, reason)
	}
	if reason != "" {
		return base, reason, nil
	}
	if problem := checkLeaf(base, at, s.Names); problem != nil {
		return s.replaceLeaf(base, at, problem.Error()) // waiting would not help
	}
	if s.authorityDue(base.Authority.Certificate, at) {
		return s.replaceAuthority(base, at)
	}
	switch issued := base.Leaf.Leaf.CheckSignatureFrom(base.Authority.Certificate) == nil; {
	case !issued && contains(seen.Settled, base.Authority.Certificate):
		return s.replaceLeaf(base, at, "new authority is trusted everywhere")
	case issued && due(base.Leaf.Leaf, s.LeafValidity/3, at):
		return s.replaceLeaf(base, at, "serving certificate is due for renewal")
	}
	if kept := s.stillNeeded(base, at); len(kept) < len(base.Retired) {
		return &Pair{Authority: base.Authority, Retired: kept, Leaf: base.Leaf}, "no certificate of a retired authority is valid any more", nil
	}
	return base, "", nil
}

// base returns the pair to continue from. A reason means that it is not the stored
// one; if no pair is usable, it is nil and the reason says what is wrong.
//
// A stored pair that cannot be used is replaced by the pair in use, as long as that
// is usable: nothing that trusts it has to change. A usable pair that is unrelated to
// the one in use was stored by somebody else. It is introduced like a new authority:
// beside the one in use.
func (s Spec) base(seen Seen, at time.Time) (base *Pair, reason string) {
	servedUsable := Check(seen.Served, at, s.Names) == nil
	problem := checkAuthority(seen.Stored, at)
	switch {
	case problem != nil && servedUsable:
		return seen.Served, "stored pair is replaced by the one in use: " + problem.Error()
	case problem != nil:
		return nil, "stored pair cannot be used: " + problem.Error()
	case servedUsable && !related(seen.Stored, seen.Served):
		return &Pair{
			Authority: seen.Stored.Authority,
			Retired:   valid(slices.Concat(seen.Stored.Retired, seen.Served.trusted()), at),
			Leaf:      seen.Served.Leaf,
		}, "stored pair is of an unknown authority, which is introduced beside the one in use"
	}
	return seen.Stored, ""
}

// NextLook returns the earliest time at which Next returns another pair if nothing
// else changes.
func (s Spec) NextLook(pair *Pair, at time.Time) time.Time {
	authority := pair.Authority.Certificate
	times := []time.Time{
		pair.Leaf.Leaf.NotAfter.Add(-s.LeafValidity / 3),
		authority.NotAfter.Add(-s.authorityMargin()),
		pair.Leaf.Leaf.NotAfter,
		authority.NotAfter,
	}
	for i := range pair.Retired {
		times = append(times, s.lastLeafEnds(pair, i))
	}
	next := authority.NotAfter
	for _, t := range times {
		if t.After(at) && t.Before(next) {
			next = t
		}
	}
	return next
}

// authorityDue reports whether the authority is in the last third of its validity or
// would expire before a leaf that it signs now.
func (s Spec) authorityDue(certificate *x509.Certificate, at time.Time) bool {
	return due(certificate, s.authorityMargin(), at)
}

func (s Spec) authorityMargin() time.Duration { return max(s.AuthorityValidity/3, s.LeafValidity) }

// due reports whether less than left remains of the certificate's validity. It counts
// from the end, because NotBefore is backdated.
func due(certificate *x509.Certificate, left time.Duration, at time.Time) bool {
	return certificate.NotAfter.Sub(at) < left
}

// stillNeeded returns the retired authorities of which a leaf may still be served: by
// this pair, or by a replica that cannot reach the API server.
func (s Spec) stillNeeded(pair *Pair, at time.Time) []*x509.Certificate {
	var out []*x509.Certificate
	for i, retired := range pair.Retired {
		signed := pair.Leaf.Leaf.CheckSignatureFrom(retired) == nil
		if signed || at.Before(s.lastLeafEnds(pair, i)) {
			out = append(out, retired)
		}
	}
	return out
}

// lastLeafEnds returns when the last leaf of pair.Retired[i] expires. It signed none
// after its successor, the previous element, was made.
func (s Spec) lastLeafEnds(pair *Pair, i int) time.Time {
	successor := pair.trusted()[i]
	end := successor.NotBefore.Add(Backdate).Add(s.LeafValidity)
	if own := pair.Retired[i].NotAfter; own.Before(end) {
		return own
	}
	return end
}

// first makes a new pair.
func (s Spec) first(at time.Time, reason string) (*Pair, string, error) {
	authority, err := NewAuthority(at, s.AuthorityValidity)
	if err != nil {
		return nil, "", fmt.Errorf("create authority: %w", err)
	}
	return s.replaceLeaf(&Pair{Authority: authority}, at, reason)
}

// replaceAuthority adds a new authority beside those of old. The leaf stays until
// the new authority is settled.
func (s Spec) replaceAuthority(old *Pair, at time.Time) (*Pair, string, error) {
	authority, err := NewAuthority(at, s.AuthorityValidity)
	if err != nil {
		return nil, "", fmt.Errorf("create authority: %w", err)
	}
	return &Pair{Authority: authority, Retired: valid(old.trusted(), at), Leaf: old.Leaf}, "authority is due for renewal", nil
}

// replaceLeaf makes a pair with a new leaf of the same authority.
func (s Spec) replaceLeaf(old *Pair, at time.Time, reason string) (*Pair, string, error) {
	leaf, err := old.Authority.Issue(s.Names, at, s.LeafValidity)
	if err != nil {
		return nil, "", fmt.Errorf("issue serving certificate: %w", err)
	}
	next := &Pair{Authority: old.Authority, Retired: old.Retired, Leaf: leaf}
	if err := checkLeaf(next, at, s.Names); err != nil {
		// A name that no certificate can cover. If stored, the pair would be replaced
		// every time.
		return nil, "", fmt.Errorf("issue serving certificate for %q: %w", s.Names, err)
	}
	return next, reason, nil
}

// related reports whether two pairs share a trusted authority.
func related(a, b *Pair) bool {
	return slices.ContainsFunc(a.trusted(), func(c *x509.Certificate) bool { return contains(b.trusted(), c) })
}

func contains(list []*x509.Certificate, certificate *x509.Certificate) bool {
	return slices.ContainsFunc(list, certificate.Equal)
}

// valid returns the certificates that are authorities and have not expired.
func valid(list []*x509.Certificate, at time.Time) []*x509.Certificate {
	return slices.DeleteFunc(slices.Clone(list), func(c *x509.Certificate) bool {
		return !c.IsCA || checkTimes("", c, at) != nil
	})
}
