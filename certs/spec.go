package certs

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// Spec is what a pair shall be.
type Spec struct {
	// Names are the DNS names and IP addresses that the leaf must hold.
	Names []string
	// AuthorityValidity and LeafValidity are how long new certificates live.
	// Each is renewed when a third of that is left.
	AuthorityValidity, LeafValidity time.Duration
}

// Next decides which pair holds from at on. stored is what the Secret holds and
// held what is served now; nil means none. If stored is as it shall be, it is
// returned with an empty reason. Otherwise the result is a pair to store, and
// the reason says why, as a sentence for the log.
//
// A stored pair that cannot be used is replaced by the one held, as long as
// that is usable: nothing that trusts it has to change.
func (s Spec) Next(stored, held *Pair, at time.Time) (next *Pair, reason string, err error) {
	base := stored
	if problem := checkAuthority(stored, at); problem != nil {
		if checkAuthority(held, at) != nil {
			return s.replaceAuthority(stored, at, "stored pair cannot be used: "+problem.Error())
		}
		base, reason = held, "stored pair is replaced by the one in use: "+problem.Error()
	}
	if s.authorityDue(base.Authority.Certificate, at) {
		return s.replaceAuthority(base, at, "authority is due for renewal")
	}
	if problem := checkLeaf(base, at, s.Names); problem != nil {
		return s.replaceLeaf(base, base.Retired, at, problem.Error())
	}
	if due(base.Leaf.Leaf, s.LeafValidity/3, at) {
		// The last change of authority lies most of a leaf's life back: no
		// replica serves a leaf of a retired one any more.
		return s.replaceLeaf(base, nil, at, "serving certificate is due for renewal")
	}
	return base, reason, nil
}

// authorityDue tells whether the authority is in the last third of its life or
// could not outlive a leaf that it signs now.
func (s Spec) authorityDue(certificate *x509.Certificate, at time.Time) bool {
	return due(certificate, max(s.AuthorityValidity/3, s.LeafValidity), at)
}

// due tells whether less than left remains of the certificate's life. It counts
// from the end, because NotBefore is backdated.
func due(certificate *x509.Certificate, left time.Duration, at time.Time) bool {
	return certificate.NotAfter.Sub(at) < left
}

// replaceAuthority makes a pair with a new authority. Authorities of old that
// are still valid stay trusted, so that leaves of theirs work until every
// replica serves the new one.
func (s Spec) replaceAuthority(old *Pair, at time.Time, reason string) (*Pair, string, error) {
	authority, err := NewAuthority(at, s.AuthorityValidity)
	if err != nil {
		return nil, "", fmt.Errorf("create authority: %w", err)
	}
	next := &Pair{Authority: authority}
	if old != nil && old.Authority != nil {
		next.Retired = slices.DeleteFunc(old.trusted(), func(c *x509.Certificate) bool {
			return !c.IsCA || checkTimes("", c, at) != nil
		})
	}
	return s.replaceLeaf(next, next.Retired, at, reason)
}

// replaceLeaf makes a pair with a new leaf of the same authority.
func (s Spec) replaceLeaf(old *Pair, retired []*x509.Certificate, at time.Time, reason string) (*Pair, string, error) {
	leaf, err := old.Authority.Issue(s.Names, at, s.LeafValidity)
	if err != nil {
		return nil, "", fmt.Errorf("issue serving certificate: %w", err)
	}
	next := &Pair{Authority: old.Authority, Retired: retired, Leaf: leaf}
	if err := checkLeaf(next, at, s.Names); err != nil {
		// A name that no certificate can hold. Stored, it would be replaced
		// again at every look.
		return nil, "", fmt.Errorf("issue serving certificate for %q: %w", s.Names, err)
	}
	return next, reason, nil
}
