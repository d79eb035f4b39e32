package certs

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// readyGrace is how long after its first caBundle a new process waits before it is
// ready, so that the API server has seen it. It need not be longer: before that,
// nobody could call at all.
const readyGrace = time.Second

// selfSigned maintains self-signed certificates. The Secret is the source of truth,
// which every replica follows, leader or not.
type selfSigned struct {
	*serving
	options Options
	spec    Spec
	client  client.Client
	log     logr.Logger
	trust   trust   // used by look only
	rivalry rivalry // used by look only

	pair      atomic.Pointer[Pair] // what is served
	published atomic.Pointer[publication]
	// rival says what keeps the authority from staying in caBundle; nil if nothing does.
	rival atomic.Pointer[string]
}

// publication records that the authority of the served leaf is in every caBundle, and
// from when on the API server is assumed to know.
type publication struct{ readyFrom time.Time }

// look synchronizes Secret, caBundle and memory, in this order: a leaf is served only
// after the API server has been told to trust its authority.
//
// The webhook configurations are read before the Secret, so that the bundle written
// is never older than the one it replaces: if another replica has published a newer
// one since, the write is a conflict; if it did so before, the Secret read afterwards
// is the newer one, too.
func (s *selfSigned) look(ctx context.Context) (next time.Time, err error) {
	configurations, unread := readConfigurations(ctx, s.client, s.options.WebhookConfiguration)
	if unread == nil {
		s.trust.observe(configurations.bundles(), s.options.Clock())
	} else {
		s.trust.observe(nil, s.options.Clock()) // unknown is not trusted
	}
	pair, err := s.ensureSecret(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if Check(s.pair.Load(), s.options.Clock(), s.spec.Names) != nil {
		s.serve(pair) // nothing better is available
	}
	if apierrors.IsNotFound(unread) {
		s.published.Store(nil)
	}
	if unread != nil {
		return time.Time{}, unread
	}
	published, err := s.publish(ctx, configurations, pair)
	if err != nil {
		return time.Time{}, err
	}
	if !published {
		return s.rivalry.retry, nil
	}
	s.serve(pair)
	return s.nextLook(pair), nil
}

func (s *selfSigned) nextLook(pair *Pair) time.Time {
	at := s.options.Clock()
	next := s.spec.NextLook(pair, at)
	if settles, ok := s.trust.next(at, s.options.Grace); ok && settles.Before(next) {
		next = settles
	}
	return next
}

func (s *selfSigned) serve(pair *Pair) {
	if before := s.pair.Swap(pair); before != nil && before.Leaf.Leaf.Equal(pair.Leaf.Leaf) {
		return
	}
	s.serving.serve(&pair.Leaf, pair.Authority.Certificate)
	s.log.Info("serving certificate", "notAfter", pair.Leaf.Leaf.NotAfter, "serial", pair.Leaf.Leaf.SerialNumber.Text(16))
}

// publish brings the authorities of the pair into every caBundle. It returns false if it
// yields to something else that sets them.
func (s *selfSigned) publish(ctx context.Context, to configurations, pair *Pair) (bool, error) {
	if by := to.injector(); by != "" {
		return false, errors.New("publish caBundle: " + by + ": remove it, or run with --cert-mode=cert-manager")
	}
	if where := to.elsewhere(pair.Leaf.Leaf); where != "" {
		return false, s.yield(where + ", for which the serving certificate is not valid: it belongs to another installation; uninstall one of the two, or correct --webhook-service and --namespace")
	}
	bundle, at := pair.Bundle(), s.options.Clock()
	allowed := s.rivalry.allows(to.lacking(bundle), to.foreign(pair.trusted()), bundle, at)
	if !s.rivalry.contested() {
		s.rival.Store(nil)
	} else if by := to.rival(bundle); by != "" {
		err := s.yield(by + ": let only one installation use these webhook configurations")
		if !allowed {
			s.log.Error(err, "caBundle is contested", "next", s.rivalry.retry)
		}
	}
	if !allowed {
		return false, nil
	}
	written, err := to.publish(ctx, s.client, bundle)
	for _, kind := range written {
		s.log.Info("caBundle published", "kind", kind, "name", s.options.WebhookConfiguration)
	}
	if err != nil {
		return false, err
	}
	if len(written) > 0 {
		s.rivalry.publishes(bundle, at)
	}
	if s.published.Load() == nil {
		first := &publication{readyFrom: s.options.Clock()}
		if len(written) > 0 {
			first.readyFrom = first.readyFrom.Add(min(readyGrace, s.options.Grace))
		}
		s.published.Store(first)
	}
	return true, nil
}

// yield records why calls fail, or will in a moment, although the authority may be
// published now.
func (s *selfSigned) yield(why string) error {
	s.rival.Store(&why)
	return errors.New(why)
}

// ready returns why a call by the API server would fail.
func (s *selfSigned) ready() error {
	at := s.options.Clock()
	if err := Check(s.pair.Load(), at, s.spec.Names); err != nil {
		return fmt.Errorf("serve certificate: %w", err)
	}
	if rival := s.rival.Load(); rival != nil {
		return errors.New("serve certificate: " + *rival)
	}
	switch published := s.published.Load(); {
	case published == nil:
		return errors.New("serve certificate: its authority is not published in the webhook configurations")
	case at.Before(published.readyFrom):
		return errors.New("serve certificate: its authority was published only a moment ago")
	}
	return nil
}
