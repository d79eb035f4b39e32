package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// Pair is an authority and the leaf that is served: what serving needs and the Secret
// stores.
type Pair struct {
	// Authority signs the next leaf.
	Authority *Authority
	// Retired are earlier authorities, the latest first. They stay trusted while a leaf
	// that they signed may be served; the current leaf may be one of those.
	Retired []*x509.Certificate
	// Leaf is the certificate that is served, with its key and with Leaf.Leaf set.
	Leaf tls.Certificate
}

// Bundle returns the PEM of all trusted authorities, the signing one first: the
// value of caBundle.
func (p *Pair) Bundle() []byte {
	var out bytes.Buffer
	for _, certificate := range p.trusted() {
		out.Write(encodeCertificate(certificate.Raw))
	}
	return out.Bytes()
}

func (p *Pair) trusted() []*x509.Certificate {
	return append([]*x509.Certificate{p.Authority.Certificate}, p.Retired...)
}

// Check returns why pair cannot serve names at the given time; nil if it can.
// Authority and leaf are checked: times, usages, that each key belongs to its
// certificate, that a trusted authority signed the leaf, and that the leaf
// covers every name.
func Check(pair *Pair, at time.Time, names []string) error {
	if err := checkAuthority(pair, at); err != nil {
		return err
	}
	return checkLeaf(pair, at, names)
}

func checkAuthority(pair *Pair, at time.Time) error {
	if pair == nil || pair.Authority == nil {
		return errors.New("no certificate authority")
	}
	authority := pair.Authority
	switch {
	case !authority.Certificate.BasicConstraintsValid || !authority.Certificate.IsCA:
		return errors.New("certificate of the authority is not a CA certificate")
	case authority.Certificate.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("certificate of the authority may not sign certificates")
	case !belongs(authority.Key, authority.Certificate):
		return errors.New("key of the authority does not belong to its certificate")
	}
	return checkTimes("certificate of the authority", authority.Certificate, at)
}

func checkLeaf(pair *Pair, at time.Time, names []string) error {
	if err := checkServer(&pair.Leaf, at, names); err != nil {
		return err
	}
	return checkChain(&pair.Leaf, pair.trusted(), at)
}

// checkServer checks a leaf alone: key, times and names.
func checkServer(certificate *tls.Certificate, at time.Time, names []string) error {
	leaf := certificate.Leaf
	if leaf == nil {
		return errors.New("no serving certificate")
	}
	key, ok := certificate.PrivateKey.(crypto.Signer)
	if !ok || !belongs(key, leaf) {
		return errors.New("key of the serving certificate does not belong to it")
	}
	if err := checkTimes("serving certificate", leaf, at); err != nil {
		return err
	}
	for _, name := range sorted(names) {
		if err := leaf.VerifyHostname(name); err != nil {
			return fmt.Errorf("verify serving certificate: %w", err)
		}
	}
	return nil
}

// checkChain checks that one of the roots signed the leaf for servers, possibly through
// the intermediate certificates that come with it.
func checkChain(certificate *tls.Certificate, trusted []*x509.Certificate, at time.Time) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, root := range trusted {
		roots.AddCert(root)
	}
	for _, der := range certificate.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c) // one that is not an authority is harmless
		}
	}
	if _, err := certificate.Leaf.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: between,
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}); err != nil {
		return fmt.Errorf("verify serving certificate: %w", err)
	}
	return nil
}

func checkTimes(what string, certificate *x509.Certificate, at time.Time) error {
	if at.Before(certificate.NotBefore) {
		return fmt.Errorf("%s is not valid before %s", what, certificate.NotBefore.UTC().Format(time.RFC3339))
	}
	if at.After(certificate.NotAfter) {
		return fmt.Errorf("%s expired at %s", what, certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// belongs reports whether key is the private half of the certificate's key.
func belongs(key crypto.Signer, certificate *x509.Certificate) bool {
	if key == nil {
		return false
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(certificate.PublicKey)
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: der})
}
