package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// FieldManager owns what this package writes.
const FieldManager = "kong-latency-certs"

// firstRetry is the wait after a first failure; it doubles up to the interval.
const firstRetry = 200 * time.Millisecond

var (
	_ manager.LeaderElectionRunnable = (*Source)(nil)
	_ healthz.Checker                = (*Source)(nil).Ready
)

// Source serves certificates from memory and keeps memory, Secret and caBundle
// in step while it runs.
type Source struct {
	options Options
	spec    Spec
	client  client.Client
	log     logr.Logger

	pair      atomic.Pointer[Pair]   // what is served
	published atomic.Pointer[[]byte] // the caBundle last seen in every webhook; nil: not there
}

// Setup adds a Source to the manager. Every replica runs it, leader or not,
// because every replica serves.
func Setup(mgr manager.Manager, o Options) (*Source, error) {
	// The manager's client would answer from an informer over all Secrets of
	// the cluster, which needs rights over all of them. This one asks directly.
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("build scheme of certificates: %w", err)
	}
	direct, err := client.New(mgr.GetConfig(), client.Options{
		HTTPClient: mgr.GetHTTPClient(),
		Mapper:     mgr.GetRESTMapper(),
		Scheme:     scheme,
	})
	if err != nil {
		return nil, fmt.Errorf("create client of certificates: %w", err)
	}
	source, err := newSource(direct, mgr.GetLogger().WithName("certs"), o)
	if err != nil {
		return nil, err
	}
	if err := mgr.Add(source); err != nil {
		return nil, fmt.Errorf("add certificates to manager: %w", err)
	}
	return source, nil
}

func newSource(c client.Client, log logr.Logger, o Options) (*Source, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("check options of certificates: %w", err)
	}
	return &Source{options: o, spec: o.spec(), client: c, log: log}, nil
}

// NeedLeaderElection is false: see Setup.
func (s *Source) NeedLeaderElection() bool { return false }

// Start keeps certificates in step until the context ends. It never fails:
// errors are logged and tried again, and the pair in memory is served meanwhile.
func (s *Source) Start(ctx context.Context) error {
	retry := s.backoff()
	for ctx.Err() == nil {
		pause := s.options.Interval
		err := s.sync(ctx)
		switch {
		case err == nil:
			retry = s.backoff()
		case apierrors.IsConflict(err):
			pause = retry.Step()
			s.log.V(1).Info("another replica wrote first, trying again", "in", pause.String())
		case ctx.Err() == nil:
			pause = retry.Step()
			s.log.Error(err, "certificates are not in step, trying again", "in", pause.String())
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

func (s *Source) backoff() wait.Backoff {
	return wait.Backoff{Duration: firstRetry, Factor: 2, Jitter: 0.2, Steps: 32, Cap: s.options.Interval}
}

// sync brings Secret, caBundle and memory in step, in this order: a leaf is
// served only when the API server has been told to trust its authority.
func (s *Source) sync(ctx context.Context) error {
	pair, err := s.ensureSecret(ctx)
	if err != nil {
		return err
	}
	if Check(s.pair.Load(), s.options.Clock(), s.spec.Names) != nil {
		s.pair.Store(pair) // there is nothing better to serve
	}
	if err := s.publish(ctx, pair.Bundle()); err != nil {
		return err
	}
	s.pair.Store(pair)
	return nil
}

// GetCertificate is for tls.Config. It fails until there is a certificate.
func (s *Source) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	pair := s.pair.Load()
	if pair == nil {
		return nil, errors.New("serve certificate: there is none yet")
	}
	return &pair.Leaf, nil
}

// Ready is nil when a valid certificate is served and its authority is
// published in every webhook. It answers from memory.
func (s *Source) Ready(*http.Request) error {
	pair := s.pair.Load()
	if err := Check(pair, s.options.Clock(), s.spec.Names); err != nil {
		return fmt.Errorf("serve certificate: %w", err)
	}
	published := s.published.Load()
	if published == nil || !bytes.Equal(*published, pair.Bundle()) {
		return errors.New("serve certificate: its authority is not published in the webhook configurations")
	}
	return nil
}
