package certs

import (
	"crypto/x509"
	"time"
)

// trust remembers since when each authority has been seen in every caBundle.
// The API server hears of a change by its own watch, and a leaf that comes
// before that is refused.
type trust struct {
	since []sighting
}

type sighting struct {
	certificate *x509.Certificate
	at          time.Time
}

// observe takes what every caBundle holds at this time. An authority that is
// missing in one of them is not trusted, and starts anew when it is back.
func (t *trust) observe(bundles [][]byte, at time.Time) {
	var now []sighting
	for _, certificate := range inEvery(bundles) {
		seen := sighting{certificate: certificate, at: at}
		for _, before := range t.since {
			if before.certificate.Equal(certificate) {
				seen = before
			}
		}
		now = append(now, seen)
	}
	t.since = now
}

// settled are the authorities that have been trusted for the grace.
func (t *trust) settled(at time.Time, grace time.Duration) []*x509.Certificate {
	var out []*x509.Certificate
	for _, seen := range t.since {
		if at.Sub(seen.at) >= grace {
			out = append(out, seen.certificate)
		}
	}
	return out
}

// next is when the next authority settles; false: none is about to.
func (t *trust) next(at time.Time, grace time.Duration) (time.Time, bool) {
	var next time.Time
	for _, seen := range t.since {
		if end := seen.at.Add(grace); end.After(at) && (next.IsZero() || end.Before(next)) {
			next = end
		}
	}
	return next, !next.IsZero()
}

// inEvery returns the certificates that all of the bundles hold. A bundle that
// cannot be read holds none.
func inEvery(bundles [][]byte) []*x509.Certificate {
	var common []*x509.Certificate
	for i, bundle := range bundles {
		certificates, err := decodeCertificates(bundle)
		if err != nil {
			return nil
		}
		if i == 0 {
			common = certificates
			continue
		}
		var both []*x509.Certificate
		for _, c := range common {
			if contains(certificates, c) {
				both = append(both, c)
			}
		}
		common = both
	}
	return common
}
