package certs

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// FieldManager is the field manager of what this package writes.
const FieldManager = "kong-latency-certs"

// firstRetry is the delay after a first failure; it doubles up to the interval.
const firstRetry = 200 * time.Millisecond

var (
	_ manager.LeaderElectionRunnable = (*Source)(nil)
	_ healthz.Checker                = (*Source)(nil).Ready
)

// Source serves certificates from memory, and keeps them up to date while it runs.
type Source struct {
	keeper  keeper
	options Options
	log     logr.Logger
	watch   *watch // nil if nothing is watched
}

// keeper implements one mode.
type keeper interface {
	// look synchronizes once, and returns when it must be called again at the latest;
	// zero means that there is no such time.
	look(ctx context.Context) (next time.Time, err error)
	// get returns the served certificate, from memory.
	get() (*tls.Certificate, error)
	// ready returns, from memory, why a call by the API server would fail.
	ready() error
}

// NeedLeaderElection is false: every replica serves.
func (s *Source) NeedLeaderElection() bool { return false }

// GetCertificate implements tls.Config's. It fails until there is a certificate.
func (s *Source) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return s.keeper.get()
}

// Ready returns nil if the served certificate is valid and, as far as is known,
// accepted by the API server. It answers from memory.
func (s *Source) Ready(*http.Request) error { return s.keeper.ready() }

// Start keeps certificates up to date until the context ends. It never fails: errors
// are logged and retried, and the certificate in memory is served.
func (s *Source) Start(ctx context.Context) error {
	var changed <-chan struct{} // nil, which blocks, if nothing is watched
	if s.watch != nil {
		changed = s.watch.changed
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.watch.run(ctx)
		}()
		defer func() { <-done }()
	}
	retry := s.backoff()
	for ctx.Err() == nil {
		next, err := s.keeper.look(ctx)
		pause := s.options.Interval
		switch {
		case err == nil:
			retry = s.backoff()
			pause = s.pause(next)
		case ctx.Err() != nil:
		case apierrors.IsConflict(err):
			pause = retry.Step()
			s.log.V(1).Info("another replica wrote first, retrying", "in", pause.String())
		default:
			pause = retry.Step()
			s.log.Error(err, "certificates are not up to date, retrying", "in", pause.String())
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// pause returns the time until next, but at most the interval.
func (s *Source) pause(next time.Time) time.Duration {
	if next.IsZero() {
		return s.options.Interval
	}
	// A moment later, so that what is waited for has happened by then.
	return min(s.options.Interval, max(next.Sub(s.options.Clock()), 0)+10*time.Millisecond)
}

func (s *Source) backoff() wait.Backoff {
	return wait.Backoff{Duration: min(firstRetry, s.options.Interval), Factor: 2, Jitter: 0.2, Steps: 32, Cap: s.options.Interval}
}
