package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/kong-latency/kong-latency/internal/metrics"
)

// serving holds the served certificate in memory. It is independent of the cluster:
// it stays until there is a better one.
type serving struct {
	leaf   atomic.Pointer[tls.Certificate]
	expiry *prometheus.GaugeVec
}

// newServing registers the metric once per process.
func newServing(registry ctrlmetrics.RegistererGatherer) (*serving, error) {
	expiry := metrics.CertificateExpiry.NewGauges()
	var known prometheus.AlreadyRegisteredError
	switch err := metrics.CertificateExpiry.Register(registry, expiry); {
	case errors.As(err, &known):
		existing, ok := known.ExistingCollector.(*prometheus.GaugeVec)
		if !ok {
			return nil, err
		}
		expiry = existing
	case err != nil:
		return nil, err
	}
	return &serving{expiry: expiry}, nil
}

// serve presents leaf from now on. The authority is nil if unknown.
func (s *serving) serve(leaf *tls.Certificate, authority *x509.Certificate) {
	s.leaf.Store(leaf)
	s.expiry.WithLabelValues("serving").Set(float64(leaf.Leaf.NotAfter.Unix()))
	if authority != nil {
		s.expiry.WithLabelValues("authority").Set(float64(authority.NotAfter.Unix()))
	}
}

// get fails until there is a certificate.
func (s *serving) get() (*tls.Certificate, error) {
	leaf := s.leaf.Load()
	if leaf == nil {
		return nil, errors.New("serve certificate: there is none yet")
	}
	return leaf, nil
}

// check returns why the served certificate is unusable at the given time.
func (s *serving) check(at time.Time, names []string) error {
	leaf, err := s.get()
	if err != nil {
		return err
	}
	if err := checkServer(leaf, at, names); err != nil {
		return fmt.Errorf("serve certificate: %w", err)
	}
	return nil
}
