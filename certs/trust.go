package certs

import (
	"crypto/x509"
	"time"
)

// trust records since when each authority has been in every caBundle. The API server
// learns of a change by its own watch, and refuses a leaf that comes before that.
type trust struct {
	since []sighting
}

type sighting struct {
	certificate *x509.Certificate
	at          time.Time
}

// observe records the caBundles at this time. An authority that is missing in one of
// them is not trusted, and starts anew when it is back.
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

// settled returns the authorities that have been trusted for the grace period.
func (t *trust) settled(at time.Time, grace time.Duration) []*x509.Certificate {
	var out []*x509.Certificate
	for _, seen := range t.since {
		if at.Sub(seen.at) >= grace {
			out = append(out, seen.certificate)
		}
	}
	return out
}

// next returns when the next authority settles; false if none is about to.
func (t *trust) next(at time.Time, grace time.Duration) (time.Time, bool) {
	var next time.Time
	for _, seen := range t.since {
		if end := seen.at.Add(grace); end.After(at) && (next.IsZero() || end.Before(next)) {
			next = end
		}
	}
	return next, !next.IsZero()
}

// inEvery returns the certificates that are in all of the bundles. A bundle that
// cannot be read counts as empty.
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
